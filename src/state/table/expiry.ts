/**
 * What frees state when its time is over: marks, which are timers of a reserved name, and so are
 * cut, restored, rescaled and fired with the others. There is at most about one for each key and
 * state, and it is set anew only when it fires: it then says when to look again.
 *
 *     \0ttl check <state>     some entry expires now: look through the state
 *     \0ttl bare <state>      entries without stamp expire now; at START: their time begins
 *
 * Deadlines are rounded up to a sixteenth of the time to live, so that marks that are set again,
 * after a restore or an eviction, are the same ones, and entries of a map go together.
 */
import { MillraceError } from '../../errors.ts'
import type { ExpiryOutput, TimerTable } from '../backend.ts'
import type { TimeToLive } from '../ttl.ts'

/** So many looks at a state in the time of one life, at most. */
const LOOKS_PER_LIFE = 16
const STAMP_MAX_MS = 2 ** 52
/** Before all that clocks show: fires as soon as there is one. */
const START_MS = -1e300
/** Behind all that they show: where the marks of a state lie whose time to live is switched off. */
export const SHELF_MS = 1e300
const MARK = '\0ttl '
const CHECK = `${MARK}check `
const BARE = `${MARK}bare `

/** A state of the current key that can let go of what has expired. */
export interface Mortal {
  readonly life: Life
  /** Removes what has expired, and marks when the next of what is left will. */
  sweep(markedAt: number): void
  /** Removes what has no stamp. */
  sweepBare(): void
}

export interface ExpiryHost {
  readonly timers: TimerTable
  readonly currentKey: () => unknown
  readonly processingTime: (() => number) | undefined
}

/** True for the names of marks; users' timers do not begin like this. */
export function isMark(name: string): boolean {
  return name.charCodeAt(0) === 0 && name.startsWith(MARK)
}

/** The clock and rule of one state. */
export class Life {
  readonly ttl: TimeToLive
  readonly stateId: number
  readonly #host: ExpiryHost
  readonly #expiry: Expiry
  readonly #granuleMs: number

  constructor(ttl: TimeToLive, stateId: number, host: ExpiryHost, expiry: Expiry) {
    this.ttl = ttl
    this.stateId = stateId
    this.#host = host
    this.#expiry = expiry
    this.#granuleMs = Math.max(1, Math.floor(ttl.afterMs / LOOKS_PER_LIFE))
  }

  /** The stamp of a touch now; -1 while event time has not begun. */
  now(): number {
    const clock = this.#clock()
    if (clock === Number.NEGATIVE_INFINITY) return -1
    return Math.min(STAMP_MAX_MS, Math.max(0, Math.floor(clock)))
  }

  /** What has no stamp is not expired: its marks know. */
  isExpired(stampMs: number): boolean {
    return stampMs >= 0 && stampMs + this.ttl.afterMs <= this.#clock()
  }

  /** True if reads must pass it over. */
  hides(stampMs: number): boolean {
    return !this.ttl.returnsExpired && this.isExpired(stampMs)
  }

  /**
   * Makes sure that there is a mark for an entry of the current key; `markedAt` is the one that is
   * known to be set, 0 if none. Gives the one that is known then.
   */
  mark(stampMs: number, markedAt: number): number {
    if (stampMs < 0) {
      this.markBare()
      return markedAt
    }
    const at = this.#rounded(stampMs + this.ttl.afterMs)
    if (markedAt !== 0 && markedAt <= at) return markedAt
    this.#host.timers.register(this.ttl.domain, at, CHECK + this.stateId)
    return at
  }

  /** Has the state looked through as soon as there is a clock. */
  markNow(): void {
    this.#host.timers.register(this.ttl.domain, START_MS, CHECK + this.stateId)
  }

  /** Entries without stamp count from the first time that the clock shows. */
  markBare(): void {
    this.#host.timers.register(this.ttl.domain, START_MS, BARE + this.stateId)
  }

  /** A mark of entries without stamp fires; true if their time is over. */
  bareIsOver(time: number): boolean {
    if (time !== START_MS) return true
    const at = this.#rounded(this.#clock() + this.ttl.afterMs)
    if (at === Number.POSITIVE_INFINITY) return true
    this.#host.timers.register(this.ttl.domain, at, BARE + this.stateId)
    return false
  }

  /** Of an entry that has expired and is removed: counts it, and tells the function. */
  tell(value: unknown, stampMs: number, mapKey?: unknown): void {
    this.#expiry.expired++
    const { onExpire, afterMs, domain } = this.ttl
    if (onExpire === undefined) return
    const expiredAt = stampMs < 0 ? this.#clock() : stampMs + afterMs
    const result: unknown = onExpire(value, {
      key: this.#host.currentKey(),
      mapKey,
      lastTouch: stampMs < 0 ? undefined : stampMs,
      expiredAt,
      output: (tag, given) => {
        this.#expiry.emit(tag, given, domain === 'event-time' ? expiredAt : undefined)
      },
    })
    if (typeof result !== 'object' || result === null || !('then' in result)) return
    throw new MillraceError('JOB_ASYNC_FUNCTION', 'onExpire of a state returns a promise', {
      cure: 'emit with output(), and call the outside world behind that',
    })
  }

  #rounded(deadlineMs: number): number {
    return Math.ceil(deadlineMs / this.#granuleMs) * this.#granuleMs
  }

  #clock(): number {
    const { timers, processingTime } = this.#host
    if (this.ttl.domain === 'event-time') return timers.currentWatermark
    return processingTime?.() ?? timers.currentProcessingTime
  }
}

export class Expiry {
  /** Entries that were removed because they had expired. */
  expired = 0
  output: ExpiryOutput | undefined
  readonly #states = new Map<number, Mortal>()

  add(state: Mortal): void {
    this.#states.set(state.life.stateId, state)
  }

  /** True if any state has a time to live. */
  get isNeeded(): boolean {
    return this.#states.size > 0
  }

  /** The rule of a state, if it has one. */
  lifeOf(stateId: number): Life | undefined {
    return this.#states.get(stateId)?.life
  }

  /** A mark of the current key fires. */
  fire(name: string, time: number): void {
    const mark = markOf(name)
    const state = mark === undefined ? undefined : this.#states.get(mark.stateId)
    if (mark === undefined || state === undefined) return
    if (!mark.isBare) state.sweep(time)
    else if (state.life.bareIsOver(time)) state.sweepBare()
  }

  emit(tag: Parameters<ExpiryOutput>[0], value: unknown, timestamp: number | undefined): void {
    if (this.output !== undefined) return this.output(tag, value, timestamp)
    throw new MillraceError('JOB_GRAPH_INVALID', `onExpire emits to "${tag.name}" of no function`, {
      cure: 'only process functions have side outputs',
    })
  }
}

/** What a name of a mark says; undefined if it is that of a user's timer. */
export function markOf(
  name: string,
): { readonly stateId: number; readonly isBare: boolean } | undefined {
  if (!isMark(name)) return undefined
  const isBare = name.startsWith(BARE)
  return { stateId: Number(name.slice(isBare ? BARE.length : CHECK.length)), isBare }
}
