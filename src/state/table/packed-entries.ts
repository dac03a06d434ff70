/**
 * The entries of one map with numbers as keys, outside of the JavaScript heap: epoch, mark, key and
 * value of an entry lie beside each other, found by linear probing with mostly one miss of the
 * processor's caches. At most three quarters of the places are taken; the room is taken from an
 * arena, doubled when it is full, halved when little is left and given back with the last entry.
 *
 *     word 0  epoch of the last change; 0 if never since it was loaded
 *     word 1  mark: order of arrival, and flags; 0 for a free place
 *     lane 1  key        lane 2  value, of maps
 *
 * Places are named by their first lane. They move when an entry is added or removed. Indexes into
 * the arrays are within the room by construction, which is what the casts rely on.
 */
import { murmurHash } from '../../util/hash.ts'
import { ascending } from '../../util/ascending.ts'
import type { Place, SlotArena } from './slot-arena.ts'

/** It was deleted; kept until no run needs the tombstone. */
export const ENTRY_DEAD = 1
/** An earlier run may hold it. */
export const ENTRY_BELOW = 2
const FLAG_BITS = 2
export const ENTRY_EPOCH = 0
export const ENTRY_MARK = 1
const ENTRY_KEY = 1
export const ENTRY_VALUE = 2
const CAPACITY_MIN = 4
const SERIALS_MAX = 1 << (30 - FLAG_BITS)
/** More than there are ever places. */
const PLACES_MAX = 2 ** 24

const NO_WORDS = new Int32Array(2)
const NO_LANES = new Float64Array(2)
const double = new Float64Array(1)
const halves = new Int32Array(double.buffer)

export class PackedEntries {
  words: Int32Array = NO_WORDS
  lanes: Float64Array = NO_LANES
  count = 0
  /** Order of arrival of the newest entry. */
  serial = 0
  #base = 0
  /** In places; a power of two, but 0 without room. */
  #capacity = 0
  #place: Place | undefined
  readonly #stride: number
  readonly #arena: SlotArena
  readonly #serialsMax: number

  /** @param serialsMax entries are numbered anew after so many arrivals. */
  constructor(arena: SlotArena, hasValues: boolean, serialsMax = SERIALS_MAX) {
    this.#arena = arena
    this.#stride = hasValues ? ENTRY_VALUE + 1 : ENTRY_KEY + 1
    this.#serialsMax = serialsMax
  }

  /** Lanes of room that it has. */
  get room(): number {
    return this.#capacity * this.#stride
  }

  /** The entry of a key; -1 if there is none. */
  find(key: number): number {
    if (this.count === 0) return -1
    if (key !== key) return this.#findNaN()
    const { words, lanes } = this
    const base = this.#base
    const stride = this.#stride
    const last = this.#capacity - 1
    for (let slot = hashOf(key) & last; ; slot = (slot + 1) & last) {
      const at = base + slot * stride
      const mark = words[at * 2 + ENTRY_MARK]
      if (lanes[at + ENTRY_KEY] === key && mark !== 0) return at
      if (mark === 0) return -1
    }
  }

