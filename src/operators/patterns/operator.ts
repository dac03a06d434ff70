/**
 * Finds the matches of a pattern among the events of each key. In event time, events wait until the
 * watermark has reached them, and are looked at by timestamp; in processing time, as they come.
 * Matches that are out of time end by a timer, of which a key has one at most.
 */
import { MillraceError } from '../../errors.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import type { ValueState } from '../../state/handles.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import { BaseOperator, tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import {
  type KeyedTimers,
  type OperatorContext,
  type Output,
  type TimeDomain,
} from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'
import { bufferStates, MatchBuffer } from './buffer.ts'
import { EventFacts } from './facts.ts'
import { Matcher } from './matcher.ts'
import { MatchEmitter, type MatchFunctions } from './emitter.ts'
import { NO_PROGRESS, type Progress, PROGRESS_STATE, progressStates } from './progress.ts'
import { EventQueue, queueStates } from './queue.ts'
import type { Automaton } from './states.ts'
import { matchNames, type PatternSpec } from './steps.ts'

/** Names of timers are in every snapshot; at one time, events come before what is out of time. */
const EVENTS_TIMER = 'pattern-events'
const TIMEOUT_TIMER = 'pattern-timeout'

export interface PatternOperatorSpec {
  readonly pattern: PatternSpec
  readonly automaton: Automaton
  readonly domain: TimeDomain
  readonly lateTag: OutputTag<unknown> | undefined
  readonly functions: MatchFunctions
}

export function patternStates(domain: TimeDomain, eventType: Type<unknown>): StateSchema {
  return {
    ...progressStates,
    ...bufferStates(eventType),
    ...(domain === 'event-time' ? queueStates(eventType) : {}),
  }
}

export class PatternOperator extends BaseOperator {
  readonly #what: string
  readonly #context: OperatorContext
  readonly #domain: TimeDomain
  readonly #timers: KeyedTimers
  readonly #progress: ValueState<Progress>
  readonly #queue: EventQueue | undefined
  readonly #matcher: Matcher
  readonly #lateOutput: Output | undefined
  #lateRecords = 0

  constructor(context: OperatorContext, what: string, spec: PatternOperatorSpec) {
    super(context, what)
    const { pattern, automaton, domain, lateTag } = spec
    const table = tableOf(context)
    this.#what = what
    this.#context = context
    this.#domain = domain
    this.#timers = required(context.timers, `${what} needs timers`)
    // `patternStates` declares it for this operator.
    this.#progress = table.handles[PROGRESS_STATE] as ValueState<Progress>
    this.#queue = domain === 'event-time' ? new EventQueue(table) : undefined
    this.#lateOutput = lateTag === undefined ? undefined : context.sideOutput(lateTag)
    const buffer = new MatchBuffer(table)
    const names = matchNames(pattern.steps)
    const processingTime = (): number => context.processingTime()
    const facts = new EventFacts({ automaton, buffer, names, what, processingTime })
    const hasTime = domain === 'event-time'
    const receiver = new MatchEmitter(context, what, { ...spec.functions, buffer, names, hasTime })
    const { withinMs, skip } = pattern
    this.#matcher = new Matcher({ automaton, withinMs, skip, buffer, facts, receiver, what })
  }

  readonly #process = (event: unknown, time: number): void => this.#matcher.process(event, time)
  /** With an error policy an event fails for itself; what is begun anew knows nothing of it. */
  readonly #processAlone = (event: unknown, time: number): void => {
    const about = () => ({ record: event, timestamp: time })
    this.#context.guard?.attempt(about, () => this.#step(time, () => this.#process(event, time)))
  }

  /** Records that came after the watermark had passed them, since this subtask started. */
  get lateRecords(): number {
    return this.#lateRecords
  }

  processElement(value: unknown, timestamp: Timestamp): void {
    const queue = this.#queue
    if (queue === undefined) {
      const now = this.#context.processingTime()
      return this.#step(now, () => this.#matcher.process(value, now))
    }
    this.#requireTimestamp(timestamp)
    if (timestamp <= this.#timers.currentWatermark) {
      this.#lateRecords++
      this.#lateOutput?.collect(value, timestamp)
    } else if (queue.add(timestamp, value)) {
      this.#timers.register('event-time', timestamp, EVENTS_TIMER)
    }
  }

  onTimer(_domain: TimeDomain, time: number, name: string): void {
    const isOfEvents = name === EVENTS_TIMER
    if (this.#context.guard === undefined) {
      this.#step(time, () => void (isOfEvents && this.#queue?.take(time, this.#process)))
    } else {
      this.#step(time, () => undefined)
      if (isOfEvents) this.#queue?.take(time, this.#processAlone)
    }
  }

  /** Loads what the key has, works on it, and stores it. */
  #step(time: number, work: () => void): void {
    const before = this.#begin(time)
    work()
    this.#finish(before, time)
  }

  /** Loads what the key has, and lets its time come to `time`. */
  #begin(time: number): Progress | undefined {
    const before = this.#progress.value()
    this.#matcher.load(before)
    this.#matcher.advance(time)
    return before
  }

  /** Stores what the key has now, and sets its timer. */
  #finish(before: Progress | undefined, time: number): void {
    const after = this.#matcher.unload()
    if (after === undefined) return
    if (after === NO_PROGRESS) this.#progress.clear()
    else this.#progress.update(after)
    const old = before?.deadline ?? NO_PROGRESS.deadline
    const { deadline } = after
    if (deadline === old) return
    // An old one that is due has fired, or is about to, and finds nothing to do.
    if (old > time && old < Infinity) this.#timers.delete(this.#domain, old, TIMEOUT_TIMER)
    if (deadline < Infinity) this.#timers.register(this.#domain, deadline, TIMEOUT_TIMER)
  }

  #requireTimestamp(timestamp: Timestamp): void {
    if (Number.isFinite(timestamp)) return
    const problem = `${this.#what} got a record without timestamp`
    throw new MillraceError('JOB_GRAPH_INVALID', problem, {
      cure: 'give fromSource a timestamp function, or match .inProcessingTime()',
      details: { operator: this.#what },
    })
  }
}
