/** `ctx.timers`: the timers of the current key as users see them. */
import { MillraceError } from '../errors.ts'
import type { TimerService } from './functions.ts'
import { type KeyedTimers, MIN_WATERMARK, type OperatorContext } from './operator.ts'

/** Without an `onTimer` there are only times to read. */
export class NamedTimers implements TimerService {
  /** Kept for functions without timers; else the host's own is the truth. */
  watermark = MIN_WATERMARK
  readonly #timers: KeyedTimers | undefined
  readonly #context: OperatorContext
  readonly #what: string

  constructor(context: OperatorContext, what: string) {
    this.#timers = context.timers
    this.#context = context
    this.#what = what
  }

  get currentWatermark(): number {
    return this.#timers?.currentWatermark ?? this.watermark
  }

  get currentProcessingTime(): number {
    return this.#context.processingTime()
  }

  registerEventTimeTimer(timestamp: number, name = ''): void {
    this.#checked(timestamp).register('event-time', timestamp, name)
  }

  registerProcessingTimeTimer(timestamp: number, name = ''): void {
    this.#checked(timestamp).register('processing-time', timestamp, name)
  }

  deleteEventTimeTimer(timestamp: number, name = ''): void {
    this.#checked(timestamp).delete('event-time', timestamp, name)
  }

  deleteProcessingTimeTimer(timestamp: number, name = ''): void {
    this.#checked(timestamp).delete('processing-time', timestamp, name)
  }

  #checked(timestamp: number): KeyedTimers {
    if (typeof timestamp !== 'number' || Number.isNaN(timestamp)) {
      throw new MillraceError('TYPE_MISMATCH', `${this.#what}: ${String(timestamp)} is no time`, {
        cure: 'a timer takes milliseconds since 1970-01-01 UTC',
      })
    }
    if (this.#timers !== undefined) return this.#timers
    throw new MillraceError('JOB_GRAPH_INVALID', `${this.#what} sets a timer and has no onTimer`, {
      cure: 'add onTimer to the function',
    })
  }
}
