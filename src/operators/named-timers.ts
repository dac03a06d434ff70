/** `ctx.timers`: the timers of the current key as users see them. */
import { MillraceError } from '../errors.ts'
import { coalesced, type TimerDescriptor, type TimerSchema } from '../time/descriptors.ts'
import { type KeyedTimers, MIN_WATERMARK, type OperatorContext } from './operator.ts'
import type { ListedTimer, NamedTimer, TimerService, TimersOf } from './timer-functions.ts'

/** Without an `onTimer` there are only times to read. */
export class NamedTimers {
  /** Kept for functions without timers; else the host's own is the truth. */
  watermark = MIN_WATERMARK
  readonly context: OperatorContext
  readonly what: string
  readonly declared: TimerSchema
  /** What functions are given: the service with a handle for each declared timer. */
  readonly handles: TimersOf<TimerSchema>

  constructor(context: OperatorContext, what: string, declared: TimerSchema = {}) {
    this.context = context
    this.what = what
    this.declared = declared
    const named = Object.entries(declared).map(([name, descriptor]) => {
      return [name, new NamedTimerHandle(this, name, descriptor)] as const
    })
    // The names are those of the schema, and none is that of a method: see `checkTimers`.
    const handles: object = Object.assign(new Service(this), Object.fromEntries(named))
    this.handles = handles as TimersOf<TimerSchema>
  }

  /** The timers, if one may be set at this time. */
  at(timestamp: number): KeyedTimers {
    if (typeof timestamp === 'number' && !Number.isNaN(timestamp)) return this.required()
    throw new MillraceError('TYPE_MISMATCH', `${this.what}: ${String(timestamp)} is no time`, {
      cure: 'a timer takes milliseconds since 1970-01-01 UTC',
    })
  }

  required(): KeyedTimers {
    const { timers } = this.context
    if (timers !== undefined) return timers
    throw new MillraceError('JOB_GRAPH_INVALID', `${this.what} sets a timer and has no onTimer`, {
      cure: 'add onTimer to the function',
    })
  }
}

class Service implements TimerService {
  readonly #timers: NamedTimers

  constructor(timers: NamedTimers) {
    this.#timers = timers
  }

  get currentWatermark(): number {
    return this.#timers.context.timers?.currentWatermark ?? this.#timers.watermark
  }

  get currentProcessingTime(): number {
    return this.#timers.context.processingTime()
  }

  registerEventTimeTimer(timestamp: number, name = ''): void {
    if (name !== '') this.#refuseDeclared(name)
    this.#timers.at(timestamp).register('event-time', timestamp, name)
  }

  registerProcessingTimeTimer(timestamp: number, name = ''): void {
    if (name !== '') this.#refuseDeclared(name)
    this.#timers.at(timestamp).register('processing-time', timestamp, name)
  }

  deleteEventTimeTimer(timestamp: number, name = ''): void {
    this.#timers.at(timestamp).delete('event-time', timestamp, name)
  }

  deleteProcessingTimeTimer(timestamp: number, name = ''): void {
    this.#timers.at(timestamp).delete('processing-time', timestamp, name)
  }

  /** A function that declares timers knows the names of all that it sets. */
  #refuseDeclared(name: string): void {
    const { declared, what } = this.#timers
    if (Object.keys(declared).length === 0) return
    const isDeclared = Object.hasOwn(declared, name)
    const problem = isDeclared ? 'which it declares' : 'which is not among those it declares'
    const message = `${what} registers a timer by the name "${name}", ${problem}`
    throw new MillraceError('JOB_GRAPH_INVALID', message, {
      cure: isDeclared ? `use ctx.timers.${name}.set(…)` : 'declare it in `timers`, too',
    })
  }
}

class NamedTimerHandle implements NamedTimer<unknown> {
  readonly #timers: NamedTimers
  readonly #name: string
  readonly #descriptor: TimerDescriptor

  constructor(timers: NamedTimers, name: string, descriptor: TimerDescriptor) {
    this.#timers = timers
    this.#name = name
    this.#descriptor = descriptor
  }

  set(at: number, payload?: unknown): void {
    const timers = this.#timers.at(at)
    const { domain, payload: type } = this.#descriptor
    const held = type === undefined && payload === undefined ? undefined : this.#isolated(payload)
    timers.register(domain, coalesced(at, this.#descriptor), this.#name, held)
  }

  delete(at: number): void {
    const timers = this.#timers.at(at)
    timers.delete(this.#descriptor.domain, coalesced(at, this.#descriptor), this.#name)
  }

  list(): readonly ListedTimer<unknown>[] {
    const held = this.#timers.required().list(this.#descriptor.domain, this.#name)
    return held.map(({ time, payload }) => ({ at: time, payload }))
  }

  clear(): void {
    const timers = this.#timers.required()
    const { domain } = this.#descriptor
    for (const { time } of timers.list(domain, this.#name)) timers.delete(domain, time, this.#name)
  }

  #isolated(payload: unknown): unknown {
    const { payload: type } = this.#descriptor
    const what = `${this.#timers.what}: the payload of timer "${this.#name}"`
    if (type === undefined) {
      throw new MillraceError('TYPE_MISMATCH', `${what} has no type`, {
        cure: 'declare it: eventTimer(t.struct({ … }))',
      })
    }
    try {
      return type.isolate(payload)
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      const { code, message, cure } = error
      throw new MillraceError(code, `${what}: ${message}`, { cure, cause: error })
    }
  }
}
