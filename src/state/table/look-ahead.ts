/**
 * Finds the rows of many keys before they are selected one by one. In a large table each row is a
 * miss in the processor's caches, and so much lies between two records that the processor waits for
 * one miss at a time. Here they follow each other closely, and it waits for many together: one loop
 * works out where the searches begin, one does nothing but read there, and one searches.
 *
 * What is found is a row with the same hash, mostly that of the key; `select` compares the keys. It
 * is forgotten when rows move.
 */
import { murmurHash } from '../../util/hash.ts'
import type { Buffer } from 'node:buffer'
import { isTextAt } from './key-text.ts'
import {
  type RecordLayout,
  ROW_NUMBER_KEY,
  ROW_REFERENCED,
  ROW_TEXT_KEY,
  WORD_FLAGS,
  WORD_HASH,
} from './layout.ts'
import type { RowCollections } from './row-collections.ts'
import { type Shard, SPREAD } from './shard.ts'
import type { ShardPlaces } from './shard-places.ts'
import { groupMaskOf, type TableGroup } from './table-group.ts'

/** Of more keys, the first are found. */
const KEYS_AHEAD_MAX = 512
const WORDS_PER_LINE = 16

/** The table that is searched. */
interface Searched {
  readonly places: ShardPlaces
  readonly group: TableGroup
  readonly subBits: number
  readonly stride: number
  readonly rowCount: number
}

interface Selectable {
  readonly shards: readonly Shard[]
  readonly stride: number
}

/** The table in which a row is selected. */
interface Selecting {
  readonly places: ShardPlaces
  readonly shards: readonly Shard[]
  readonly layout: RecordLayout
  shard: Shard | undefined
  words: Int32Array
  lanes: Float64Array
  at: number
}

export class LookAhead {
  /** The key that is to be selected next; those from `end` on were not looked for. */
  next = 0
  end = 0
  /** What `begin` has worked out is still so. */
  isBegun = false
  /** By key: in which shard its row would be. */
  readonly shards = new Int32Array(KEYS_AHEAD_MAX)
  /** By key: the first lane of a row with the same hash; -1 if there is none. */
  readonly lanes = new Int32Array(KEYS_AHEAD_MAX)
  /** Depends on everything that was read: without it the compiler could leave reading out. */
  seen = 0
  /** By buffer, as many as there may be keys: the words at which to read. */
  #words = new Int32Array(0)
  /** By buffer: how many these are. */
  #counts = new Int32Array(0)

  /** Looks for the rows of these hashes; they are expected to be selected in this order. */
  look(table: Searched, routeHashes: Int32Array, count: number): void {
    this.next = 0
    this.end = Math.min(count, KEYS_AHEAD_MAX)
    this.#findHomes(table, routeHashes)
    this.seen ^= this.#read(table.places)
    this.#search(table, routeHashes)
  }

  /** Works out where the rows of these hashes are searched for, in `shards` and `lanes`. */
  begin(table: Searched, routeHashes: Int32Array, count: number): void {
    this.next = this.end = Math.min(count, KEYS_AHEAD_MAX)
    this.isBegun = true
    this.#findHomes(table, routeHashes)
    if (table.rowCount >= table.group.shards.rowsAhead) this.seen ^= this.#read(table.places)
  }

  /** There is something left to be taken. */
  get isUseful(): boolean {
    return this.next < this.end
  }

  /** Selects the row that was found for the next key; false if it is not that of this one. */
  take(key: unknown, into: Selecting): boolean {
    const next = this.next++
    const at = this.lanes[next] as number // next < end
    if (at < 0) return false
    const { keyLane } = into.layout
    const index = this.shards[next] as number // a shard that the table has
    const words = into.places.words[index] as Int32Array
    const lanes = into.places.lanes[index] as Float64Array
    const flags = words[at * 2 + WORD_FLAGS] as number
    if (typeof key === 'number') {
      if (lanes[at + keyLane] !== key || (flags & ROW_NUMBER_KEY) === 0) return false
    } else {
      if (typeof key !== 'string' || (flags & ROW_TEXT_KEY) === 0) return false
      if (!isTextAt(into.places.bytes[index] as Buffer, (at + keyLane) * 8, key)) return false
    }
    words[at * 2 + WORD_FLAGS] = flags | ROW_REFERENCED
    into.shard = into.shards[index]
    into.words = words
    into.lanes = lanes
    into.at = at
    return true
  }

