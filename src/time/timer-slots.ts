/**
 * Timers as columns: 32 bytes of numbers outside the JavaScript heap, key, name and payload beside
 * them. A slot is used again once nothing refers to it any more: it is not set, not in the heap,
 * not to be found, and on no list of changes.
 */

/** It will fire. */
export const TIMER_SET = 1
/** An earlier run may hold it: if it goes, its tombstone must be written. */
export const TIMER_BELOW = 2
/** It is on the list of changes of its key group. */
export const TIMER_LISTED = 4
/** The heap refers to it, whether it is set or not. */
export const TIMER_IN_HEAP = 8
/** It can be found by key, time and name. */
export const TIMER_FOUND = 16
/** It can be found by key and name. */
export const TIMER_NAMED = 32
/** It came with a snapshot, and has not been set since. */
export const TIMER_RESTORED = 64

const IN_USE = TIMER_SET | TIMER_LISTED | TIMER_IN_HEAP | TIMER_FOUND

const LANES = 4
const WORDS = 2 * LANES
const WORD_HASH = 2
const WORD_EPOCH = 3
const WORD_IMAGED = 4
const WORD_FLAGS = 5
const FIRST_CAPACITY = 16

export class TimerSlots {
  /** Free slots keep nothing alive in these columns. */
  readonly keys: unknown[] = []
  readonly names: string[] = []
  /** Made when the first timer has one. */
  payloads: unknown[] | undefined
  #lanes = new Float64Array(0)
  #words = new Int32Array(0)
  #count = 0
  readonly #free: number[] = []

  /** Slots that were ever used. */
  get count(): number {
    return this.#count
  }

  /** Slots that something refers to. */
  get inUse(): number {
    return this.#count - this.#free.length
  }

  timeOf(slot: number): number {
    return this.#lanes[slot * LANES] as number // a slot in use, as below
  }

  hashOf(slot: number): number {
    return this.#words[slot * WORDS + WORD_HASH] as number
  }

  /** The epoch of its last change. */
  epochOf(slot: number): number {
    return this.#words[slot * WORDS + WORD_EPOCH] as number
  }

  setEpoch(slot: number, epoch: number): void {
    this.#words[slot * WORDS + WORD_EPOCH] = epoch
  }

  /** The newest cut that has its own copy of it. */
  imagedOf(slot: number): number {
    return this.#words[slot * WORDS + WORD_IMAGED] as number
  }

  setImaged(slot: number, epoch: number): void {
    this.#words[slot * WORDS + WORD_IMAGED] = epoch
  }

  flagsOf(slot: number): number {
    return this.#words[slot * WORDS + WORD_FLAGS] as number
  }

  setFlags(slot: number, flags: number): void {
    this.#words[slot * WORDS + WORD_FLAGS] = flags
  }

  isSet(slot: number): boolean {
    return (this.flagsOf(slot) & TIMER_SET) !== 0
  }

  payloadOf(slot: number): unknown {
    return this.payloads?.[slot]
  }

  setPayload(slot: number, payload: unknown): void {
    if (payload === undefined && this.payloads === undefined) return
    this.payloads ??= []
    this.payloads[slot] = payload
  }

  /** A slot with nothing set but these. */
  take(key: unknown, routeHash: number, time: number, name: string): number {
    const slot = this.#free.pop() ?? this.#count++
    if (this.#lanes.length < this.#count * LANES) this.#grow()
    this.#lanes[slot * LANES] = time
    const at = slot * WORDS
    this.#words[at + WORD_HASH] = routeHash
    this.#words[at + WORD_EPOCH] = 0
    this.#words[at + WORD_IMAGED] = 0
    this.#words[at + WORD_FLAGS] = 0
    this.keys[slot] = key
    this.names[slot] = name
    return slot
  }

  /** Gives a slot back if nothing refers to it. */
  release(slot: number): void {
    if ((this.flagsOf(slot) & IN_USE) !== 0) return
    if (typeof this.keys[slot] !== 'number') this.keys[slot] = undefined
    this.names[slot] = ''
    if (this.payloads !== undefined) this.payloads[slot] = undefined
    this.#free.push(slot)
  }

  clear(): void {
    this.keys.length = 0
    this.names.length = 0
    this.payloads = undefined
    this.#free.length = 0
    this.#count = 0
    this.#lanes = new Float64Array(0)
    this.#words = new Int32Array(0)
  }

  #grow(): void {
    const lanes = new Float64Array(Math.max(FIRST_CAPACITY * LANES, this.#lanes.length * 2))
    lanes.set(this.#lanes)
    this.#lanes = lanes
    this.#words = new Int32Array(lanes.buffer)
  }
}
