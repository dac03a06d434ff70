/**
 * The rows of one operator, in shards, and the one that is selected: `select` finds it with one
 * probe, and handles then work on its slot. A row comes into being with its first write and goes
 * when nothing of it is left and no run needs its tombstone.
 */
import { MillraceError } from '../../errors.ts'
import { keyIsPrimitive } from '../../types/keys.ts'
import { readIsolated } from '../../types/isolated.ts'
import type { Type } from '../../types/type.ts'
import { assert, AssertionError, required } from '../../util/assert.ts'
import { murmurHash } from '../../util/hash.ts'
import {
  type RecordLayout,
  ROW_BELOW,
  ROW_NUMBER_KEY,
  ROW_RECORDED,
  ROW_REFERENCED,
  ROW_THINNED,
  WORD_FLAGS,
} from './layout.ts'
import { LookAhead } from './look-ahead.ts'
import type { PendingCuts } from './pending-cuts.ts'
import type { Records } from './records.ts'
import { type Shard, SPREAD } from './shard.ts'
import type { RowSource } from './row-source.ts'
import { ShardMaker } from './shard-maker.ts'
import { ShardPlaces } from './shard-places.ts'
import { isLeftover, sweepRows } from './sweep.ts'
import { groupMaskOf, GROWTH_PER_LOOK, type TableGroup } from './table-group.ts'

const NO_KEY: unique symbol = Symbol('no key')

export abstract class RowFinder {
  abstract readonly cuts: PendingCuts
  readonly layout: RecordLayout
  readonly records: Records
  readonly shards: Shard[]
  readonly group: TableGroup
  readonly subBits: number
  /** Length of a record in lanes. */
  stride: number
  /** The row that is selected: its shard and first lane. No shard: the key has no row. */
  shard: Shard | undefined
  at = 0
  /** Of the selected shard, for handles: so much nearer than in it. */
  words: Int32Array
  lanes: Float64Array
  readonly places: ShardPlaces
  readonly ahead = new LookAhead()
  below: RowSource | undefined
  rowCount = 0
  readonly keyType: Type<unknown>
  readonly #maker: ShardMaker
  readonly #firstGroup: number
  readonly #maxParallelism: number
  readonly #groupMask: number
  /** The key that is selected, as it was given; its row has one of its own. */
  #key: unknown = NO_KEY
  #routeHash = 0
  /** `select` has something to do first. */
  #attention = false
  #isClosed = false

  constructor(keyType: Type<unknown>, layout: RecordLayout, records: Records, group: TableGroup) {
    this.keyType = keyType
    this.layout = layout
    this.records = records
    this.group = group
    this.stride = layout.stride
    const { start, end } = group.keyGroups
    this.#firstGroup = start
    this.#maxParallelism = group.maxParallelism
    this.#groupMask = groupMaskOf(group)
    this.subBits = Math.max(1, Math.ceil(Math.log2(group.shards.count / (end - start + 1))))
    this.#maker = new ShardMaker(layout, this.subBits)
    const { empty } = this.#maker
    this.words = empty.words
    this.lanes = empty.lanes
    const length = (end - start + 1) << this.subBits
    this.shards = Array.from({ length }, () => empty)
    this.places = new ShardPlaces(this.shards)
  }

