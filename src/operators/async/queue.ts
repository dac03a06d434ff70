/**
 * What an asynchronous operator has taken and not handed on: records and the watermarks between
 * them. A segment is the records between two watermarks: whatever the order inside, a watermark
 * goes on when its segment is empty, so no record passes one, nor is passed by one.
 */
import { MIN_WATERMARK } from '../operator.ts'
import type { Outcome } from './call.ts'

export class Pending {
  readonly value: unknown
  readonly timestamp: number
  outcome: Outcome | undefined
  readonly segment: Segment

  constructor(value: unknown, timestamp: number, segment: Segment) {
    this.value = value
    this.timestamp = timestamp
    this.segment = segment
  }
}

class Segment {
  /** In the order they came. */
  readonly records = new Set<Pending>()
  /** In the order they were done; only kept where results come in that order. */
  readonly done = new Set<Pending>()
  /** The watermark before its first record. */
  readonly after: number
  /** The one that closed it; undefined while it takes records. */
  watermark: number | undefined

  constructor(after: number) {
    this.after = after
  }
}

/** A record with the watermark that came before it. */
export interface Kept {
  readonly value: unknown
  readonly timestamp: number
  readonly after: number
}

export class PendingQueue {
  readonly #ordered: boolean
  #segments: Segment[] = [new Segment(MIN_WATERMARK)]
  #records = 0

  constructor(ordered: boolean) {
    this.#ordered = ordered
  }

  /** Records in it. */
  get size(): number {
    return this.#records
  }

  get isEmpty(): boolean {
    return this.#records === 0 && this.#segments.length === 1
  }

  add(value: unknown, timestamp: number): Pending {
    const segment = this.#last
    const pending = new Pending(value, timestamp, segment)
    segment.records.add(pending)
    this.#records++
    return pending
  }

  /** A watermark that nothing held back. */
  passWatermark(watermark: number): void {
    this.#segments = [new Segment(watermark)]
  }

  addWatermark(watermark: number): void {
    const last = this.#last
    const before = this.#segments.at(-2)
    // Of two watermarks with nothing between them only the later counts.
    if (last.records.size === 0 && before !== undefined) {
      before.watermark = watermark
      this.#segments[this.#segments.length - 1] = new Segment(watermark)
      return
    }
    last.watermark = watermark
    this.#segments.push(new Segment(watermark))
  }

  settle(pending: Pending, outcome: Outcome): void {
    pending.outcome = outcome
    if (!this.#ordered) pending.segment.done.add(pending)
  }

  /** The record whose result is next, if it is there; it stays until it is taken. */
  next(): Pending | undefined {
    const [segment] = this.#segments
    if (segment === undefined) return undefined
    const [first] = this.#ordered ? segment.records : segment.done
    return first?.outcome === undefined ? undefined : first
  }

  take(pending: Pending): void {
    pending.segment.records.delete(pending)
    pending.segment.done.delete(pending)
    this.#records--
  }

  /** The watermark that nothing holds back any more; it is taken. */
  nextWatermark(): number | undefined {
    const [segment] = this.#segments
    if (segment?.watermark === undefined || segment.records.size > 0) return undefined
    this.#segments.shift()
    return segment.watermark
  }

  /** All records, in the order they came. */
  *kept(): Generator<Kept> {
    for (const { records, after } of this.#segments) {
      for (const { value, timestamp } of records) yield { value, timestamp, after }
    }
  }

  get #last(): Segment {
    // There is always one that takes records.
    return this.#segments[this.#segments.length - 1] as Segment
  }
}
