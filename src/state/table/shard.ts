/**
 * A small open-addressing table of rows, all of one key group: records and key in one slot, found
 * by linear probing, at most 80 % full, doubled when it is full and mended when a row is removed.
 * A table has hundreds of shards, so that growing one takes a fraction of a millisecond.
 *
 * Slots move when a row is added or removed; nothing outside may keep a slot over that. Indexes
 * into the arrays are below their length by construction, which is what the casts rely on.
 */
import type { Buffer } from 'node:buffer'
import { keysEqual, writeKey } from '../../types/keys.ts'
import type { ByteWriter } from '../../util/bytes.ts'
import { arrayOf } from '../../util/arrays.ts'
import { murmurHash } from '../../util/hash.ts'
import { isTextAt, putText, textAt, textCharsMax, writeTextAt } from './key-text.ts'
import type { RowCollections } from './row-collections.ts'
import { type Item, ITEM_DETACHED } from './item.ts'
import {
  ROW_NUMBER_KEY,
  ROW_TAKEN,
  ROW_TEXT_KEY,
  WORD_EPOCH,
  WORD_FLAGS,
  WORD_HASH,
} from './layout.ts'
import { LOAD_MAX, type ShardShape } from './shard-shape.ts'
import type { Place, SlotArena } from './slot-arena.ts'

const LOAD_MIN = 0.2
/** Slots are looked at in blocks of 16 when a cut searches for what has changed. */
export const BLOCK_SHIFT = 4
export const BLOCK_SLOTS: number = 1 << BLOCK_SHIFT
/** Few: a table has many shards, and what is gone stays in memory as long as it is listed. */
const CHANGES_FIRST_MAX = 8
/** Spreads the murmur hash, whose low bits chose the key group, over those that choose a slot. */
export const SPREAD = 0x9e3779b1

export class Shard {
  /** Those of other shards, too: records of this one begin at `base`. */
  words: Int32Array
  lanes: Float64Array
  /** The same once more, for keys that are texts. */
  bytes: Buffer
  base: number
  readonly stride: number
  /** Keys that do not lie in the records, by slot. */
  keys: unknown[] | undefined
  /** Values of scalar states that are no numbers, `objectsPerRow` for each slot. */
  objects: unknown[] | undefined
  collections: (RowCollections | undefined)[] | undefined
  capacity: number
  /** 32 less the bits of `capacity`. */
  shift: number
  count = 0
  /** Newest epoch in which something changed here. */
  touched = 0
  /** The same for each block of slots, of its rows' scalars; never older than they are. */
  touchedBlocks: Int32Array
  /** True if some row here may be empty. */
  isThinned = false
  /** Entries of collections that changed since the newest complete checkpoint. */
  changed: Item[] = []
  #changesMax = CHANGES_FIRST_MAX
  readonly #shape: ShardShape
  readonly #keyLane: number
  readonly #textCharsMax: number
  readonly #arena: SlotArena
  #place: Place
  #countMax: number

  /** With a capacity of 2 and no room it stands for all shards that hold nothing yet. */
  constructor(shape: ShardShape, capacity: number, arena: SlotArena) {
    const { stride, keyLane } = shape
    this.#shape = shape
    this.stride = stride
    this.#keyLane = keyLane
    this.#textCharsMax = textCharsMax(stride - keyLane)
    this.#arena = arena
    this.#place = arena.take(capacity * stride)
    const { segment, base } = this.#place
    this.words = segment.words
    this.lanes = segment.lanes
    this.bytes = segment.bytes
    this.base = base
    this.touchedBlocks = new Int32Array(Math.ceil(capacity / BLOCK_SLOTS))
    this.capacity = capacity
    this.shift = Math.clz32(capacity) + 1
    this.#countMax = Math.floor(capacity * LOAD_MAX)
  }

  /** The first lane of a slot. */
  laneOf(slot: number): number {
    return this.base + slot * this.stride
  }

  /** The scalars of a row change, for the first time in this epoch. */
  touch(slot: number, epoch: number): void {
    this.words[this.laneOf(slot) * 2 + WORD_EPOCH] = epoch
    this.touched = epoch
    this.touchedBlocks[slot >> BLOCK_SHIFT] = epoch
  }

