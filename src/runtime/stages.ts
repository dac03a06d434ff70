/**
 * Stages: what stands between two operators of a chain. A stage takes a record for its operator:
 * for a keyed one it finds the key, its hash and its row first, in batches if the backend must
 * fetch rows from below. It is also where an error of a user's function gets its place and key.
 * An operator with two inputs has one stage with two entrances, so that they keep their order.
 */
import type { KeySelector } from '../graph/job-graph.ts'
import { MIN_WATERMARK, type Operator, type Output } from '../operators/operator.ts'
import type { KeyedStateTable } from '../state/backend.ts'
import { describeKey, routeHash } from '../types/keys.ts'
import { functionFailed } from './function-failed.ts'

/** Records gathered for one prefetch. */
const PREFETCH_RECORDS = 512

/** So many due timers fire before barriers and messages get a chance, if nothing else is said. */
export const TIMERS_PER_STEP = 1024

/** A stage as its task sees it. */
export interface Stage extends Output {
  readonly label: string
  /** The entrance of the second input; the gate tells times and ends of both to the first. */
  readonly second: Output
  /** True if records may wait in it until `flush`. */
  readonly gathers: boolean
  /** Hands gathered records on; before barriers, watermarks and at the end of a batch. */
  flush(): void
  /** True while a watermark waits for its timers to fire. */
  readonly isBusy: boolean
  /** Fires some more of them. */
  resume(): void
  processingTime(now: number): void
  /** Due time of the next processing-time timer, or infinity. */
  readonly nextProcessingTimer: number
  readonly currentWatermark: number
  restoreWatermark(watermark: number): void
  /** Tells the operator, and by it those after it, the watermark that was restored. */
  start(): void
}

/** An entrance for records only. */
function entranceOf(collect: Output['collect']): Output {
  return { collect, watermark() {}, endInput() {} }
}

/** The stage of an operator without key: a guarded call. */
export class PlainStage implements Stage {
  readonly gathers = false
  readonly isBusy = false
  readonly nextProcessingTimer = Number.POSITIVE_INFINITY
  currentWatermark = MIN_WATERMARK
  readonly label: string
  readonly second = entranceOf((value, timestamp) => this.#collectSecond(value, timestamp))
  readonly #operator: Operator

  constructor(label: string, operator: Operator) {
    this.label = label
    this.#operator = operator
  }

  /** For a look at a worker that does not answer. */
  get whereabouts(): { readonly operator: string } {
    return { operator: this.label }
  }

  collect(value: unknown, timestamp: number): void {
    try {
      this.#operator.processElement(value, timestamp)
    } catch (error) {
      throw functionFailed(this.label, error)
    }
  }

  #collectSecond(value: unknown, timestamp: number): void {
    try {
      this.#operator.processElement2?.(value, timestamp)
    } catch (error) {
      throw functionFailed(this.label, error)
    }
  }

  watermark(timestamp: number): void {
    if (timestamp <= this.currentWatermark) return
    this.currentWatermark = timestamp
    this.#operator.processWatermark(timestamp)
  }

  endInput(): void {
    this.#operator.endInput()
  }

  flush(): void {
    try {
      this.#operator.endBatch?.()
    } catch (error) {
      throw functionFailed(this.label, error)
    }
  }

  resume(): void {}
  processingTime(): void {}
  restoreWatermark(watermark: number): void {
    this.currentWatermark = watermark
    this.#operator.restoreWatermark?.(watermark)
  }

  start(): void {
    if (this.currentWatermark > MIN_WATERMARK) {
      this.#operator.processWatermark(this.currentWatermark)
    }
    this.flush()
  }
}

/** The stage of a keyed operator. */
export class KeyedStage implements Stage {
  gathers: boolean
  isBusy = false
  currentWatermark = MIN_WATERMARK
  readonly label: string
  readonly second: Output
  readonly #operator: Operator
  readonly #table: KeyedStateTable
  readonly #select: KeySelector['select']
  readonly #selectSecond: KeySelector['select']
  readonly #timersPerStep: number
  readonly #values = Array<unknown>(PREFETCH_RECORDS).fill(undefined)
  readonly #keys = Array<unknown>(PREFETCH_RECORDS).fill(undefined)
  readonly #inputs = new Uint8Array(PREFETCH_RECORDS)
  readonly #hashes = new Int32Array(PREFETCH_RECORDS)
  readonly #timestamps = new Float64Array(PREFETCH_RECORDS)
  #count = 0
  #endsInput = false

