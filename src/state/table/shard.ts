/**
 * A small open-addressing table of rows, all of one key group: records and key in one slot, found
 * by linear probing, at most 60 % full, doubled when it is full and mended when a row is removed.
 * A table has hundreds of shards, so that growing one takes a fraction of a millisecond.
 *
 * Slots move when a row is added or removed; nothing outside may keep a slot over that. Indexes
 * into the arrays are below their length by construction, which is what the casts rely on.
 */
import { keysEqual } from '../../types/keys.ts'
import { murmurHash } from '../../util/hash.ts'
import type { RowCollections } from './row-collections.ts'
import { type Item, ITEM_DETACHED } from './item.ts'
import { LANE_KEY, ROW_NUMBER_KEY, ROW_TAKEN, WORD_EPOCH, WORD_FLAGS, WORD_HASH } from './layout.ts'

const LOAD_MAX = 0.6
/** Slots are looked at in blocks of 16 when a cut searches for what has changed. */
export const BLOCK_SLOTS = 16
const BLOCK_SHIFT = 4
const CHANGES_FIRST_MAX = 64
/** Spreads the murmur hash, whose low bits chose the key group, over those that choose a slot. */
export const SPREAD = 0x9e3779b1

export class Shard {
  words: Int32Array
  lanes: Float64Array
  /** Keys that are no numbers, by slot. */
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
  readonly #stride: number
  readonly #objectsPerRow: number
  readonly #subBits: number
  #countMax: number

  /** With a capacity of 2 and no room it stands for all shards that hold nothing yet. */
  constructor(stride: number, objectsPerRow: number, subBits: number, capacity: number) {
    this.#stride = stride
    this.#objectsPerRow = objectsPerRow
    this.#subBits = subBits
    const buffer = new ArrayBuffer(capacity * stride * 8)
    this.words = new Int32Array(buffer)
    this.lanes = new Float64Array(buffer)
    this.touchedBlocks = new Int32Array(Math.ceil(capacity / BLOCK_SLOTS))
    this.capacity = capacity
    this.shift = Math.clz32(capacity) + 1
    this.#countMax = Math.floor(capacity * LOAD_MAX)
  }

