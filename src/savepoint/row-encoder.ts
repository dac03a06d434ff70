/**
 * The states of one key as entries: what `StateDecoder` reads, written. Values are checked by their
 * types. A row that is changed keeps the bytes, and with them the stamps of time-to-live, of
 * everything in it that is still the same.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../errors.ts'
import type { Entry } from '../state/backend.ts'
import { keyGroupOf } from '../state/key-groups.ts'
import { beginRowKey, compareBytes, endScalarRowKey, endStateKey } from '../state/runs/entry.ts'
import {
  EntryHeader,
  FLAG_ELEMENT_STAMPS,
  FieldReader,
  STAMPS_FIELD,
  beginField,
  endField,
  readStamps,
  writeHeader,
} from '../state/runs/entry-value.ts'
import type { OperatorRecord, StateRecord } from '../state/snapshot.ts'
import { describeKey, routeHash, writeKey } from '../types/keys.ts'
import { typeFromSchema } from '../types/schema.ts'
import type { Type } from '../types/type.ts'
import { ByteSlab } from '../util/byte-slab.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'

const CHUNK_ELEMENTS = 64

interface NewEntry extends Entry {
  /** The row of all scalar states. */
  readonly isScalars: boolean
}

interface Encodable {
  readonly record: StateRecord
  readonly type: Type<unknown>
  readonly keyType: Type<unknown> | undefined
}

export class RowEncoder {
  readonly #record: OperatorRecord
  readonly #maxParallelism: number
  readonly #keyType: Type<unknown> | undefined
  readonly #states: readonly Encodable[]
  readonly #known: ReadonlySet<string>
  /** Of the types of now. */
  readonly #age: number
  readonly #out = new ByteWriter()
  readonly #slab = new ByteSlab()

  constructor(record: OperatorRecord, maxParallelism: number) {
    const { keyType, states } = record
    this.#record = record
    this.#age = record.schemaId ?? 0
    this.#maxParallelism = maxParallelism
    this.#keyType = keyType === undefined ? undefined : typeFromSchema(keyType)
    this.#known = new Set(states.map((state) => state.name))
    this.#states = states
      .toSorted((a, b) => a.id - b.id)
      .map((state) => ({
        record: state,
        type: typeFromSchema(state.type),
        keyType: state.keyType === undefined ? undefined : typeFromSchema(state.keyType),
      }))
  }

