/**
 * Entries of one operator's rows and collections as bytes, and back. The layout of keys and values
 * is that of runs (`runs/entry.ts`); payloads are the declared types' own.
 */
import { MillraceError } from '../../errors.ts'
import { readKey, writeKey } from '../../types/keys.ts'
import type { Type } from '../../types/type.ts'
import type { ByteReader, ByteWriter } from '../../util/bytes.ts'
import { beginRowKey, endScalarRowKey, endStateKey } from '../runs/entry.ts'
import { SchemaHistory } from '../schema-history.ts'
import { isDroppedState, type OperatorRecord } from '../snapshot.ts'
import {
  beginField,
  EntryHeader,
  endField,
  FieldReader,
  FLAG_ELEMENT_STAMPS,
  FLAG_POINT_TOMBSTONE,
  FLAG_RANGE_TOMBSTONE,
  readChunkCount,
  readStamps,
  STAMPS_FIELD,
  writeHeader,
} from '../runs/entry-value.ts'
import { type Item, ITEM_RANGE, type ItemOwner } from './item.ts'
import type { CollectionState, RecordLayout, Scalar } from './layout.ts'
import { ABSENT, type Records } from './records.ts'
import type { Shard } from './shard.ts'
import { Stamped } from './stamped.ts'

/** A tombstone has nothing that would be of a type. */
const NO_SCHEMA = 0

export class EntryCodec {
  readonly #record: OperatorRecord
  readonly #records: Records
  readonly #scalarById: ReadonlyMap<number, Scalar>
  readonly #header = new EntryHeader()
  /** Some scalar state has a time to live. */
  readonly #isStamped: boolean
  readonly #history: SchemaHistory

  constructor(record: OperatorRecord, { scalars }: RecordLayout, records: Records) {
    this.#record = record
    this.#records = records
    this.#history = new SchemaHistory(record)
    this.#isStamped = scalars.some(({ stampLane }) => stampLane >= 0)
    this.#scalarById = new Map(scalars.map((scalar) => [scalar.stateId, scalar]))
  }