  /** The scalars of a row change, for the first time in this epoch. */
  touch(slot: number, epoch: number): void {
    this.words[slot * this.#stride * 2 + WORD_EPOCH] = epoch
    this.touched = epoch
    this.touchedBlocks[slot >> BLOCK_SHIFT] = epoch
  }

  /** The slot of a row, or -1. `RowTable.select` has the same loop for number keys inlined. */
  find(key: unknown, routeHash: number): number {
    const isNumber = typeof key === 'number'
    const isObject = typeof key === 'object' && key !== null
    const { words, lanes, keys } = this
    const stride = this.#stride
    const mask = this.capacity - 1
    for (let slot = this.homeOf(routeHash); ; slot = (slot + 1) & mask) {
      const word = slot * stride * 2
      const flags = words[word + WORD_FLAGS] as number
      if (flags === 0) return -1
      if (words[word + WORD_HASH] !== routeHash) continue
      if ((flags & ROW_NUMBER_KEY) !== 0) {
        const held = lanes[slot * stride + LANE_KEY] as number
        if (isNumber && (held === key || (held !== held && key !== key))) return slot
      } else if (!isNumber) {
        const held = keys?.[slot]
        if (held === key || (isObject && keysEqual(held, key))) return slot
      }
    }
  }

  /** The first slot with this hash, most likely that of the row; -1 if there is none. */
  slotOfHash(routeHash: number): number {
    const { words } = this
    const stride = this.#stride
    const mask = this.capacity - 1
    for (let slot = this.homeOf(routeHash); ; slot = (slot + 1) & mask) {
      const word = slot * stride * 2
      if (words[word + WORD_FLAGS] === 0) return -1
      if (words[word + WORD_HASH] === routeHash) return slot
    }
  }

  /** Adds a row that is not there yet; its record is empty but for key, hash and `flags`. */
  add(key: unknown, routeHash: number, flags: number): number {
    if (this.isFull) this.#grow()
    const slot = this.#free(routeHash)
    const at = slot * this.#stride
    this.words[at * 2 + WORD_HASH] = routeHash
    if (typeof key === 'number') {
      this.words[at * 2 + WORD_FLAGS] = flags | ROW_TAKEN | ROW_NUMBER_KEY
      this.lanes[at + LANE_KEY] = key === 0 ? 0 : key // −0 is 0
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
    const stride = this.#stride
    const mask = this.capacity - 1
    let hole = slot
    for (let next = (slot + 1) & mask; this.isTaken(next); next = (next + 1) & mask) {
      const home = this.homeOf(this.words[next * stride * 2 + WORD_HASH] as number)
      // It may move into the hole unless its home lies between the hole and where it is.
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      this.#move(next, this, hole)
      hole = next
    }
    this.lanes.fill(0, hole * stride, (hole + 1) * stride)
    if (this.keys !== undefined) this.keys[hole] = undefined
    if (this.collections !== undefined) this.collections[hole] = undefined
    for (let of = 0; this.objects !== undefined && of < this.#objectsPerRow; of++) {
      this.objects[hole * this.#objectsPerRow + of] = undefined
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

  /** True if adding a row will double the shard. */
  get isFull(): boolean {
    return this.count >= this.#countMax
  }

  isTaken(slot: number): boolean {
    return this.words[slot * this.#stride * 2 + WORD_FLAGS] !== 0
  }

  keyAt(slot: number): unknown {
    const at = slot * this.#stride
    const flags = this.words[at * 2 + WORD_FLAGS] as number
    return (flags & ROW_NUMBER_KEY) === 0 ? this.keys?.[slot] : this.lanes[at + LANE_KEY]
  }

  routeHashAt(slot: number): number {
    return this.words[slot * this.#stride * 2 + WORD_HASH] as number
  }

  /** The values beside the records, made when the first is stored. */
  objectsOrNew(): unknown[] {
    this.objects ??= arrayOf(this.capacity * this.#objectsPerRow)
    return this.objects
  }

  collectionsOrNew(): (RowCollections | undefined)[] {
    this.collections ??= arrayOf(this.capacity)
    return this.collections
  }

  /** The slot in which the search for a row begins. */
  homeOf(routeHash: number): number {
    return (Math.imul(murmurHash(routeHash), SPREAD) << this.#subBits) >>> this.shift
  }

  #free(routeHash: number): number {
    let slot = this.homeOf(routeHash)
    while (this.isTaken(slot)) slot = (slot + 1) & (this.capacity - 1)
    return slot
  }

  #grow(): void {
    const stride = this.#stride
    const grown = new Shard(stride, this.#objectsPerRow, this.#subBits, this.capacity * 2)
    if (this.keys !== undefined) grown.keys = arrayOf(grown.capacity)
    if (this.objects !== undefined) grown.objectsOrNew()
    if (this.collections !== undefined) grown.collectionsOrNew()
    for (let slot = 0; slot < this.capacity; slot++) {
      const hash = this.words[slot * stride * 2 + WORD_HASH] as number
      if (this.isTaken(slot)) this.#move(slot, grown, grown.#free(hash))
    }
    this.words = grown.words
    this.lanes = grown.lanes
    this.keys = grown.keys
    this.objects = grown.objects
    this.collections = grown.collections
    this.touchedBlocks = grown.touchedBlocks
    this.capacity = grown.capacity
    this.shift = grown.shift
    this.#countMax = grown.#countMax
  }

  #move(from: number, target: Shard, to: number): void {
    const stride = this.#stride
    for (let lane = 0; lane < stride; lane++) {
      // As words, for a lane may hold a NaN whose bits a float move need not keep.
      const [source, goal] = [2 * (from * stride + lane), 2 * (to * stride + lane)]
      target.words[goal] = this.words[source] as number
      target.words[goal + 1] = this.words[source + 1] as number
    }
    const epoch = this.words[2 * from * stride + WORD_EPOCH] as number
    const block = to >> BLOCK_SHIFT
    if ((target.touchedBlocks[block] as number) < epoch) target.touchedBlocks[block] = epoch
    if (target.keys !== undefined) target.keys[to] = this.keys?.[from]
    if (target.collections !== undefined) target.collections[to] = this.collections?.[from]
    for (let of = 0; target.objects !== undefined && of < this.#objectsPerRow; of++) {
      const perRow = this.#objectsPerRow
      target.objects[to * perRow + of] = this.objects?.[from * perRow + of]
    }
  }
}

/** An array with room for `length` elements at once. */
function arrayOf<T>(length: number): (T | undefined)[] {
  // oxlint-disable-next-line unicorn/no-new-array -- growing it by element would copy it many times
  return new Array<T | undefined>(length)
}