  get currentKey(): unknown {
    this.expectKey()
    if (this.shard === undefined || keyIsPrimitive(this.#key)) return this.#ownKey()
    return readIsolated(this.keyType, this.shard.keyAt(this.slot))
  }

  get currentRouteHash(): number {
    this.expectKey()
    return this.#routeHash
  }

  get slot(): number {
    return (this.at - (this.shard?.base ?? 0)) / this.stride
  }

  select(key: unknown, routeHash: number): void {
    if (this.#attention) this.#settle()
    this.#key = key
    this.#routeHash = routeHash
    if (this.ahead.isUseful && this.ahead.take(key, this)) return
    const mixed = murmurHash(routeHash)
    const spread = Math.imul(mixed, SPREAD)
    const { subBits } = this
    const mask = this.#groupMask
    const keyGroup = mask >= 0 ? mixed & mask : mixed % this.#maxParallelism
    const group = keyGroup - this.#firstGroup
    const index = (group << subBits) + (spread >>> (32 - subBits))
    const shard = this.shards[index]
    if (shard === undefined) throw new AssertionError(`key group ${keyGroup} is not of this table`)
    // NaN equals nothing, and is found the longer way.
    if (typeof key !== 'number' || key !== key) return this.#find(shard, key, routeHash)
    const { places, stride } = this
    const { keyLane } = this.layout
    // There are as many of each as there are shards.
    const words = places.words[index] as Int32Array
    const lanes = places.lanes[index] as Float64Array
    const base = places.at[2 * index] as number
    const shift = places.at[2 * index + 1] as number
    const last = -1 >>> shift
    for (let slot = (spread << subBits) >>> shift; ; slot = (slot + 1) & last) {
      const at = base + slot * stride
      const flags = words[at * 2 + WORD_FLAGS] as number // slots are below the capacity
      if (lanes[at + keyLane] === key && (flags & ROW_NUMBER_KEY) !== 0) {
        words[at * 2 + WORD_FLAGS] = flags | ROW_REFERENCED
        this.shard = shard
        this.words = words
        this.lanes = lanes
        this.at = at
        return
      }
      if (flags === 0) return this.#missing(routeHash)
    }
  }

  /** The shard that a key of this hash lies in. */
  shardIndexOf(routeHash: number): number {
    const mixed = murmurHash(routeHash)
    const mask = this.#groupMask
    const group = (mask >= 0 ? mixed & mask : mixed % this.#maxParallelism) - this.#firstGroup
    return (group << this.subBits) + (Math.imul(mixed, SPREAD) >>> (32 - this.subBits))
  }

  deselect(): void {
    if (this.#attention && !this.#isClosed) this.#settle()
    this.shard = undefined
    this.#key = NO_KEY
  }

  /** Adds a row that is not there, and makes it current; `key` is isolated. */
  addRow(key: unknown, routeHash: number, shardIndex: number, flags: number): void {
    let shard = required(this.shards[shardIndex], 'a shard of this table')
    if (shard === this.#maker.empty) {
      shard = this.#maker.make(key, this.shards, shardIndex, this.group.shards.slots)
      this.stride = shard.stride
      this.shards[shardIndex] = shard
    }
    if (shard.isFull) this.cuts.finishRows(shard)
    if (shard.isFull && shard.isThinned) sweepRows(this, shard, 0)
    this.#key = key
    this.#routeHash = routeHash
    const slot = shard.add(key, routeHash, flags | ROW_REFERENCED)
    if (this.places.note(shardIndex, shard)) this.ahead.forget()
    this.#point(shard, slot)
    this.rowCount++
    this.countGrowth()
  }

  /** Has memory looked at after so many additions. */
  protected countGrowth(): void {
    if (++this.group.growth >= GROWTH_PER_LOOK && this.below !== undefined) this.lookAfter()
  }

  setFlags(flags: number): void {
    const { shard } = this
    if (shard === undefined) throw this.notUsable()
    const word = this.at * 2 + WORD_FLAGS
    shard.words[word] = (shard.words[word] as number) | flags // within the record
  }

  /** Removes a row other than the selected one, which may move by it. */
  removeRow(shard: Shard, slot: number): void {
    assert(this.shard !== shard || this.slot !== slot, 'the selected row is not removed')
    this.#moving(shard, () => shard.remove(slot))
    this.rowCount--
  }

  /** Gives back memory of a shard in which little is left. */
  tighten(shardIndex: number): void {
    this.#resize(shardIndex, (shard) => shard.shrink(this.group.shards.slots))
  }

  /** Makes the next `select` look after the current row and, if memory is short, make room. */
  lookAfter(): void {
    this.#attention = true
  }

  /** Makes room in a shard before rows come. */
  reserve(shardIndex: number, slots: number): void {
    this.#maker.expect(shardIndex, slots)
    this.#resize(shardIndex, (shard) => shard.grow(slots))
  }

  reset(): void {
    this.deselectAll()
    this.shards.fill(this.#maker.empty)
    for (const index of this.shards.keys()) this.places.note(index, this.#maker.empty)
    this.#maker.reset()
    this.rowCount = 0
  }

  close(): void {
    this.reset()
    this.#isClosed = true
    this.#attention = true
  }

  deselectAll(): void {
    this.ahead.forget()
    this.#attention = false
    this.shard = undefined
    this.#key = NO_KEY
  }

  /** Why there is no row to work on. */
  notUsable(): MillraceError {
    return this.#isClosed
      ? new MillraceError('STATE_CLOSED', 'keyed state was used after it was closed')
      : new MillraceError('STATE_NO_KEY', 'keyed state was used while no key is being processed')
  }

  expectOpen(): void {
    if (this.#isClosed) throw this.notUsable()
  }

  /** For reads of a key without a row: throws unless a key is selected. */
  expectKey(): void {
    if (this.#key === NO_KEY) throw this.notUsable()
  }

  #ownKey(): unknown {
    const key = this.#key
    if (keyIsPrimitive(key)) return key === 0 ? 0 : key // −0 is 0
    return this.keyType.isolate(key)
  }

  #find(shard: Shard, key: unknown, routeHash: number): void {
    const slot = shard.find(key, routeHash)
    if (slot < 0) return this.#missing(routeHash)
    this.#point(shard, slot)
    this.setFlags(ROW_REFERENCED)
  }

  #missing(routeHash: number): void {
    this.shard = undefined
    this.below?.load(this.#ownKey(), routeHash, this.shardIndexOf(routeHash))
  }

  #point(shard: Shard, slot: number): void {
    this.shard = shard
    this.words = shard.words
    this.lanes = shard.lanes
    this.at = shard.laneOf(slot)
  }

  #resize(shardIndex: number, resize: (shard: Shard) => void): void {
    const shard = required(this.shards[shardIndex], 'a shard of this table')
    if (shard === this.#maker.empty) return
    this.#moving(shard, () => resize(shard))
    this.places.note(shardIndex, shard)
  }

  /** Does what moves rows; that which is selected stays so. */
  #moving(shard: Shard, move: () => void): void {
    this.ahead.forget()
    this.cuts.finishRows(shard)
    if (this.shard !== shard) return move()
    const key = shard.keyAt(this.slot)
    move()
    this.#point(shard, shard.find(key, this.#routeHash))
  }

  /** Looks after the row that was current: if nothing of it is left, it goes at once. */
  #settle(): void {
    if (this.#isClosed) throw this.notUsable()
    this.#attention = false
    const { shard, slot } = this
    this.shard = undefined
    if (shard !== undefined) {
      const flags = shard.words[shard.laneOf(slot) * 2 + WORD_FLAGS] as number // the slot is taken
      const isNew = (flags & (ROW_THINNED | ROW_BELOW | ROW_RECORDED)) === ROW_THINNED
      if (isNew && isLeftover(this.records, shard, slot)) this.removeRow(shard, slot)
    }
    this.below?.relieve()
  }
}