  /** Adds an entry that is not there, with value 0 and epoch 0. */
  add(key: number, flags: number): number {
    if ((this.count + 1) * 4 > this.#capacity * 3) {
      this.#resize(Math.max(CAPACITY_MIN, this.#capacity * 2))
    }
    if (this.serial >= this.#serialsMax) this.#renumber()
    const at = this.#freeFor(key)
    this.words[at * 2 + ENTRY_EPOCH] = 0
    this.words[at * 2 + ENTRY_MARK] = (++this.serial << FLAG_BITS) | flags
    this.lanes[at + ENTRY_KEY] = key === 0 ? 0 : key // −0 is 0
    if (this.#stride > ENTRY_VALUE) this.lanes[at + ENTRY_VALUE] = 0
    this.count++
    return at
  }

  /** Removes an entry; others may move. */
  remove(at: number): void {
    const stride = this.#stride
    const base = this.#base
    const last = this.#capacity - 1
    let hole = (at - base) / stride
    for (let next = (hole + 1) & last; this.#isTaken(next); next = (next + 1) & last) {
      const home = hashOf(this.lanes[base + next * stride + ENTRY_KEY] as number) & last
      // It may move into the hole unless its home lies between the hole and where it is.
      if (((next - home) & last) < ((next - hole) & last)) continue
      this.#copy(this.words, base + next * stride, base + hole * stride)
      hole = next
    }
    this.words[(base + hole * stride) * 2 + ENTRY_MARK] = 0
    this.count--
    if (this.count === 0) this.clear()
    else if (this.#capacity > CAPACITY_MIN && this.count * 8 < this.#capacity) {
      this.#resize(this.#capacity / 2)
    }
  }

  /** Removes all entries and gives their room back. */
  clear(): void {
    if (this.#place !== undefined) this.#arena.leave(this.#place)
    this.#place = undefined
    this.words = NO_WORDS
    this.lanes = NO_LANES
    this.#base = 0
    this.#capacity = 0
    this.count = 0
  }

  flagsAt(at: number): number {
    return (this.words[at * 2 + ENTRY_MARK] as number) & ((1 << FLAG_BITS) - 1)
  }

  serialAt(at: number): number {
    return (this.words[at * 2 + ENTRY_MARK] as number) >> FLAG_BITS
  }

  keyAt(at: number): number {
    return this.lanes[at + ENTRY_KEY] as number
  }

  /** Places of all entries, in no order; good until one is added or removed. */
  places(): number[] {
    const places: number[] = []
    for (let slot = 0; slot < this.#capacity; slot++) {
      if (this.#isTaken(slot)) places.push(this.#base + slot * this.#stride)
    }
    return places
  }

  /** The keys of entries that are not dead now, in the order in which they came. */
  liveKeys(): Iterable<number> {
    const order = this.#arrivals(true)
    const keys = new Float64Array(order.length)
    // By index, for places move: who walks may change the map.
    for (let index = 0; index < order.length; index++) {
      const slot = (order[index] as number) % PLACES_MAX
      keys[index] = this.keyAt(this.#base + slot * this.#stride)
      order[index] = Math.floor((order[index] as number) / PLACES_MAX) * PLACES_MAX + index
    }
    return inTurn(order, (arrival) => keys[arrival % PLACES_MAX] as number)
  }

  /** Serial and slot of entries in one number each; in no order. */
  #arrivals(isLive: boolean): Float64Array {
    const order = new Float64Array(this.count)
    let count = 0
    for (let slot = 0; slot < this.#capacity; slot++) {
      if (!this.#isTaken(slot)) continue
      const at = this.#base + slot * this.#stride
      if (isLive && (this.flagsAt(at) & ENTRY_DEAD) !== 0) continue
      order[count++] = this.serialAt(at) * PLACES_MAX + slot
    }
    return order.subarray(0, count)
  }

  #renumber(): void {
    this.serial = 0
    for (const each of this.#arrivals(false).sort()) {
      const at = this.#base + (each % PLACES_MAX) * this.#stride
      this.words[at * 2 + ENTRY_MARK] = (++this.serial << FLAG_BITS) | this.flagsAt(at)
    }
  }

  #findNaN(): number {
    const last = this.#capacity - 1
    for (let slot = hashOf(Number.NaN) & last; this.#isTaken(slot); slot = (slot + 1) & last) {
      const at = this.#base + slot * this.#stride
      if (Number.isNaN(this.keyAt(at))) return at
    }
    return -1
  }

  #isTaken(slot: number): boolean {
    return this.words[(this.#base + slot * this.#stride) * 2 + ENTRY_MARK] !== 0
  }

  #freeFor(key: number): number {
    const last = this.#capacity - 1
    let slot = hashOf(key) & last
    while (this.#isTaken(slot)) slot = (slot + 1) & last
    return this.#base + slot * this.#stride
  }

  /** As words, for a lane may hold a NaN whose bits a float move need not keep. */
  #copy(source: Int32Array, from: number, to: number): void {
    for (let word = 0; word < 2 * this.#stride; word++) {
      this.words[to * 2 + word] = source[from * 2 + word] as number
    }
  }

  #resize(capacity: number): void {
    const old = this.#place
    const { words, lanes } = this
    const places = this.places()
    const taken = this.#arena.take(capacity * this.#stride)
    this.#place = taken
    this.words = taken.segment.words
    this.lanes = taken.segment.lanes
    this.#base = taken.base
    this.#capacity = capacity
    for (const at of places) {
      this.#copy(words, at, this.#freeFor(lanes[at + ENTRY_KEY] as number))
    }
    if (old !== undefined) this.#arena.leave(old)
  }
}

function* inTurn(order: Float64Array, keyOf: (arrival: number) => number): Generator<number> {
  for (const arrival of ascending(order)) yield keyOf(arrival)
}

/** Equal for equal keys: for both zeros, and for all bits that are NaN. */
function hashOf(key: number): number {
  const whole = key | 0
  if (whole === key) return murmurHash(whole)
  if (key !== key) return 1
  double[0] = key
  return murmurHash((halves[0] as number) ^ Math.imul(halves[1] as number, 31))
}