  /**
   * The entries of a key, in key order; none if it has no state.
   *
   * @param former what it had before; parts that are equal are kept byte for byte.
   * @throws `TYPE_MISMATCH` if a value does not fit its type; `STATE_UNKNOWN` for another state.
   */
  encode(
    key: unknown,
    states: Readonly<Record<string, unknown>>,
    former: readonly Entry[] = [],
    stampMs = -1,
  ): readonly Entry[] {
    for (const name of Object.keys(states)) if (!this.#known.has(name)) throw this.#unknown(name)
    const before = new Map(former.map((entry) => [latin1(entry.key), entry]))
    const prefix = this.#prefixOf(key)
    try {
      const entries = this.#entriesOf(prefix, states)
        .map((entry) => this.#kept(entry, before.get(latin1(entry.key)), stampMs))
        .sort((a, b) => compareBytes(a.key, b.key))
      return entries
    } catch (error) {
      const what = `the states of key ${describeKey(key)} of "${this.#record.uid}"`
      throw new MillraceError('TYPE_MISMATCH', `${what} do not fit: ${String(error)}`, {
        cause: error,
      })
    }
  }

  #prefixOf(key: unknown): Uint8Array {
    const out = this.#out
    out.reset()
    const isolated = this.#keyType === undefined ? key : this.#keyType.isolate(key)
    beginRowKey(out, keyGroupOf(routeHash(isolated), this.#maxParallelism), this.#record.id)
    writeKey(isolated, out)
    return this.#slab.copyOf(out)
  }

  #entriesOf(prefix: Uint8Array, states: Readonly<Record<string, unknown>>): NewEntry[] {
    const entries: NewEntry[] = []
    const scalars = this.#scalars(states)
    if (scalars !== undefined) {
      this.#out.reset()
      this.#out.raw(prefix)
      endScalarRowKey(this.#out)
      entries.push({ key: this.#slab.copyOf(this.#out), value: scalars, isScalars: true })
    }
    for (const state of this.#states) {
      const held = states[state.record.name]
      if (held === undefined || isScalar(state.record)) continue
      for (const [userKey, payload] of itemsOf(state, held)) {
        const out = this.#out
        out.reset()
        out.raw(prefix)
        endStateKey(out, state.record.id)
        userKey(out)
        const key = this.#slab.copyOf(out)
        out.reset()
        writeHeader(out, 0, this.#age)
        payload(out)
        entries.push({ key, value: this.#slab.copyOf(out), isScalars: false })
      }
    }
    return entries
  }

  #scalars(states: Readonly<Record<string, unknown>>): Uint8Array | undefined {
    const out = this.#out
    out.reset()
    writeHeader(out, 0, this.#age)
    let count = 0
    for (const { record, type } of this.#states) {
      const value = states[record.name]
      if (!isScalar(record) || value === undefined) continue
      const start = beginField(out, record.id)
      type.write(value, out)
      endField(out, start)
      count++
    }
    return count === 0 ? undefined : this.#slab.copyOf(out)
  }

  /** The former entry if only stamps tell it apart; else the new one with its stamps. */
  #kept(entry: NewEntry, former: Entry | undefined, stampMs: number): Entry {
    if (former === undefined && stampMs === -1) return entry
    const out = this.#out
    const { schemaId } = header.read(input.reset(entry.value))
    const payload = entry.value.subarray(input.position)
    out.reset()
    if (former === undefined) {
      writeHeader(out, 0, schemaId, stampMs)
      out.raw(payload)
      return { key: entry.key, value: this.#slab.copyOf(out) }
    }
    header.read(input.reset(former.value))
    const rest = former.value.subarray(input.position)
    const isStamped = (header.flags & FLAG_ELEMENT_STAMPS) !== 0
    const same = isStamped ? rest.subarray(0, payload.length) : rest
    if (header.schemaId === schemaId && compareBytes(same, payload) === 0) return former
    const stamps = entry.isScalars ? stampsOf(former.value, input.position, this.#record) : []
    writeHeader(out, 0, schemaId, header.stampMs)
    out.raw(payload)
    if (stamps.length > 0) {
      const start = beginField(out, STAMPS_FIELD)
      for (const [stateId, stamp] of stamps) {
        out.varuint(stateId)
        out.varuint(stamp)
      }
      endField(out, start)
    }
    return { key: entry.key, value: this.#slab.copyOf(out) }
  }

  #unknown(name: string): MillraceError {
    const names = [...this.#known].join(', ')
    return new MillraceError('STATE_UNKNOWN', `"${this.#record.uid}" has no state "${name}"`, {
      cure: names === '' ? 'it has no states' : `its states are: ${names}`,
    })
  }
}

function isScalar({ kind }: StateRecord): boolean {
  return kind === 'value' || kind === 'reducing' || kind === 'aggregating' || kind === 'counter'
}

type Part = (out: ByteWriter) => void

/** The entries of a collection: what follows the prefix in their keys, and their payloads. */
function* itemsOf(
  { record, type, keyType }: Encodable,
  held: unknown,
): Generator<readonly [userKey: Part, payload: Part]> {
  const nothing = () => undefined
  switch (record.kind) {
    case 'map':
    case 'sorted-map':
      for (const [key, value] of expect(held, Map, record.name)) {
        const isolated = keyType === undefined ? key : keyType.isolate(key)
        yield [(out) => writeKey(isolated, out), (out) => type.write(value, out)]
      }
      return
    case 'set':
      for (const element of expect(held, Set, record.name)) {
        const isolated = type.isolate(element)
        yield [(out) => writeKey(isolated, out), nothing]
      }
      return
    case 'deque':
      for (const [position, element] of expect(held, Array, record.name).entries()) {
        yield [(out) => writeKey(position, out), (out) => type.write(element, out)]
      }
      return
    case 'list': {
      const list = expect(held, Array, record.name)
      for (let at = 0; at < list.length; at += CHUNK_ELEMENTS) {
        const chunk = list.slice(at, at + CHUNK_ELEMENTS)
        yield [
          (out) => out.uint32BE(at / CHUNK_ELEMENTS),
          (out) => {
            out.varuint(chunk.length)
            for (const element of chunk) type.write(element, out)
          },
        ]
      }
      return
    }
    case 'value':
    case 'reducing':
    case 'aggregating':
    case 'counter':
      return
  }
}

function expect<T>(held: unknown, kind: abstract new (...args: never) => T, name: string): T {
  if (held instanceof kind) return held
  throw new MillraceError('TYPE_MISMATCH', `state "${name}" needs a ${kind.name}`)
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

const header = new EntryHeader()
const input = new ByteReader(new Uint8Array(0))

function stampsOf(
  value: Uint8Array,
  payloadAt: number,
  { states }: OperatorRecord,
): readonly (readonly [number, number])[] {
  const stamps: [number, number][] = []
  const live = new Set(states.map((state) => state.id))
  const fields = new FieldReader(input.reset(value, payloadAt))
  while (fields.next()) {
    if (fields.stateId !== STAMPS_FIELD) continue
    readStamps(input, fields, (stateId, stampMs) => {
      if (live.has(stateId)) stamps.push([stateId, stampMs])
    })
    break
  }
  return stamps
}
