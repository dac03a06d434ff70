/**
 * What a call emits and what it does to timers, held until the call has returned. Outside a call
 * everything passes through at once.
 */
import type { KeyTimer } from '../../time/timers.ts'
import type { KeyedTimers, Output, TimeDomain } from '../operator.ts'

/** Results in the order in which they were emitted, over all outputs. */
export class HeldResults {
  /** Results are held while it is true. */
  isOpen = false
  /** What is emitted meanwhile is no result of the call, and goes on whatever becomes of it. */
  isLasting = false
  readonly #outputs: Output[] = []
  readonly #values: unknown[] = []
  readonly #timestamps: number[] = []
  readonly #lasting: boolean[] = []

  /** An output before this one. */
  before(output: Output): Output {
    return {
      collect: (value, timestamp) => {
        if (!this.isOpen) return output.collect(value, timestamp)
        this.#outputs.push(output)
        this.#values.push(value)
        this.#timestamps.push(timestamp)
        this.#lasting.push(this.isLasting)
      },
      watermark: (timestamp) => output.watermark(timestamp),
      endInput: () => output.endInput(),
    }
  }

  /** How many are held. */
  get count(): number {
    return this.#outputs.length
  }

  /** Drops all but the first `count`, and what lasts. */
  drop(count: number): void {
    let kept = count
    for (let at = count; at < this.#outputs.length; at++) {
      const output = this.#outputs[at]
      if (this.#lasting[at] !== true || output === undefined) continue
      this.#outputs[kept] = output
      this.#values[kept] = this.#values[at]
      this.#timestamps[kept] = this.#timestamps[at] ?? 0
      this.#lasting[kept] = true
      kept++
    }
    this.#cut(kept)
  }

  /** Hands them on. */
  release(): void {
    const outputs = this.#outputs
    const count = outputs.length
    for (let at = 0; at < count; at++) {
      outputs[at]?.collect(this.#values[at], this.#timestamps[at] ?? 0)
    }
    if (count > 0) this.#cut(0)
  }

  #cut(count: number): void {
    this.#outputs.length = count
    this.#values.length = count
    this.#timestamps.length = count
    this.#lasting.length = count
  }
}

interface Change {
  readonly domain: TimeDomain
  readonly time: number
  readonly name: string
  readonly payload: unknown
  readonly isSet: boolean
}

/** Timers of the current key, as the call has changed them so far. */
export class HeldTimers implements KeyedTimers {
  /** Changes are held while it is true. */
  isOpen = false
  readonly #timers: KeyedTimers
  readonly #changes: Change[] = []

  constructor(timers: KeyedTimers) {
    this.#timers = timers
  }

  get currentWatermark(): number {
    return this.#timers.currentWatermark
  }

  get currentProcessingTime(): number {
    return this.#timers.currentProcessingTime
  }

  register(domain: TimeDomain, time: number, name: string, payload?: unknown): void {
    if (!this.isOpen) return this.#timers.register(domain, time, name, payload)
    this.#changes.push({ domain, time, name, payload, isSet: true })
  }

  delete(domain: TimeDomain, time: number, name: string): void {
    if (!this.isOpen) return this.#timers.delete(domain, time, name)
    this.#changes.push({ domain, time, name, payload: undefined, isSet: false })
  }

  list(domain: TimeDomain, name: string): readonly KeyTimer[] {
    const set = this.#timers.list(domain, name)
    const changes = this.#changes.filter((each) => each.domain === domain && each.name === name)
    if (changes.length === 0) return set
    const byTime = new Map(set.map((timer) => [timer.time, timer]))
    for (const { time, payload, isSet } of changes) {
      if (isSet) byTime.set(time + 0, { time: time + 0, payload })
      else byTime.delete(time + 0)
    }
    return [...byTime.values()].toSorted((a, b) => a.time - b.time)
  }

  /** How many changes are held. */
  get count(): number {
    return this.#changes.length
  }

  /** Drops all but the first `count`. */
  drop(count: number): void {
    this.#changes.length = count
  }

  /** Makes the changes. */
  release(): void {
    for (const { domain, time, name, payload, isSet } of this.#changes) {
      if (isSet) this.#timers.register(domain, time, name, payload)
      else this.#timers.delete(domain, time, name)
    }
    this.#changes.length = 0
  }
}
