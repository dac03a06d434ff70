/** The timers of one operator as values, decoded by the schemas that the snapshot carries. */
import { Buffer } from 'node:buffer'
import { typeFromSchema } from '../../types/schema.ts'
import type { Type } from '../../types/type.ts'
import { ByteReader } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { beforeDeclared, ownType, SchemaHistory } from '../schema-history.ts'
import type { OperatorRecord } from '../snapshot.ts'
import { startsWith } from './entry.ts'
import { readTimeKey, type TimeKey } from './entry-key.ts'
import { EntryHeader } from './entry-value.ts'
import type { DeclaredTypes } from './state-decoder.ts'
import { readTimerPayloadBy, timerNameOf } from './timer-payload.ts'

export interface TimerEntry extends TimeKey {
  /** What the timer carries: undefined if nothing, bytes if the snapshot has no schema of it. */
  readonly payload: unknown
}

const MARK_NAME = Buffer.from('\0ttl ')

export class TimerDecoder {
  readonly #payloads = new Map<string, Type<unknown>>()
  readonly #history: SchemaHistory
  readonly #header = new EntryHeader()
  readonly #input = new ByteReader(new Uint8Array(0))

  /** Payloads are as `declared` has them, by name, or as the snapshot does. */
  constructor(operator: OperatorRecord, declared?: DeclaredTypes) {
    for (const { name, payload } of operator.timers ?? []) {
      if (payload === undefined) continue
      this.#payloads.set(name, ownType(declared, name) ?? typeFromSchema(payload))
    }
    const isWithoutCode = declared === undefined
    const record = beforeDeclared(operator, undefined, declared)
    this.#history = new SchemaHistory(record, { isWithoutCode })
  }

  /** Undefined for the marks of time-to-live, which nobody set. Throws `STORAGE_CORRUPT`. */
  decode({ key, value }: Entry): TimerEntry | undefined {
    const timer = readTimeKey(key)
    if (startsWith(timer.name, MARK_NAME)) return undefined
    const input = this.#input.reset(value)
    const { schemaId } = this.#header.read(input)
    const bytes = input.raw(input.remaining)
    if (bytes.length === 0) return { ...timer, payload: undefined }
    const name = timerNameOf(timer.name)
    const type = this.#payloads.get(name)
    if (type === undefined) return { ...timer, payload: bytes }
    const read = this.#history.reader(schemaId, { timer: name }, type)
    return { ...timer, payload: readTimerPayloadBy(bytes, read) }
  }
}
