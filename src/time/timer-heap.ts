/**
 * A heap of timers by time, then by the hash of the key, then by what its owner says. Each node has
 * four children, which lie in one cache line: 16 bytes a timer, with everything that nearly always
 * decides. Nothing is ever taken out of the middle; the owner drops what it no longer wants when it
 * comes to the top, or all at once.
 */

const FIRST_CAPACITY = 16

export class TimerHeap {
  size = 0
  /** Two for each timer: when it is due, and behind it hash and slot. */
  #lanes = new Float64Array(0)
  #words = new Int32Array(0)
  readonly #isBefore: (slot: number, other: number) => boolean

  /** `isBefore` decides between timers of one time and hash. */
  constructor(isBefore: (slot: number, other: number) => boolean) {
    this.#isBefore = isBefore
  }

  dueAt(index: number): number {
    return this.#lanes[index * 2] as number // index < size, as below
  }

  hashAt(index: number): number {
    return this.#words[index * 4 + 2] as number
  }

  slotAt(index: number): number {
    return this.#words[index * 4 + 3] as number
  }

  push(due: number, hash: number, slot: number): void {
    if (this.#lanes.length < (this.size + 1) * 2) this.#grow()
    this.#rise(this.size++, due, hash, slot)
  }

  /** Takes the first timer out; there must be one. */
  pop(): void {
    const last = --this.size
    if (last === 0) return
    const [due, hash, slot] = [this.dueAt(last), this.hashAt(last), this.slotAt(last)]
    // The gap sinks to the bottom, and what was last rises from there: it rarely rises far.
    let gap = 0
    for (let child = 1; child < last; child = 4 * gap + 1) {
      const least = this.#least(child, Math.min(child + 4, last))
      this.#move(gap, least)
      gap = least
    }
    this.#rise(gap, due, hash, slot)
  }

  /** Keeps only the timers that `isWanted` says; it is asked once for each. */
  keep(isWanted: (slot: number, due: number, hash: number) => boolean): void {
    let kept = 0
    for (let index = 0; index < this.size; index++) {
      const slot = this.slotAt(index)
      if (!isWanted(slot, this.dueAt(index), this.hashAt(index))) continue
      this.#move(kept, index)
      kept++
    }
    this.size = kept
    for (let index = (kept - 2) >> 2; index >= 0; index--) this.#sink(index)
  }

  /** Indices of some of the timers due at `time`, earlier ones first by and by; at most `limit`. */
  due(time: number, limit: number): readonly number[] {
    const found: number[] = this.size > 0 && this.dueAt(0) <= time ? [0] : []
    for (let at = 0; at < found.length && found.length < limit; at++) {
      const first = 4 * (found[at] as number) + 1 // at is below the length
      const end = Math.min(first + 4, this.size)
      for (let child = first; child < end && found.length < limit; child++) {
        if (this.dueAt(child) <= time) found.push(child)
      }
    }
    return found
  }

  clear(): void {
    this.size = 0
    this.#lanes = new Float64Array(0)
    this.#words = new Int32Array(0)
  }

  #rise(from: number, due: number, hash: number, slot: number): void {
    const [lanes, words] = [this.#lanes, this.#words]
    let index = from
    while (index > 0) {
      const above = (index - 1) >> 2
      const aboveDue = lanes[above * 2] as number // above < index
      if (due > aboveDue) break
      if (due === aboveDue && !this.#isTieBefore(hash, slot, above)) break
      this.#move(index, above)
      index = above
    }
    lanes[index * 2] = due
    words[index * 4 + 2] = hash
    words[index * 4 + 3] = slot
  }

  #sink(from: number): void {
    const [due, hash, slot] = [this.dueAt(from), this.hashAt(from), this.slotAt(from)]
    let gap = from
    for (let child = 4 * gap + 1; child < this.size; child = 4 * gap + 1) {
      const least = this.#least(child, Math.min(child + 4, this.size))
      const leastDue = this.dueAt(least)
      if (due < leastDue || (due === leastDue && this.#isTieBefore(hash, slot, least))) break
      this.#move(gap, least)
      gap = least
    }
    this.#lanes[gap * 2] = due
    this.#words[gap * 4 + 2] = hash
    this.#words[gap * 4 + 3] = slot
  }

  #least(first: number, end: number): number {
    const lanes = this.#lanes
    let least = first
    let leastDue = lanes[first * 2] as number // first < end <= size
    for (let index = first + 1; index < end; index++) {
      const due = lanes[index * 2] as number // as above
      if (due > leastDue) continue
      if (due === leastDue && !this.#isTieBefore(this.hashAt(index), this.slotAt(index), least)) {
        continue
      }
      least = index
      leastDue = due
    }
    return least
  }

  /** True if a timer of the same time comes before the one at `index`. */
  #isTieBefore(hash: number, slot: number, index: number): boolean {
    const other = this.hashAt(index)
    return hash < other || (hash === other && this.#isBefore(slot, this.slotAt(index)))
  }

  #move(to: number, from: number): void {
    this.#lanes[to * 2] = this.#lanes[from * 2] as number // both lanes of it
    this.#lanes[to * 2 + 1] = this.#lanes[from * 2 + 1] as number
  }

  #grow(): void {
    const lanes = new Float64Array(Math.max(FIRST_CAPACITY * 2, this.#lanes.length * 2))
    lanes.set(this.#lanes)
    this.#lanes = lanes
    this.#words = new Int32Array(lanes.buffer)
  }
}