  /** The slot of a row, or -1. `RowTable.select` has the same loop for number keys inlined. */
  find(key: unknown, routeHash: number): number {
    if (typeof key === 'string') return this.findText(key, routeHash)
    const isNumber = typeof key === 'number'
    const isObject = typeof key === 'object' && key !== null
    const { words, lanes, keys, base, stride } = this
    const mask = this.capacity - 1
    for (let slot = this.homeOf(routeHash); ; slot = (slot + 1) & mask) {
      const at = base + slot * stride
      const flags = words[at * 2 + WORD_FLAGS] as number
      if (flags === 0) return -1
      if (words[at * 2 + WORD_HASH] !== routeHash) continue
      if ((flags & ROW_NUMBER_KEY) !== 0) {
        const held = lanes[at + this.#keyLane] as number
        if (isNumber && (held === key || (held !== held && key !== key))) return slot
      } else if (!isNumber) {
        const held = keys?.[slot]
        if (held === key || (isObject && keysEqual(held, key))) return slot
      }
    }
  }

  /** As `find`. */
  findText(key: string, routeHash: number): number {
    const { words, base, stride } = this
    const bytes = this.bytes
    const mask = this.capacity - 1
    for (let slot = this.homeOf(routeHash); ; slot = (slot + 1) & mask) {
      const at = base + slot * stride
      const flags = words[at * 2 + WORD_FLAGS] as number
      if (flags === 0) return -1
      if (words[at * 2 + WORD_HASH] !== routeHash) continue
      if ((flags & ROW_TEXT_KEY) === 0) {
        if ((flags & ROW_NUMBER_KEY) === 0 && this.keys?.[slot] === key) return slot
      } else if (isTextAt(bytes, (at + this.#keyLane) * 8, key)) return slot
    }
  }

  /** Adds a row that is not there yet; its record is empty but for key, hash and `flags`. */
  add(key: unknown, routeHash: number, flags: number): number {
    if (this.isFull) this.#move(this.capacity * 2)
    const slot = this.#free(routeHash)
    const at = this.laneOf(slot)
    this.words[at * 2 + WORD_HASH] = routeHash
    if (typeof key === 'number') {
      this.words[at * 2 + WORD_FLAGS] = flags | ROW_TAKEN | ROW_NUMBER_KEY
      this.lanes[at + this.#keyLane] = key === 0 ? 0 : key // −0 is 0
    } else if (putText(this.bytes, (at + this.#keyLane) * 8, key, this.#textCharsMax)) {
      this.words[at * 2 + WORD_FLAGS] = flags | ROW_TAKEN | ROW_TEXT_KEY
    } else {
      this.words[at * 2 + WORD_FLAGS] = flags | ROW_TAKEN
      this.keys ??= arrayOf(this.capacity)
      this.keys[slot] = key
    }
    this.count++
    return slot
  }

  /** Removes the row of a slot; the rows behind it move up, so `slot` may hold another one then. */
  remove(slot: number): void {
    const mask = this.capacity - 1
    let hole = slot
    for (let next = (slot + 1) & mask; this.isTaken(next); next = (next + 1) & mask) {
      const home = this.homeOf(this.words[this.laneOf(next) * 2 + WORD_HASH] as number)
      // It may move into the hole unless its home lies between the hole and where it is.
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      this.#moveRow(next, this, hole)
      hole = next
    }
    this.lanes.fill(0, this.laneOf(hole), this.laneOf(hole + 1))
    if (this.keys !== undefined) this.keys[hole] = undefined
    if (this.collections !== undefined) this.collections[hole] = undefined
    for (let of = 0; this.objects !== undefined && of < this.#shape.objectsPerRow; of++) {
      this.objects[hole * this.#shape.objectsPerRow + of] = undefined
    }
    this.count--
  }

  /** Adds to the list of changes, which is freed of items without a collection as it grows. */
  list(item: Item): void {
    if (this.changed.length >= this.#changesMax) {
      this.changed = this.changed.filter(({ flags }) => (flags & ITEM_DETACHED) === 0)
      this.#changesMax = Math.max(CHANGES_FIRST_MAX, 2 * this.changed.length)
    }
    this.changed.push(item)
  }

  /** Grows to so many slots, a power of two, if it has fewer. */
  grow(capacity: number): void {
    if (capacity > this.capacity) this.#move(capacity)
  }

  /** Halves the shard while less than a fifth of it is taken. */
  shrink(slotsMin: number): void {
    let { capacity } = this
    while (capacity > slotsMin && this.count < capacity * LOAD_MIN) capacity /= 2
    if (capacity < this.capacity) this.#move(capacity)
  }

  /** True if adding a row will double the shard. */
  get isFull(): boolean {
    return this.count >= this.#countMax
  }

  isTaken(slot: number): boolean {
    return this.words[this.laneOf(slot) * 2 + WORD_FLAGS] !== 0
  }

  keyAt(slot: number): unknown {
    const at = this.laneOf(slot)
    const flags = this.words[at * 2 + WORD_FLAGS] as number
    if ((flags & ROW_NUMBER_KEY) !== 0) return this.lanes[at + this.#keyLane]
    if ((flags & ROW_TEXT_KEY) !== 0) return textAt(this.bytes, (at + this.#keyLane) * 8)
    return this.keys?.[slot]
  }

  /** Appends the canonical bytes of the key of a row. */
  writeKey(slot: number, out: ByteWriter): void {
    const at = this.laneOf(slot)
    const isText = ((this.words[at * 2 + WORD_FLAGS] as number) & ROW_TEXT_KEY) !== 0
    if (isText) writeTextAt(this.bytes, (at + this.#keyLane) * 8, out)
    else writeKey(this.keyAt(slot), out)
  }

  routeHashAt(slot: number): number {
    return this.words[this.laneOf(slot) * 2 + WORD_HASH] as number
  }

  /** The values beside the records, made when the first is stored. */
  objectsOrNew(): unknown[] {
    this.objects ??= arrayOf(this.capacity * this.#shape.objectsPerRow)
    return this.objects
  }

  collectionsOrNew(): (RowCollections | undefined)[] {
    this.collections ??= arrayOf(this.capacity)
    return this.collections
  }

  /** The slot in which the search for a row begins. */
  homeOf(routeHash: number): number {
    return (Math.imul(murmurHash(routeHash), SPREAD) << this.#shape.subBits) >>> this.shift
  }

  #free(routeHash: number): number {
    let slot = this.homeOf(routeHash)
    while (this.isTaken(slot)) slot = (slot + 1) & (this.capacity - 1)
    return slot
  }

  /** Takes another place, of another capacity. */
  #move(capacity: number): void {
    const moved = new Shard(this.#shape, capacity, this.#arena)
    if (this.keys !== undefined) moved.keys = arrayOf(capacity)
    if (this.objects !== undefined) moved.objectsOrNew()
    if (this.collections !== undefined) moved.collectionsOrNew()
    for (let slot = 0; slot < this.capacity; slot++) {
      const hash = this.words[this.laneOf(slot) * 2 + WORD_HASH] as number
      if (this.isTaken(slot)) this.#moveRow(slot, moved, moved.#free(hash))
    }
    this.#arena.leave(this.#place)
    this.#place = moved.#place
    this.words = moved.words
    this.base = moved.base
    this.lanes = moved.lanes
    this.bytes = moved.bytes
    this.keys = moved.keys
    this.objects = moved.objects
    this.collections = moved.collections
    this.touchedBlocks = moved.touchedBlocks
    this.capacity = moved.capacity
    this.shift = moved.shift
    this.#countMax = moved.#countMax
  }

  #moveRow(from: number, target: Shard, to: number): void {
    const [source, goal] = [2 * this.laneOf(from), 2 * target.laneOf(to)]
    for (let word = 0; word < 2 * this.stride; word++) {
      // As words, for a lane may hold a NaN whose bits a float move need not keep.
      target.words[goal + word] = this.words[source + word] as number
    }
    const epoch = this.words[source + WORD_EPOCH] as number
    const block = to >> BLOCK_SHIFT
    if ((target.touchedBlocks[block] as number) < epoch) target.touchedBlocks[block] = epoch
    if (target.keys !== undefined) target.keys[to] = this.keys?.[from]
    if (target.collections !== undefined) target.collections[to] = this.collections?.[from]
    for (let of = 0; target.objects !== undefined && of < this.#shape.objectsPerRow; of++) {
      const perRow = this.#shape.objectsPerRow
      target.objects[to * perRow + of] = this.objects?.[from * perRow + of]
    }
  }
}
