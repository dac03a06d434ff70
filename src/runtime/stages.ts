/**
 * The stage of a keyed operator: for each record it finds the key, its hash and its row first, in
 * batches if the backend must fetch rows from below; records without a key, and keys that are
 * parked, are the error policy's.
 */
import type { KeySelector } from '../graph/job-graph.ts'
import type { Guard } from '../operators/failures/guard.ts'
import {
  MAX_WATERMARK,
  MIN_WATERMARK,
  type Operator,
  type Output,
  type TimestampOf,
} from '../operators/operator.ts'
import type { KeyedStateTable } from '../state/backend.ts'
import { describeKey, routeHash } from '../types/keys.ts'
import { functionFailed } from './function-failed.ts'
import { KeyedBatch } from './keyed-batch.ts'
import { entranceOf, type Stage } from './stage.ts'

/** So many due timers fire before barriers and messages get a chance, if nothing else is said. */
export const TIMERS_PER_STEP = 1024

/** The stage of a keyed operator. */
export class KeyedStage implements Stage {
  gathers: boolean
  currentWatermark = MIN_WATERMARK
  readonly label: string
  readonly second: Output
  readonly #operator: Operator
  readonly #table: KeyedStateTable
  readonly #select: KeySelector['select']
  readonly #selectSecond: KeySelector['select']
  readonly #timersPerStep: number
  /** Takes records for which no key can be found. */
  readonly #guard: Pick<Guard, 'keyFailed' | 'parking'> | undefined
  readonly #batch = new KeyedBatch()
  #endsInput = false
  /** The watermark is not told yet: timers are left that it lets fire. */
  #isFiring = false

  /** @param secondKey without it records of a second input are on no key. */
  constructor(
    label: string,
    operator: Operator,
    table: KeyedStateTable,
    key: KeySelector,
    secondKey?: KeySelector,
    timersPerStep = TIMERS_PER_STEP,
    guard?: Pick<Guard, 'keyFailed' | 'parking'>,
  ) {
    this.#guard = guard
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
      secondKey && ((value, timestamp, hash) => this.#takeHashed(value, timestamp, 1, hash)),
    )
  }

  collect(value: unknown, timestamp: number): void {
    this.#take(value, timestamp, 0)
  }

  collectHashed(value: unknown, timestamp: number, hash: number): void {
    this.#takeHashed(value, timestamp, 0, hash)
  }

  /** Only where records are gathered anyway. */
  collectSome(
    values: readonly unknown[],
    start: number,
    end: number,
    timestampOf?: TimestampOf,
  ): number {
    if (this.#batch.isFull) this.flush()
    return this.gathers ? this.#batch.addSome(values, start, end, timestampOf) : start
  }

  get room(): number {
    return this.gathers ? this.#batch.room : 0
  }

  #take(value: unknown, timestamp: number, input: number): void {
    if (this.#batch.isFull) this.flush()
    if (this.gathers) this.#batch.add(value, timestamp, input)
    else this.#takeNow(value, timestamp, input, undefined)
  }

  #takeHashed(value: unknown, timestamp: number, input: number, hash: number): void {
    this.#table.checksHashes = true
    if (this.#batch.isFull) this.flush()
    if (this.gathers) this.#batch.addHashed(value, timestamp, input, hash)
    else this.#takeNow(value, timestamp, input, hash)
  }

  #takeNow(value: unknown, timestamp: number, input: number, known: number | undefined): void {
    let key: unknown
    let hash: number
    try {
      key = input === 0 ? this.#select(value) : this.#selectSecond(value)
      hash = known ?? routeHash(key)
    } catch (error) {
      return this.#keyFailed(value, timestamp, input, error)
    }
    try {
      this.#table.select(key, hash)
      this.#process(value, timestamp, input)
    } catch (error) {
      throw functionFailed(this.label, error, { key })
    }
  }

  #keyFailed(value: unknown, timestamp: number, input: number, error: unknown): void {
    try {
      if (this.#guard === undefined) throw error
      this.#guard.keyFailed(value, timestamp, input === 0 ? 1 : 2, error)
    } catch (thrown) {
      throw functionFailed(this.label, thrown)
    }
  }

  /** For a look at a worker that does not answer: `host-embedded-look.ts`. */
  get whereabouts(): { readonly operator: string; readonly key?: string } {
    const { currentKey: key } = this.#table
    return { operator: this.label, ...(key === undefined ? {} : { key: describeKey(key) }) }
  }

  flush(): void {
    if (this.#batch.count > 0) this.#handOn()
    this.gathers = this.#table.prefetches
  }

  watermark(timestamp: number): void {
    this.flush()
    if (timestamp <= this.currentWatermark) return
    this.currentWatermark = timestamp
    this.#isFiring = true
    this.resume()
  }

  get isBusy(): boolean {
    return this.#isFiring || this.#guard?.parking?.isTrying === true
  }

  /**
   * Fires due event-time timers, then tries what is parked again; the watermark goes on only after
   * the last of both. Timers come first, for those of parked keys are to wait with the others.
   */
  resume(): void {
    if (this.#isFiring && this.#fire('event-time', this.currentWatermark)) return
    this.#tryParked(this.#timersPerStep)
    if (this.#guard?.parking?.isTrying === true) return
    if (this.#isFiring) {
      this.#isFiring = false
      // Before others believe that nothing comes any more.
      if (this.currentWatermark === MAX_WATERMARK) this.#finishParked()
      this.#table.deselect()
      this.#operator.processWatermark(this.currentWatermark)
    }
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
    this.#isFiring = this.#table.timers.nextTime('event-time') <= watermark
  }

  start(): void {
    if (this.#isFiring || this.currentWatermark === MIN_WATERMARK) return
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

  #handOn(): void {
    const batch = this.#batch
    const { count, values, timestamps, inputs } = batch
    batch.count = 0
    for (let start = 0; start < count; start++) {
      const end = batch.findKeys(start, count, this.#select, this.#selectSecond)
      this.#processAll(start, end)
      start = end
      if (end === count) break
      const [timestamp, input] = [timestamps[end], inputs[end]] as [number, number] // end < count
      this.#keyFailed(values[end], timestamp, input, batch.failure)
    }
    batch.release(count)
  }

  #processAll(start: number, end: number): void {
    if (end === start) return
    const batch = this.#batch
    batch.at = start
    try {
      // Rarely does it not begin at the first one: when some had no key.
      if (start > 0 || this.#operator.prefersSome !== true) this.#processEach(start, end)
      else this.#operator.processSome?.(batch, end)
    } catch (error) {
      throw functionFailed(this.label, error, { key: batch.keys[batch.at] })
    }
  }

  #processEach(start: number, end: number): void {
    const { values, timestamps, inputs, keys, hashes } = this.#batch
    if (start === 0) this.#table.prefetch(keys, hashes, end)
    else this.#table.prefetch(keys.slice(start), hashes.subarray(start), end - start)
    for (let at = start; at < end; at++) {
      this.#batch.at = at
      // All were filled in as far as `end`.
      this.#table.select(keys[at], hashes[at] as number)
      this.#process(values[at], timestamps[at] as number, inputs[at] as number)
    }
  }

  #tryParked(callsMax: number): void {
    const parking = this.#guard?.parking
    if (parking?.isTrying !== true) return
    try {
      parking.tryAgain(callsMax)
    } catch (error) {
      throw functionFailed(this.label, error)
    }
  }

  #finishParked(): void {
    this.flush()
    this.#guard?.parking?.finish()
  }

  #end(): void {
    this.#finishParked()
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
