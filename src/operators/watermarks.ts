/**
 * How event time is made: a watermark strategy, and its progress over the records of one split (or
 * of one subtask, in the middle of a stream). The progress is part of every checkpoint.
 */
import { MillraceError } from '../errors.ts'
import { describeKey } from '../types/keys.ts'
import type { Timestamp } from './functions.ts'
import { MIN_WATERMARK } from './operator.ts'

/** Says how far event time has come; one for each split, so what it keeps is of that split only. */
export interface WatermarkGenerator<T> {
  /** Each record, before the watermark that it may raise is asked for. */
  onRecord(value: T, timestamp: Timestamp): void
  /**
   * No record as old as this, or older, is expected any more; −∞ before there is any. Asked after
   * each batch. One that is less than the last is ignored and counted.
   */
  current(): Timestamp
  /** What a restored generator is made from; JSON. Absent: it starts anew. */
  snapshot?(): unknown
}

/** Makes the generator of a split; `restored` is what `snapshot` gave, or undefined. */
export type WatermarkGeneratorFactory<T> = (restored: unknown) => WatermarkGenerator<T>

export interface WatermarkStrategy {
  readonly timestamp: (value: unknown) => number
  readonly maxOutOfOrdernessMs: number
  /** Instead of the bound. */
  readonly watermarks?: WatermarkGeneratorFactory<unknown>
}

/** As a checkpoint holds it. */
export interface EventTimeRecord {
  readonly watermark: number
  /** What the generator said, as JSON text. */
  readonly generator?: string
}

function parsed(generator: string): unknown {
  try {
    return JSON.parse(generator)
  } catch (cause) {
    const message = 'the state of a generator of watermarks is no JSON'
    throw new MillraceError('STORAGE_CORRUPT', message, { cause })
  }
}

export class EventTimeProgress {
  watermark: number
  /** Watermarks of the generator that would have gone back. */
  backward = 0
  readonly #strategy: WatermarkStrategy
  readonly #generator: WatermarkGenerator<unknown> | undefined
  #maxTimestamp: number
  #generated = MIN_WATERMARK

  constructor(strategy: WatermarkStrategy, restored: EventTimeRecord | undefined) {
    const { watermark = MIN_WATERMARK, generator } = restored ?? {}
    this.#strategy = strategy
    this.watermark = watermark
    this.#maxTimestamp = watermark
    const state: unknown = generator === undefined ? undefined : parsed(generator)
    this.#generator = strategy.watermarks?.(state)
  }

  /** @throws `TYPE_MISMATCH` if the user's function gives no time. */
  timestampOf(value: unknown): number {
    const timestamp = this.#strategy.timestamp(value)
    if (Number.isFinite(timestamp)) return timestamp
    throw new MillraceError('TYPE_MISMATCH', `${String(timestamp)} is no timestamp`, {
      cure: 'the timestamp function gives milliseconds since 1970-01-01 UTC',
    })
  }

  /** The time of a record, which is taken into account: the watermark may follow it. */
  take(value: unknown): number {
    const timestamp = this.timestampOf(value)
    this.onRecord(value, timestamp)
    return timestamp
  }

  onRecord(value: unknown, timestamp: number): void {
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    this.#generator?.onRecord(value, timestamp)
  }

  /** Raises the watermark, if what came since allows it. */
  advance(): void {
    const watermark =
      this.#generator === undefined
        ? this.#maxTimestamp - this.#strategy.maxOutOfOrdernessMs - 1
        : this.#generate(this.#generator)
    if (watermark > this.watermark) this.watermark = watermark
  }

  /** What the generator keeps, for the checkpoint. */
  get generatorState(): string | undefined {
    const state = this.#generator?.snapshot?.()
    return state === undefined ? undefined : JSON.stringify(state)
  }

  #generate(generator: WatermarkGenerator<unknown>): number {
    const watermark: unknown = generator.current()
    if (typeof watermark !== 'number' || Number.isNaN(watermark)) {
      const what = `the watermark generator gave ${describeKey(watermark)}`
      throw new MillraceError('TYPE_MISMATCH', what, {
        cure: 'let current() give milliseconds since 1970-01-01 UTC, or -Infinity for none yet',
      })
    }
    if (watermark < this.#generated) this.backward++
    this.#generated = watermark
    return watermark
  }
}
