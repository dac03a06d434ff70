/**
 * The timers of one clock in memory: a heap for what is due, chains that find the timer of a key,
 * time and name, or all those of a key and name. What is due comes out by time, then by the hash of
 * its key, then by name, so that a restored run fires in the same order. A timer that is deleted
 * stays in the heap until it comes to the top, or until most of the heap is like that.
 */
import { keysEqual, writeKey } from '../types/keys.ts'
import { ByteWriter } from '../util/bytes.ts'
import { fnv1aString } from '../util/hash.ts'
import { SlotChains } from './slot-chains.ts'
import { TimerHeap } from './timer-heap.ts'
import {
  TIMER_BELOW,
  TIMER_FOUND,
  TIMER_IN_HEAP,
  TIMER_NAMED,
  TIMER_SET,
  TimerSlots,
} from './timer-slots.ts'

const LEFTOVERS_MAX = 64
/** Columns shorter than this are not worth making anew. */
const TIDIED_MIN = 4096

const left = new ByteWriter()
const right = new ByteWriter()

export class TimerSet {
  readonly slots = new TimerSlots()
  readonly heap = new TimerHeap((slot, other) => this.#isBefore(slot, other))
  /** Timers that are set. */
  size = 0
  readonly #found = new SlotChains()
  readonly #named = new SlotChains()
  /** In the heap, but not set. */
  #leftovers = 0
  #lastName = ''
  #lastNameHash = 0

  /** The slot of a timer, which may not be set any more; -1 if there is none. */
  find(key: unknown, routeHash: number, time: number, name: string): number {
    const hash = mixed(routeHash ^ this.#hashOfName(name), time)
    for (let slot = this.#found.first(hash); slot >= 0; slot = this.#found.next(slot)) {
      if (this.#found.hashOf(slot) !== hash) continue
      if (this.slots.timeOf(slot) === time && this.#is(slot, key, routeHash, name)) return slot
    }
    return -1
  }

  /** The timers of a key that are set by a name; only of those that were added as `isNamed`. */
  *named(key: unknown, routeHash: number, name: string): Generator<number> {
    const hash = mixed(routeHash ^ this.#hashOfName(name), 0)
    for (let slot = this.#named.first(hash); slot >= 0; slot = this.#named.next(slot)) {
      if (this.slots.isSet(slot) && this.#is(slot, key, routeHash, name)) yield slot
    }
  }

  /** A timer that there is none of; it can be found, and is not set yet. */
  add(key: unknown, routeHash: number, time: number, name: string, isNamed: boolean): number {
    const slot = this.slots.take(key, routeHash, time, name)
    const hash = routeHash ^ this.#hashOfName(name)
    this.#found.add(slot, mixed(hash, time))
    if (isNamed) this.#named.add(slot, mixed(hash, 0))
    this.slots.setFlags(slot, isNamed ? TIMER_FOUND | TIMER_NAMED : TIMER_FOUND)
    return slot
  }

  /** Sets a timer that is not. */
  arm(slot: number, due: number): void {
    const { slots } = this
    const flags = slots.flagsOf(slot)
    slots.setFlags(slot, flags | TIMER_SET | TIMER_IN_HEAP)
    this.size++
    if ((flags & TIMER_IN_HEAP) !== 0) this.#leftovers--
    else this.heap.push(due, slots.hashOf(slot), slot)
  }

  /** The first timer that is set; -1 if there is none. */
  first(): number {
    const { heap, slots } = this
    while (heap.size > 0) {
      const slot = heap.slotAt(0)
      if (slots.isSet(slot)) return slot
      heap.pop()
      this.#leftovers--
      this.#leaveHeap(slot)
    }
    return -1
  }

  /** Takes out the first timer, which it is. */
  takeFirst(slot: number): void {
    this.heap.pop()
    this.slots.setFlags(slot, this.slots.flagsOf(slot) & ~(TIMER_SET | TIMER_IN_HEAP))
    this.size--
  }

  /** Deletes a timer that is set. */
  disarm(slot: number): void {
    this.slots.setFlags(slot, this.slots.flagsOf(slot) & ~TIMER_SET)
    this.size--
    if (++this.#leftovers <= LEFTOVERS_MAX || this.#leftovers * 2 < this.heap.size) return
    this.#leftovers = 0
    this.heap.keep((each) => {
      if (this.slots.isSet(each)) return true
      // The caller goes on with the one it deletes.
      if (each === slot) this.slots.setFlags(each, this.slots.flagsOf(each) & ~TIMER_IN_HEAP)
      else this.#leaveHeap(each)
      return false
    })
  }

  /**
   * Takes out timers that are set and come no earlier than time and hash, at most `limit`, unless
   * `mayGo` refuses; gives their number. Nothing but their place on a list is left of them.
   */
  letGo(time: number, hash: number, limit: number, mayGo: (slot: number) => boolean): number {
    const { heap, slots } = this
    let gone = 0
    heap.keep((slot, due, own) => {
      if (due < time || (due === time && own < hash) || gone === limit) return true
      if (!slots.isSet(slot)) {
        this.#leftovers--
        this.#leaveHeap(slot)
        return false
      }
      if (!mayGo(slot)) return true
      this.size--
      this.forget(slot)
      slots.setFlags(slot, slots.flagsOf(slot) & ~(TIMER_SET | TIMER_BELOW))
      this.#leaveHeap(slot)
      gone++
      return false
    })
    return gone
  }

  /** From here on it cannot be found. */
  forget(slot: number): void {
    const flags = this.slots.flagsOf(slot)
    if ((flags & TIMER_FOUND) !== 0) this.#found.remove(slot)
    if ((flags & TIMER_NAMED) !== 0) this.#named.remove(slot)
    this.slots.setFlags(slot, flags & ~(TIMER_FOUND | TIMER_NAMED))
  }

  /** When the timers in the heap are due is reckoned anew. */
  reschedule(dueOf: (slot: number) => number): void {
    const slots: number[] = []
    this.heap.keep((slot) => {
      slots.push(slot)
      return false
    })
    for (const slot of slots) this.heap.push(dueOf(slot), this.slots.hashOf(slot), slot)
  }

  /** Gives memory back that a burst took, once nothing is left of it. */
  tidy(): void {
    if (this.slots.inUse === 0 && this.slots.count > TIDIED_MIN) this.clear()
  }

  clear(): void {
    this.slots.clear()
    this.heap.clear()
    this.#found.clear()
    this.#named.clear()
    this.size = 0
    this.#leftovers = 0
  }

  #leaveHeap(slot: number): void {
    this.slots.setFlags(slot, this.slots.flagsOf(slot) & ~TIMER_IN_HEAP)
    this.slots.release(slot)
  }

  #is(slot: number, key: unknown, routeHash: number, name: string): boolean {
    const { slots } = this
    if (slots.hashOf(slot) !== routeHash || slots.names[slot] !== name) return false
    return keysEqual(slots.keys[slot], key)
  }

  /** Between timers of one time and hash. */
  #isBefore(slot: number, other: number): boolean {
    const { names, keys } = this.slots
    const [name = '', otherName = ''] = [names[slot], names[other]]
    if (name !== otherName) return name < otherName
    left.reset()
    right.reset()
    writeKey(keys[slot], left)
    writeKey(keys[other], right)
    return left.view().compare(right.view()) < 0
  }

  #hashOfName(name: string): number {
    if (name === this.#lastName) return this.#lastNameHash
    this.#lastName = name
    this.#lastNameHash = name === '' ? 0 : fnv1aString(name)
    return this.#lastNameHash
  }
}

const timeScratch = new Float64Array(1)
const timeWords = new Int32Array(timeScratch.buffer)

/** A hash whose lowest bits depend on everything. */
function mixed(seed: number, time: number): number {
  timeScratch[0] = time
  const [low, high] = [timeWords[0] as number, timeWords[1] as number] // of two words
  let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) ^ seed
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae35)
  return hash ^ (hash >>> 13)
}
