/**
 * Timers ordered by time: a binary heap per time domain, from which any timer can also be taken
 * out, and an index that finds the timer of a key, time and name. What is due comes out by time,
 * then by the hash of its key, then by name, so that a restored run fires in the same order.
 * That timers are state, and cut as such, is the business of `state/table/timer-entries.ts`.
 */
import { fnv1aString } from '../util/hash.ts'

export type TimerDomain = 'event-time' | 'processing-time'

/** Gets a due timer; `key` is not selected yet. */
export type TimerListener = (
  domain: TimerDomain,
  key: unknown,
  routeHash: number,
  time: number,
  name: string,
) => void

export interface Timer {
  readonly time: number
  readonly key: unknown
  readonly routeHash: number
  readonly name: string
  /** Its place in the heap; -1 while it is in none. */
  heapIndex: number
  /** The next timer of equal hash in the index. */
  nextAlike: Timer | undefined
}

/** True if `a` fires before `b`. */
function isEarlier(a: Timer, b: Timer): boolean {
  if (a.time !== b.time) return a.time < b.time
  if (a.routeHash !== b.routeHash) return a.routeHash < b.routeHash
  return a.name < b.name
}

export class TimerHeap<T extends Timer> {
  readonly #timers: T[] = []

  get size(): number {
    return this.#timers.length
  }

  /** The earliest timer. */
  get first(): T | undefined {
    return this.#timers[0]
  }

  add(timer: T): void {
    timer.heapIndex = this.#timers.length
    this.#timers.push(timer)
    this.#rise(timer)
  }

  remove(timer: T): void {
    const index = timer.heapIndex
    const last = this.#timers.pop()
    timer.heapIndex = -1
    if (last === undefined || last === timer) return
    this.#timers[index] = last
    last.heapIndex = index
    this.#rise(last)
    this.#sink(last)
  }

  /** Some of the timers due at `time`, in no order, at most `limit`. */
  due(time: number, limit: number): readonly T[] {
    const found: T[] = []
    const open = [0]
    for (let index = open.pop(); index !== undefined && found.length < limit; index = open.pop()) {
      const timer = this.#timers[index]
      if (timer === undefined || timer.time > time) continue
      found.push(timer)
      open.push(2 * index + 2, 2 * index + 1)
    }
    return found
  }

  clear(): void {
    this.#timers.length = 0
  }

  #rise(timer: T): void {
    const timers = this.#timers
    let index = timer.heapIndex
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = timers[above]
      if (parent === undefined || !isEarlier(timer, parent)) break
      timers[index] = parent
      parent.heapIndex = index
      index = above
    }
    timers[index] = timer
    timer.heapIndex = index
  }

  #sink(timer: T): void {
    const timers = this.#timers
    let index = timer.heapIndex
    for (;;) {
      let below = 2 * index + 1
      let child = timers[below]
      const right = timers[below + 1]
      if (child !== undefined && right !== undefined && isEarlier(right, child)) {
        child = right
        below++
      }
      if (child === undefined || !isEarlier(child, timer)) break
      timers[index] = child
      child.heapIndex = index
      index = below
    }
    timers[index] = timer
    timer.heapIndex = index
  }
}

/** Finds the timer of a key, time and name. */
export class TimerIndex<T extends Timer> {
  readonly #firstOf = new Map<number, T>()
  readonly #isSameKey: (a: unknown, b: unknown) => boolean

  constructor(isSameKey: (a: unknown, b: unknown) => boolean) {
    this.#isSameKey = isSameKey
  }

  get(key: unknown, routeHash: number, time: number, name: string): T | undefined {
    let timer: Timer | undefined = this.#firstOf.get(hashOf(routeHash, time, name))
    while (timer !== undefined && !this.#is(timer, key, routeHash, time, name)) {
      timer = timer.nextAlike
    }
    return timer as T | undefined // only timers of T are ever added
  }

  add(timer: T): void {
    const hash = hashOf(timer.routeHash, timer.time, timer.name)
    timer.nextAlike = this.#firstOf.get(hash)
    this.#firstOf.set(hash, timer)
  }

  remove(timer: T): void {
    const hash = hashOf(timer.routeHash, timer.time, timer.name)
    const first = this.#firstOf.get(hash)
    if (first === timer) {
      const next = timer.nextAlike as T | undefined // as above
      if (next === undefined) this.#firstOf.delete(hash)
      else this.#firstOf.set(hash, next)
    } else {
      let before: Timer | undefined = first
      while (before !== undefined && before.nextAlike !== timer) before = before.nextAlike
      if (before !== undefined) before.nextAlike = timer.nextAlike
    }
    timer.nextAlike = undefined
  }

  clear(): void {
    this.#firstOf.clear()
  }

  #is(timer: Timer, key: unknown, routeHash: number, time: number, name: string): boolean {
    return (
      timer.routeHash === routeHash &&
      timer.time === time &&
      timer.name === name &&
      this.#isSameKey(timer.key, key)
    )
  }
}

const timeScratch = new Float64Array(1)
const timeWords = new Int32Array(timeScratch.buffer)

function hashOf(routeHash: number, time: number, name: string): number {
  timeScratch[0] = time
  const [low, high] = [timeWords[0] as number, timeWords[1] as number] // of two words
  const words = low ^ Math.imul(high, 0x9e3779b1)
  return (name === '' ? routeHash ^ words : fnv1aString(name, routeHash) ^ words) | 0
}