  writeRowKey(out: ByteWriter, keyGroup: number, key: unknown): void {
    beginRowKey(out, keyGroup, this.#record.id)
    writeKey(key, out)
    endScalarRowKey(out)
  }

  /** The same for the key of a row. */
  writeKeyOf(out: ByteWriter, keyGroup: number, shard: Shard, slot: number): void {
    beginRowKey(out, keyGroup, this.#record.id)
    shard.writeKey(slot, out)
    endScalarRowKey(out)
  }

  /** The value of a row; that of its tombstone if nothing is left. */
  writeRow(out: ByteWriter, shard: Shard, slot: number): void {
    const records = this.#records
    if (records.isEmpty(shard, slot)) return writeHeader(out, FLAG_POINT_TOMBSTONE, NO_SCHEMA)
    const stampMs = this.#isStamped ? records.newestStamp(shard, slot) : -1
    writeHeader(out, 0, this.#history.current, stampMs)
    for (const scalar of records.scalars) {
      const value = records.get(shard, slot, scalar)
      if (value === ABSENT) continue
      const start = beginField(out, scalar.stateId)
      scalar.type.write(value, out)
      endField(out, start)
    }
    if (stampMs < 0) return
    const start = beginField(out, STAMPS_FIELD)
    for (const scalar of records.scalars) {
      const stamp = records.stampOf(shard, slot, scalar)
      if (stamp < 0) continue
      out.varuint(scalar.stateId)
      out.varuint(stamp)
    }
    endField(out, start)
  }

  /** Fills the record of `slot` from a row's value, at which `input` stands. */
  readRow(input: ByteReader, shard: Shard, slot: number): void {
    this.#header.read(input)
    const fields = new FieldReader(input)
    const { end } = input
    while (fields.next()) {
      if (fields.stateId === STAMPS_FIELD) {
        readStamps(input, fields, (stateId, stampMs) => {
          const scalar = this.#scalarById.get(stateId)
          if (scalar !== undefined) this.#records.stamp(shard, slot, scalar, stampMs)
        })
        input.end = end
        continue
      }
      const scalar = this.#scalarById.get(fields.stateId)
      if (scalar === undefined) {
        this.#passOver(fields.stateId)
        continue
      }
      input.position = fields.start
      input.end = fields.end
      // An accumulator is the aggregate's own to change; every other value is frozen.
      const isOwn = scalar.descriptor.kind === 'aggregating'
      const value = this.#read(scalar, input)
      expectEnd(input)
      input.end = end
      this.#records.set(shard, slot, scalar, isOwn ? value : isolated(scalar.type, value))
    }
  }

  /** The beginning of the keys of all entries of a collection. */
  writeCollectionKey(out: ByteWriter, keyGroup: number, owner: ItemOwner): void {
    beginRowKey(out, keyGroup, this.#record.id)
    writeKey(owner.row.key, out)
    endStateKey(out, owner.state.stateId)
  }

  writeItemKey(out: ByteWriter, keyGroup: number, item: Item): void {
    this.writeCollectionKey(out, keyGroup, item.owner)
    if ((item.flags & ITEM_RANGE) === 0) writeUserKey(out, item.owner.state, item.key)
  }

  /** The value of an item; that of its tombstone if it is dead. */
  writeItem(out: ByteWriter, item: Item): void {
    if ((item.flags & ITEM_RANGE) !== 0) return writeHeader(out, FLAG_RANGE_TOMBSTONE, NO_SCHEMA)
    if (item.isDead) return writeHeader(out, FLAG_POINT_TOMBSTONE, NO_SCHEMA)
    const { kind, type, ttl } = item.owner.state
    if (kind === 'list') return this.#writeChunk(out, item)
    // Without time-to-live nobody keeps the stamp up to date.
    writeHeader(out, 0, this.#history.current, ttl === undefined ? -1 : item.stampMs)
    type.write(item.value, out)
  }

  #writeChunk(out: ByteWriter, { owner, value }: Item): void {
    const { type, ttl } = owner.state
    if (ttl === undefined) {
      writeHeader(out, 0, this.#history.current)
      const elements = value as readonly unknown[] // a chunk's value is its elements
      out.varuint(elements.length)
      for (const element of elements) type.write(element, out)
      return
    }
    const elements = value as readonly Stamped[] // which carry stamps with time-to-live
    const newest = elements.reduce((max, { stampMs }) => Math.max(max, stampMs), -1)
    writeHeader(out, FLAG_ELEMENT_STAMPS, this.#history.current, newest)
    out.varuint(elements.length)
    for (const element of elements) type.write(element.value, out)
    for (const { stampMs } of elements) out.varuint(stampMs < 0 ? 0 : newest - stampMs + 1)
  }

  /** The value of a map's, set's or deque's entry, at whose header `input` stands. */
  readMapValue(input: ByteReader, state: CollectionState): unknown {
    this.#header.read(input)
    const value = isolated(state.type, this.#read(state, input))
    expectEnd(input)
    return value
  }

  readChunk(input: ByteReader, state: CollectionState): unknown[] {
    const { flags, stampMs } = this.#header.read(input)
    const count = readChunkCount(input)
    const elements: unknown[] = []
    for (let index = 0; index < count; index++) {
      elements.push(isolated(state.type, this.#read(state, input)))
    }
    const isStamped = (flags & FLAG_ELEMENT_STAMPS) !== 0
    for (let index = 0; index < count; index++) {
      const age = isStamped ? input.varuint() - 1 : -1
      if (state.ttl === undefined) continue
      elements[index] = new Stamped(elements[index], age < 0 ? -1 : stampMs - age)
    }
    expectEnd(input)
    return elements
  }

  /** The stamp of the value that was read last. */
  get stampMs(): number {
    return this.#header.stampMs
  }

  /** By the type that the entry, whose header was read last, was written under. */
  #read({ stateId, name, type }: Scalar | CollectionState, input: ByteReader): unknown {
    const { schemaId } = this.#header
    if (schemaId === this.#history.current) return type.read(input)
    return this.#history.reader(schemaId, { state: stateId, name }, type)(input)
  }

  /** The values of states that were dropped stay in a row until it is written again. */
  #passOver(stateId: number): void {
    if (isDroppedState(this.#record, stateId)) return
    throw new MillraceError(
      'CHECKPOINT_INCOMPATIBLE',
      `the snapshot holds state ${stateId} of "${this.#record.uid}", which declares none`,
    )
  }
}

export function writeUserKey(out: ByteWriter, state: CollectionState, key: unknown): void {
  if (state.kind !== 'list') writeKey(key, out)
  else out.uint32BE(key as number) // a chunk's key is its number
}

/** A map's user key, frozen as the declared type freezes it. */
export function readUserKey(input: ByteReader, state: CollectionState): unknown {
  const key = readKey(input)
  return state.keyType === undefined ? key : state.keyType.isolate(key)
}

/** What a codec reads is the table's own; isolating freezes it as `update` would have. */
function isolated(type: Type<unknown>, value: unknown): unknown {
  return typeof value === 'object' ? type.isolate(value) : value
}

function expectEnd(input: ByteReader): void {
  if (input.remaining === 0) return
  throw new MillraceError('STORAGE_CORRUPT', `${input.remaining} bytes follow a value`)
}
