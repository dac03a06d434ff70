/**
 * What all window operators share: they add records to windows, ask the trigger, emit what fires,
 * and remove each window when the watermark passes its last moment plus the allowed lateness.
 *
 * All they hold is keyed state: contents and trigger state under the slot of a window, and timers
 * under its name. The slot of an aligned window is its end; sessions have numbers, so that a
 * session may grow without its contents being touched. Removing is never left to triggers.
 *
 * Windows in processing time have a second timer, at the end of all event time: when the input
 * ends, what is in them is not lost.
 */
import { required } from '../../util/assert.ts'
import { BaseOperator, tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import type { KeyedTimers, OperatorContext, TimeDomain } from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'
import type { MergingWindowAssigner, WindowAssigner } from './assigners.ts'
import type { ContentsKind, WindowContents } from './contents.ts'
import { type EmitterKind, timestampOf, type WindowEmitter } from './emitters.ts'
import type { Fold } from './fold.ts'
import { LateRecords, requireTimestamp } from './late.ts'
import { WindowTriggerContext } from './trigger-context.ts'
import { eventTimeTrigger, type Trigger, type TriggerResult } from './triggers.ts'
import { Window } from './window.ts'

/** Event time at the end of input. */
const END_OF_INPUT = Number.POSITIVE_INFINITY

export interface WindowSpec {
  readonly assigner: WindowAssigner | MergingWindowAssigner<unknown>
  readonly trigger: Trigger
  readonly allowedLatenessMs: number
  readonly lateTag: OutputTag<unknown> | undefined
  readonly contents: ContentsKind
  /** What folds the values, if they are folded. */
  readonly fold: Fold | undefined
  readonly emitter: EmitterKind
}

export abstract class WindowOperator extends BaseOperator {
  protected readonly contents: WindowContents
  protected readonly trigger: Trigger
  protected readonly triggerContext: WindowTriggerContext
  protected readonly timers: KeyedTimers
  /** True if the trigger has nothing to say about a further record of an open window. */
  protected readonly isQuiet: boolean
  /** True if it is quiet, and fires just when the window goes: by the timer that removes it. */
  readonly #firesAtLast: boolean
  readonly #what: string
  readonly #host: OperatorContext
  /** By which time windows end. */
  readonly #domain: TimeDomain
  readonly #emitter: WindowEmitter
  readonly #latenessMs: number
  readonly #late: LateRecords
  /** Of the timer before, which mostly had the same name. */
  #timerWindow = new Window(0, 0)
  #timerName: string | undefined

  constructor(context: OperatorContext, what: string, spec: WindowSpec) {
    super(context, what)
    const table = tableOf(context)
    this.#what = what
    this.#host = context
    this.#domain = spec.assigner.time === 'processing' ? 'processing-time' : 'event-time'
    this.contents = spec.contents.create(context)
    this.trigger = spec.trigger
    this.isQuiet = this.trigger === eventTimeTrigger() && this.#domain === 'event-time'
    this.triggerContext = new WindowTriggerContext(context, table, what, this.#domain)
    this.timers = required(context.timers, `${what} needs timers`)
    this.#emitter = spec.emitter.create(context, what)
    this.#latenessMs = spec.allowedLatenessMs
    this.#firesAtLast = this.isQuiet && this.#latenessMs === 0 && spec.assigner.kind !== 'global'
    this.#late = new LateRecords(context, spec.lateTag)
  }

  /** Records that came after their windows had gone, since this subtask started. */
  get lateRecords(): number {
    return this.#late.count
  }

  onTimer(domain: TimeDomain, time: number, name: string): void {
    if (this.#timerName !== name) {
      this.#timerWindow = Window.fromTimerName(name)
      this.#timerName = name
    }
    const window = this.#timerWindow
    const slot = this.slotOf(window)
    if (slot === undefined) return this.onStray(window, time)
    if (this.#isLeftBehind(domain, time, window, slot)) return
    if (this.#firesAtLast && domain === 'event-time' && this.#host.guard === undefined) {
      if (time < window.maxTimestamp) return
      if (this.contents.has(slot)) this.#fire(window, slot)
      return this.#remove(window, slot)
    }
    this.pointAt(window, slot)
    const isEnd = this.#domain === 'processing-time' && time === END_OF_INPUT
    const now = isEnd ? window.maxTimestamp : time
    let result: TriggerResult = 'continue'
    this.#attempt(window, slot, () => {
      result =
        domain === 'event-time' && !isEnd
          ? this.trigger.onEventTime(now, window, this.triggerContext)
          : this.trigger.onProcessingTime(now, window, this.triggerContext)
    })
    this.#apply(result, window, slot)
    if (isEnd || (domain === this.#domain && time === this.#cleanupTime(window))) {
      this.#remove(window, slot)
    }
  }

  /** Where the state of a window lies; undefined if the key has no such window. */
  protected abstract slotOf(window: Window): number | undefined
  /** A timer came of a window that the key does not have. */
  protected onStray(_window: Window, _time: Timestamp): void {}
  /** All its state has gone. */
  protected abstract forget(window: Window): void

  /** The time by which a record is put into windows. */
  protected timeOf(timestamp: Timestamp): Timestamp {
    if (this.#domain === 'processing-time') return this.#host.processingTime()
    requireTimestamp(timestamp, this.#what)
    return timestamp
  }

  protected addTo(window: Window, slot: number, value: unknown, timestamp: Timestamp): void {
    // Whatever holds something has its timers already.
    if (this.contents.add(slot, value, timestamp)) {
      this.registerCleanup(window)
      if (this.#firesAtLast) return
    } else if (this.isQuiet && window.maxTimestamp > this.timers.currentWatermark) return
    this.pointAt(window, slot)
    this.#apply(this.trigger.onElement(value, timestamp, window, this.triggerContext), window, slot)
  }

  /** Sets the timer by which the window will be removed; the global window stays. */
  protected registerCleanup(window: Window): void {
    const cleanupTime = this.#cleanupTime(window)
    if (cleanupTime === Number.POSITIVE_INFINITY) return
    this.timers.register(this.#domain, cleanupTime, window.timerName)
    if (this.#domain === 'event-time') return
    this.timers.register('event-time', END_OF_INPUT, window.timerName)
  }

  /** Sets the timer by which the default trigger fires it. */
  protected registerEnd(window: Window): void {
    if (this.#firesAtLast) return
    this.timers.register('event-time', window.maxTimestamp, window.timerName)
  }

  /** True once the window has been removed, or is about to be. Processing time is never late. */
  protected isLate(window: Window): boolean {
    if (this.#domain === 'processing-time') return false
    return this.#cleanupTime(window) <= this.timers.currentWatermark
  }

  protected late(value: unknown, timestamp: Timestamp): void {
    this.#late.take(value, timestamp)
  }

  protected pointAt(window: Window, slot: number): void {
    this.triggerContext.pointAt(window, slot, this.#cleanupTime(window))
  }

  /** A window becomes part of another: its timers and trigger state go. */
  protected dissolve(window: Window, slot: number): void {
    this.pointAt(window, slot)
    this.trigger.clear(window, this.triggerContext)
    this.triggerContext.clear()
    this.#deleteTimers(window)
  }

  #cleanupTime(window: Window): Timestamp {
    return window.maxTimestamp + this.#latenessMs
  }

  /** True for a timer that a trigger did not delete when its window went. */
  #isLeftBehind(domain: TimeDomain, time: Timestamp, window: Window, slot: number): boolean {
    const cleanupTime = this.#cleanupTime(window)
    if (domain === this.#domain) return time > cleanupTime
    if (domain === 'event-time') return false // of a processing-time window that is still there
    return cleanupTime <= this.timers.currentWatermark && !this.contents.has(slot)
  }

  /**
   * With an error policy, what a window is asked for fails for itself: the window goes on, and goes
   * in the end, as if it had not been asked.
   */
  #attempt(window: Window, slot: number, part: () => void): void {
    const { guard } = this.#host
    if (guard === undefined) return part()
    const about = () => ({
      record: this.contents.held(slot),
      timestamp: timestampOf(window),
      window: window.shown,
    })
    guard.attempt(about, part)
  }

  #apply(result: TriggerResult, window: Window, slot: number): void {
    if (result === 'continue') return
    const fires = result !== 'purge'
    if (fires && this.contents.has(slot))
      this.#attempt(window, slot, () => this.#fire(window, slot))
    if (result !== 'fire') this.contents.clear(slot)
  }

  #fire(window: Window, slot: number): void {
    this.contents.evict?.('before', slot, window)
    if (!this.contents.has(slot)) return
    this.#emitter.emit(window, slot, this.contents.result(slot))
    this.contents.evict?.('after', slot, window)
  }

  #deleteTimers(window: Window): void {
    this.timers.delete(this.#domain, this.#cleanupTime(window), window.timerName)
    if (this.#domain === 'event-time') return
    this.timers.delete('event-time', END_OF_INPUT, window.timerName)
  }

  #remove(window: Window, slot: number): void {
    if (!this.#firesAtLast) {
      this.#attempt(window, slot, () => this.trigger.clear(window, this.triggerContext))
    }
    this.contents.clear(slot)
    this.triggerContext.clear()
    this.#emitter.clear(slot)
    this.forget(window)
    if (this.#domain === 'processing-time') this.#deleteTimers(window)
  }
}