  /** @param secondKey without it records of a second input are on no key. */
  constructor(
    label: string,
    operator: Operator,
    table: KeyedStateTable,
    key: KeySelector,
    secondKey?: KeySelector,
    timersPerStep = TIMERS_PER_STEP,
  ) {
    this.label = label
    this.#timersPerStep = timersPerStep
    this.#operator = operator
    this.#table = table
    this.#select = key.select
    this.#selectSecond = (secondKey ?? key).select
    this.gathers = table.prefetches
    this.second = entranceOf(
      secondKey === undefined
        ? (value, timestamp) => this.#collectForAll(value, timestamp)
        : (value, timestamp) => this.#take(value, timestamp, 1),
    )
  }

  collect(value: unknown, timestamp: number): void {
    this.#take(value, timestamp, 0)
  }

  #take(value: unknown, timestamp: number, input: number): void {
    let key: unknown
    try {
      key = input === 0 ? this.#select(value) : this.#selectSecond(value)
      if (this.gathers) {
        const at = this.#count++
        this.#inputs[at] = input
        this.#values[at] = value
        this.#keys[at] = key
        this.#hashes[at] = routeHash(key)
        this.#timestamps[at] = timestamp
      } else {
        this.#table.select(key, routeHash(key))
        this.#process(value, timestamp, input)
        return
      }
    } catch (error) {
      throw functionFailed(this.label, error, key === undefined ? undefined : { key })
    }
    if (this.#count === PREFETCH_RECORDS) this.flush()
  }

  /** For a look at a worker that does not answer: `host-embedded-look.ts`. */
  get whereabouts(): { readonly operator: string; readonly key?: string } {
    const { currentKey: key } = this.#table
    return { operator: this.label, ...(key === undefined ? {} : { key: describeKey(key) }) }
  }

  flush(): void {
    const count = this.#count
    if (count > 0) this.#handOn(count)
    this.gathers = this.#table.prefetches
  }

  watermark(timestamp: number): void {
    this.flush()
    if (timestamp <= this.currentWatermark) return
    this.currentWatermark = timestamp
    this.resume()
  }

  /** Fires due event-time timers; the watermark goes on only after the last of them. */
  resume(): void {
    this.isBusy = this.#fire('event-time', this.currentWatermark)
    if (this.isBusy) return
    this.#table.deselect()
    this.#operator.processWatermark(this.currentWatermark)
    if (this.#endsInput) this.#end()
  }

  endInput(): void {
    this.flush()
    this.#endsInput = true
    if (!this.isBusy) this.#end()
  }

  processingTime(now: number): void {
    this.flush()
    if (this.nextProcessingTimer <= now) this.#fire('processing-time', now)
  }

  get nextProcessingTimer(): number {
    return this.#table.timers.nextTime('processing-time')
  }

  restoreWatermark(watermark: number): void {
    this.currentWatermark = watermark
    this.#operator.restoreWatermark?.(watermark)
    this.#table.timers.restoreWatermark(watermark)
    // The cut fell into a burst of timers: the rest of them comes before any record.
    this.isBusy = this.#table.timers.nextTime('event-time') <= watermark
  }

  start(): void {
    if (this.isBusy || this.currentWatermark === MIN_WATERMARK) return
    this.#table.deselect()
    this.#operator.processWatermark(this.currentWatermark)
  }

  #process(value: unknown, timestamp: number, input: number): void {
    if (input === 0) this.#operator.processElement(value, timestamp)
    else this.#operator.processElement2?.(value, timestamp)
  }

  /** A broadcast record: after those that came before it, on no key. */
  #collectForAll(value: unknown, timestamp: number): void {
    this.flush()
    try {
      this.#table.deselect()
      this.#operator.processElement2?.(value, timestamp)
    } catch (error) {
      throw functionFailed(this.label, error)
    }
  }

  #handOn(count: number): void {
    this.#count = 0
    this.#table.prefetch(this.#keys, this.#hashes, count)
    let at = 0
    try {
      for (; at < count; at++) {
        this.#table.select(this.#keys[at], this.#hashes[at] as number)
        const input = this.#inputs[at] as number
        this.#process(this.#values[at], this.#timestamps[at] as number, input)
      }
    } catch (error) {
      throw functionFailed(this.label, error, { key: this.#keys[at] })
    }
    this.#values.fill(undefined, 0, count)
    this.#keys.fill(undefined, 0, count)
  }

  #end(): void {
    this.#endsInput = false
    this.#table.deselect()
    this.#operator.endInput()
  }

  #fire(domain: 'event-time' | 'processing-time', time: number): boolean {
    return this.#table.timers.advance(domain, time, this.#timersPerStep, this.#onTimer)
  }

  readonly #onTimer = (
    domain: 'event-time' | 'processing-time',
    key: unknown,
    hash: number,
    time: number,
    name: string,
    payload: unknown,
  ): void => {
    try {
      if (this.#table.fireMark(key, hash, name, time)) return
      this.#table.select(key, hash)
      this.#operator.onTimer?.(domain, time, name, payload)
    } catch (error) {
      throw functionFailed(this.label, error, { key })
    }
  }
}
