/**
 * Entries that were written under types of an older age, as they are written now: what a merge does
 * to them, so that old ages end. An entry whose value cannot be converted stays as it is: whoever
 * reads it learns why.
 */
import { isMillraceError } from '../../errors.ts'
import type { ReadValue } from '../../types/conversion.ts'
import type { Type } from '../../types/type.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Entry, OperatorStateSpec } from '../backend.ts'
import type { StateKind } from '../descriptors.ts'
import { type EntrySeal, isSealed } from '../sealed/entry-seal.ts'
import { SchemaHistory } from '../schema-history.ts'
import { operatorOfKey, SCALAR_ROW, SECTION_ROWS, SECTION_TIMERS, sectionOfKey } from './entry.ts'
import { readRowKey, readTimeKey } from './entry-key.ts'
import {
  beginField,
  EntryHeader,
  endField,
  FieldReader,
  FLAG_ANY_TOMBSTONE,
  STAMPS_FIELD,
  writeHeader,
} from './entry-value.ts'
import { readTimerPayloadBy, timerNameOf, writeTimerPayload } from './timer-payload.ts'

/** What of an operator says how its entries are to be written. */
export type RenewedOperator = Pick<OperatorStateSpec, 'record' | 'descriptors' | 'timers'>

interface Renewable {
  readonly name: string
  readonly kind: StateKind
  readonly type: Type<unknown>
}

/** The operators of one task. */
export class EntryRenewal {
  readonly #operators: ReadonlyMap<number, OperatorRenewal>
  readonly #onFailure: (error: unknown) => void

  /** `onFailure` is told why an entry stayed as it was. */
  constructor(operators: readonly RenewedOperator[], onFailure: (error: unknown) => void) {
    const changed = operators.filter(({ record }) => (record.schemaId ?? 0) > 0)
    this.#operators = new Map(changed.map((each) => [each.record.id, new OperatorRenewal(each)]))
    this.#onFailure = onFailure
  }

  /** The ages of now by operator id, of those whose types have changed. */
  get ages(): ReadonlyMap<number, number> {
    return new Map(Array.from(this.#operators, ([id, { age }]) => [id, age]))
  }

  /**
   * The entry itself if it is of its operator's age.
   *
   * @param seal opens and seals entries that are sealed
   */
  renewed(entry: Entry, seal?: EntrySeal): Entry {
    const operator = this.#operators.get(operatorOfKey(entry.key))
    if (operator === undefined || operator.isCurrent(entry)) return entry
    try {
      if (!isSealed(entry)) return operator.renewed(entry)
      return seal?.changed(entry, (plain) => operator.renewed(plain)) ?? entry
    } catch (error) {
      if (isMillraceError(error) && error.code === 'STORAGE_CORRUPT') throw error
      this.#onFailure(error)
      return entry
    }
  }
}

class OperatorRenewal {
  readonly #history: SchemaHistory
  readonly #states: ReadonlyMap<number, Renewable>
  readonly #payloads: ReadonlyMap<string, Type<unknown>>
  readonly #header = new EntryHeader()
  readonly #input = new ByteReader(new Uint8Array(0))
  readonly #out = new ByteWriter()

  constructor({ record, descriptors, timers = {} }: RenewedOperator) {
    this.#history = new SchemaHistory(record)
    const states = new Map<number, Renewable>()
    for (const { id, name, kind } of record.states) {
      const descriptor = descriptors[name]
      if (descriptor !== undefined) states.set(id, { name, kind, type: descriptor.type })
    }
    this.#states = states
    const payloads = new Map<string, Type<unknown>>()
    for (const [name, { payload }] of Object.entries(timers)) {
      if (payload !== undefined) payloads.set(name, payload)
    }
    this.#payloads = payloads
  }

  get age(): number {
    return this.#history.current
  }

  isCurrent({ value }: Entry): boolean {
    const { flags, schemaId } = this.#header.read(this.#input.reset(value))
    return schemaId === this.age || (flags & FLAG_ANY_TOMBSTONE) !== 0
  }

  /** Not to be called for what is current. */
  renewed(entry: Entry): Entry {
    const input = this.#input.reset(entry.value)
    const { flags, schemaId, stampMs } = this.#header.read(input)
    const out = this.#out
    out.reset()
    writeHeader(out, flags, this.age, stampMs)
    const section = sectionOfKey(entry.key)
    if (section === SECTION_TIMERS) this.#writeTimer(entry.key, schemaId)
    else if (section === SECTION_ROWS) this.#writeRow(entry.key, schemaId)
    else out.raw(input.raw(input.remaining))
    return { key: entry.key, value: out.copy() }
  }

  #writeTimer(key: Uint8Array, schemaId: number): void {
    const bytes = this.#input.raw(this.#input.remaining)
    const name = timerNameOf(readTimeKey(key).name)
    const type = this.#payloads.get(name)
    const isAsItWas = this.#history.storedType(schemaId, { timer: name }) === undefined
    if (type === undefined || bytes.length === 0 || isAsItWas) return this.#out.raw(bytes)
    const read = this.#history.reader(schemaId, { timer: name }, type)
    writeTimerPayload(this.#out, readTimerPayloadBy(bytes, read), type)
  }

  #writeRow(key: Uint8Array, schemaId: number): void {
    const { stateId } = readRowKey(key)
    if (stateId === SCALAR_ROW) return this.#writeScalars(schemaId)
    const [out, input] = [this.#out, this.#input]
    const state = this.#states.get(stateId)
    const read = state === undefined ? undefined : this.#readerOf(stateId, state, schemaId)
    if (state !== undefined && read !== undefined) {
      const count = state.kind === 'list' ? input.varuint() : 1
      if (state.kind === 'list') out.varuint(count)
      for (let index = 0; index < count; index++) state.type.write(read(input), out)
    }
    out.raw(input.raw(input.remaining)) // what has not changed, and stamps
  }

  #writeScalars(schemaId: number): void {
    const [out, input] = [this.#out, this.#input]
    const fields = new FieldReader(input)
    const { end } = input
    while (fields.next()) {
      const state = this.#states.get(fields.stateId)
      const isStamps = fields.stateId === STAMPS_FIELD
      const read =
        state === undefined || isStamps
          ? undefined
          : this.#readerOf(fields.stateId, state, schemaId)
      const start = beginField(out, fields.stateId)
      input.position = fields.start
      input.end = fields.end
      if (state === undefined || read === undefined) out.raw(input.raw(input.remaining))
      else state.type.write(read(input), out)
      input.end = end
      endField(out, start)
    }
  }

  /** Undefined if the bytes may stay. The elements of sets are in the keys. */
  #readerOf(
    stateId: number,
    { name, kind, type }: Renewable,
    schemaId: number,
  ): ReadValue | undefined {
    const what = { state: stateId, name }
    if (kind === 'set' || this.#history.storedType(schemaId, what) === undefined) return undefined
    return this.#history.reader(schemaId, what, type)
  }
}