  /** The collections of the row that `look` has found for a key, if there is one. */
  collectionsAt(key: number, { shards, stride }: Selectable): RowCollections | undefined {
    const lane = this.lanes[key] as number // key < end
    const shard = shards[this.shards[key] as number]
    if (lane < 0 || shard === undefined) return undefined
    return shard.collections?.[(lane - shard.base) / stride]
  }

  /** Rows have moved: what lies at their places may be left over. */
  forget(): void {
    this.end = 0
    this.isBegun = false
  }

  /** Where the searches begin. */
  #findHomes({ places, group, subBits, stride }: Searched, routeHashes: Int32Array): void {
    const { maxParallelism, keyGroups } = group
    const { shards, lanes, end } = this
    const mask = groupMaskOf(group)
    for (let at = 0; at < end; at++) {
      const mixed = murmurHash(routeHashes[at] as number) // at < count
      const spread = Math.imul(mixed, SPREAD)
      const keyGroup = (mask >= 0 ? mixed & mask : mixed % maxParallelism) - keyGroups.start
      const index = (keyGroup << subBits) + (spread >>> (32 - subBits))
      shards[at] = index
      const slot = (spread << subBits) >>> (places.at[2 * index + 1] as number) // of this table
      lanes[at] = (places.at[2 * index] as number) + slot * stride
    }
  }

  /**
   * Buffer by buffer: of a loop that need not look which buffer comes next, the processor has
   * several times as many reads under way.
   */
  #read({ buffers, bufferOf }: ShardPlaces): number {
    const { shards, lanes, end } = this
    if (this.#words.length < buffers.length * KEYS_AHEAD_MAX) this.#grow(buffers.length)
    const words = this.#words
    const counts = this.#counts
    counts.fill(0)
    for (let at = 0; at < end; at++) {
      const buffer = bufferOf[shards[at] as number] as number // at < end
      const count = counts[buffer] as number
      counts[buffer] = count + 1
      words[buffer * KEYS_AHEAD_MAX + count] = (lanes[at] as number) * 2
    }
    let seen = 0
    for (let buffer = 0; buffer < buffers.length; buffer++) {
      const start = buffer * KEYS_AHEAD_MAX
      seen ^= readAt(
        buffers[buffer] as Int32Array,
        words,
        start,
        start + (counts[buffer] as number),
      )
    }
    return seen
  }

  #grow(buffers: number): void {
    this.#words = new Int32Array(2 * buffers * KEYS_AHEAD_MAX)
    this.#counts = new Int32Array(2 * buffers)
  }

  #search({ places, stride }: Searched, routeHashes: Int32Array): void {
    const { shards, lanes, end } = this
    for (let at = 0; at < end; at++) {
      const index = shards[at] as number // all of them are of shards that the table has
      const words = places.words[index] as Int32Array
      const first = places.at[2 * index] as number
      const last = first + stride * (-1 >>> (places.at[2 * index + 1] as number))
      const hash = routeHashes[at] as number
      let lane = lanes[at] as number
      while (words[lane * 2 + WORD_HASH] !== hash && words[lane * 2 + WORD_FLAGS] !== 0) {
        lane = lane === last ? first : lane + stride
      }
      lanes[at] = words[lane * 2 + WORD_FLAGS] === 0 ? -1 : lane
    }
  }
}

/** Reads at words `start` to `end` of a list; a row may go on in the next line. */
function readAt(from: Int32Array, words: Int32Array, start: number, end: number): number {
  const last = from.length - 1
  let seen = 0
  for (let index = start; index < end; index++) {
    const word = words[index] as number // below the end
    seen ^= from[word] as number
    seen ^= from[Math.min(word + WORDS_PER_LINE, last)] as number
  }
  return seen
}
