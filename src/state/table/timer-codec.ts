/**
 * Timers as entries of runs and as entries of the store below, and back. Below they lie in the
 * order in which they fire; those of declared timers a second time, by key and name, so that the
 * timers of a key can be listed.
 *
 *     run     as docs/internals/snapshot-format.md says
 *     below   key group · operator · 1 · domain · time · hash · name · key     →  payload
 *             key group · operator · 129 · domain · key · name · time          →  payload
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import type { TimerDescriptor, TimerSchema } from '../../time/descriptors.ts'
import { readKey, writeKey } from '../../types/keys.ts'
import type { Type } from '../../types/type.ts'
import { assert } from '../../util/assert.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import {
  beginKey,
  beginTimeKey,
  KEY_HEAD_BYTES,
  readEscaped,
  readOrderedFloat64,
  SECTION_TIMERS,
  writeEscaped,
  writeOrderedFloat64,
} from '../runs/entry.ts'
import {
  readTimerPayload,
  readTimerPayloadBy,
  timerNameOf,
  writeTimerPayload,
} from '../runs/timer-payload.ts'
import { SchemaHistory } from '../schema-history.ts'
import type { OperatorRecord } from '../snapshot.ts'

/** A section of the store below alone. */
const SECTION_NAMED = 129
const NO_NAME = Buffer.alloc(0)

/** A timer as it lies below. */
export interface ColdTimer {
  readonly time: number
  readonly routeHash: number
  readonly name: string
  readonly key: unknown
}

export class TimerCodec {
  readonly #operatorId: number
  readonly #declared: ReadonlyMap<string, TimerDescriptor>
  readonly #uid: string
  readonly #history: SchemaHistory
  readonly #input = new ByteReader(NO_NAME)

  constructor(record: OperatorRecord, declared: TimerSchema) {
    this.#operatorId = record.id
    this.#uid = record.uid
    this.#history = new SchemaHistory(record)
    this.#declared = new Map(Object.entries(declared))
  }

  /** True if the timers of a name can be listed by key. */
  isDeclared(name: string): boolean {
    return this.#declared.size > 0 && this.#declared.has(name)
  }

  spreadMsOf(name: string): number {
    return this.#declared.get(name)?.spreadMs ?? 0
  }

  get hasSpread(): boolean {
    return this.#declared.values().some(({ spreadMs }) => spreadMs > 0)
  }

  payloadType(name: string): Type<unknown> | undefined {
    return this.#declared.get(name)?.payload
  }

  writeRunKey(
    out: ByteWriter,
    keyGroup: number,
    domain: number,
    { time, key, name }: Omit<ColdTimer, 'routeHash'>,
  ): void {
    beginTimeKey(out, SECTION_TIMERS, keyGroup, this.#operatorId, domain, time)
    writeKey(key, out)
    writeEscaped(out, bytesOf(name))
  }

  /** Nothing if there is no payload. */
  writePayload(out: ByteWriter, name: string, payload: unknown): void {
    if (payload === undefined) return
    const type = this.payloadType(name)
    assert(type !== undefined, `timer "${name}" has a payload, and no type of it`)
    writeTimerPayload(out, payload, type)
  }

  /** The age of types for the headers of entries that are written now. */
  get schemaId(): number {
    return this.#history.current
  }

  /** The bytes of a payload, in an entry of that age, as they are written now. */
  currentPayload(bytes: Uint8Array, name: string, schemaId: number): Uint8Array {
    const type = this.payloadType(name)
    if (schemaId === this.schemaId || bytes.length === 0 || type === undefined) return bytes
    const read = this.#history.reader(schemaId, { timer: name }, type)
    const out = new ByteWriter()
    writeTimerPayload(out, readTimerPayloadBy(bytes, read), type)
    return out.copy()
  }

  readPayload(bytes: Uint8Array, name: string): unknown {
    if (bytes.length === 0) return undefined
    const type = this.payloadType(name)
    if (type === undefined) {
      const message = `the snapshot holds a payload of timer "${name}" of "${this.#uid}"`
      throw new MillraceError('CHECKPOINT_INCOMPATIBLE', `${message}, which declares none`)
    }
    return readTimerPayload(bytes, type)
  }

  /** What the keys of a group's timers below begin with. */
  writePrefix(out: ByteWriter, keyGroup: number, domain: number): void {
    beginKey(out, keyGroup, this.#operatorId, SECTION_TIMERS)
    out.uint8(domain)
  }

  /** What keys of timers at `time` and later begin with, or come after. */
  writeFrontier(
    out: ByteWriter,
    keyGroup: number,
    domain: number,
    time: number,
    routeHash: number,
  ): void {
    beginTimeKey(out, SECTION_TIMERS, keyGroup, this.#operatorId, domain, time)
    out.uint32BE(routeHash ^ 0x8000_0000) // so that negative ones come first
  }

  writeColdKey(out: ByteWriter, keyGroup: number, domain: number, timer: ColdTimer): void {
    this.writeFrontier(out, keyGroup, domain, timer.time, timer.routeHash)
    writeEscaped(out, bytesOf(timer.name))
    writeKey(timer.key, out)
  }

  readColdKey(bytes: Uint8Array): ColdTimer {
    const input = this.#input.reset(bytes, KEY_HEAD_BYTES + 1)
    const time = readOrderedFloat64(input)
    const routeHash = input.uint32BE() ^ 0x8000_0000
    const name = timerNameOf(readEscaped(input))
    return { time, routeHash, name, key: readKey(input) }
  }

  /** What the keys of a key's timers of a name begin with; their time follows. */
  writeNamedPrefix(
    out: ByteWriter,
    keyGroup: number,
    domain: number,
    key: unknown,
    name: string,
  ): void {
    beginKey(out, keyGroup, this.#operatorId, SECTION_NAMED)
    out.uint8(domain)
    writeKey(key, out)
    writeEscaped(out, bytesOf(name))
  }

  writeNamedKey(out: ByteWriter, keyGroup: number, domain: number, timer: ColdTimer): void {
    this.writeNamedPrefix(out, keyGroup, domain, timer.key, timer.name)
    writeOrderedFloat64(out, timer.time)
  }

  /** The time at the end of a key that begins with `prefixBytes` of prefix. */
  readNamedTime(key: Uint8Array, prefixBytes: number): number {
    return readOrderedFloat64(this.#input.reset(key, prefixBytes))
  }
}

function bytesOf(name: string): Uint8Array {
  return name === '' ? NO_NAME : Buffer.from(name, 'utf8')
}
