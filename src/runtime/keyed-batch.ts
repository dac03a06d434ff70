/**
 * Records that wait for a keyed operator, gathered so that one loop finds all their keys and one
 * prefetch all their rows.
 */
import type { KeySelector } from '../graph/job-graph.ts'
import { type KeyedRecords, NO_TIMESTAMP, type TimestampOf } from '../operators/operator.ts'
import { foreseenHashOf, routeHash } from '../types/keys.ts'

const RECORDS_MAX = 512
/** The hash of a string, which may be the key, too. */
const OF_VALUE = 1
/** The hash of the key, whatever it is. */
const OF_KEY = 2

type Select = KeySelector['select']

export class KeyedBatch implements KeyedRecords {
  count = 0
  at = 0
  /** Of `count` records. */
  readonly values = Array<unknown>(RECORDS_MAX).fill(undefined)
  readonly timestamps = new Float64Array(RECORDS_MAX)
  readonly inputs = new Uint8Array(RECORDS_MAX)
  /** Of which hashes were known when they came: `OF_VALUE`, `OF_KEY` or neither. */
  readonly #hashed = new Uint8Array(RECORDS_MAX)
  /** Of those for which they were found. */
  readonly keys = Array<unknown>(RECORDS_MAX).fill(undefined)
  readonly hashes = new Int32Array(RECORDS_MAX)
  /** Why `findKeys` stopped before the end. */
  failure: unknown

  get isFull(): boolean {
    return this.count === RECORDS_MAX
  }

  get room(): number {
    return RECORDS_MAX - this.count
  }

  add(value: unknown, timestamp: number, input: number): void {
    const at = this.#put(value, timestamp, input)
    const hash = typeof value === 'string' ? foreseenHashOf(value) : undefined
    this.#hashed[at] = hash === undefined ? 0 : OF_VALUE
    if (hash !== undefined) this.hashes[at] = hash
  }

  /** Adds a record whose key has this hash. */
  addHashed(value: unknown, timestamp: number, input: number, hash: number): void {
    const at = this.#put(value, timestamp, input)
    this.#hashed[at] = OF_KEY
    this.hashes[at] = hash
  }

  #put(value: unknown, timestamp: number, input: number): number {
    const at = this.count++
    this.values[at] = value
    this.timestamps[at] = timestamp
    this.inputs[at] = input
    return at
  }

  /** Adds as many of the first input as there is room for; returns where it stopped. */
  addSome(
    values: readonly unknown[],
    start: number,
    end: number,
    timestampOf?: TimestampOf,
  ): number {
    const from = this.count
    const until = Math.min(from + end - start, RECORDS_MAX)
    const [into, timestamps, before] = [this.values, this.timestamps, start - from]
    for (let at = from; at < until; at++) into[at] = values[before + at]
    if (timestampOf === undefined) timestamps.fill(NO_TIMESTAMP, from, until)
    else for (let at = from; at < until; at++) timestamps[at] = timestampOf(into[at])
    this.inputs.fill(0, from, until)
    this.#hashed.fill(0, from, until)
    this.count = until
    return before + until
  }

  /** Finds keys of records before `end` until one cannot be found: returns its place, or `end`. */
  findKeys(start: number, end: number, select: Select, selectSecond: Select): number {
    const { values, inputs, keys, hashes } = this
    const hashed = this.#hashed
    let at = start
    try {
      for (; at < end; at++) {
        const key = inputs[at] === 0 ? select(values[at]) : selectSecond(values[at])
        const known = hashed[at]
        const isKnown = known === OF_KEY || (known === OF_VALUE && key === values[at])
        if (!isKnown) hashes[at] = routeHash(key)
        keys[at] = key
      }
    } catch (error) {
      this.failure = error
    }
    return at
  }

  /** Holds on to nothing of the first `count` records. */
  release(count: number): void {
    this.values.fill(undefined, 0, count)
    this.keys.fill(undefined, 0, count)
    this.failure = undefined
  }
}
