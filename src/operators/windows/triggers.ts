/**
 * When a window fires, and when it drops its values. A trigger is asked at each record and at each
 * timer it has set, and keeps at most one small value per key and window. What becomes of the
 * window in the end is not its business: the engine removes it when its time is over.
 */
import { MillraceError } from '../../errors.ts'
import type { ValueState } from '../../state/handles.ts'
import { dynamicType } from '../../types/dynamic.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { type Duration, parseDurationMs } from '../../util/duration.ts'
import type { Timestamp } from '../functions.ts'
import type { TimeWindow } from './functions.ts'
import { windowStart } from './slices.ts'
import { maxTimestampOf } from './window.ts'

/** `fire` emits the result of the window, `purge` drops its values. */
export type TriggerResult = 'continue' | 'fire' | 'purge' | 'fire-and-purge'

/** Times, timers and state of the window that a trigger is asked about. */
export interface TriggerContext<S = unknown> {
  readonly currentWatermark: Timestamp
  readonly currentProcessingTime: Timestamp
  /** The trigger's own value; only for triggers that declare a type for it. */
  readonly state: ValueState<S>
  registerEventTimeTimer(timestamp: Timestamp): void
  registerProcessingTimeTimer(timestamp: Timestamp): void
  deleteEventTimeTimer(timestamp: Timestamp): void
  deleteProcessingTimeTimer(timestamp: Timestamp): void
}

/** A trigger; `S` is its state. Write your own as an object of this type. */
export interface Trigger<T = unknown, S = unknown> {
  /** Type of the state; without it there is none. */
  readonly state?: Type<S>
  onElement(
    value: T,
    timestamp: Timestamp,
    window: TimeWindow,
    ctx: TriggerContext<S>,
  ): TriggerResult
  /** Also called when the engine is about to remove the window: tell your times apart. */
  onEventTime(time: Timestamp, window: TimeWindow, ctx: TriggerContext<S>): TriggerResult
  onProcessingTime(time: Timestamp, window: TimeWindow, ctx: TriggerContext<S>): TriggerResult
  /** Windows were merged into this one: set its timers. Needed for session windows. */
  onMerge?(window: TimeWindow, ctx: TriggerContext<S>): void
  /** The state of a merged window. Needed for session windows if there is state. */
  mergeState?(a: S, b: S): S
  /** The window goes, or becomes part of another: delete its timers. State is cleared after it. */
  clear(window: TimeWindow, ctx: TriggerContext<S>): void
}

/** A trigger that can be used with session windows. */
export interface MergingTrigger<T = unknown, S = unknown> extends Trigger<T, S> {
  onMerge(window: TimeWindow, ctx: TriggerContext<S>): void
}

const goOn = (): TriggerResult => 'continue'
const nothing = (): void => undefined

const EVENT_TIME = Object.freeze<MergingTrigger>({
  onElement(_value, _timestamp, window, ctx) {
    if (maxTimestampOf(window) <= ctx.currentWatermark) return 'fire'
    ctx.registerEventTimeTimer(maxTimestampOf(window))
    return 'continue'
  },
  onEventTime: (time, window) => (time === maxTimestampOf(window) ? 'fire' : 'continue'),
  onProcessingTime: goOn,
  onMerge(window, ctx) {
    const last = maxTimestampOf(window)
    if (last > ctx.currentWatermark) ctx.registerEventTimeTimer(last)
  },
  clear: (window, ctx) => ctx.deleteEventTimeTimer(maxTimestampOf(window)),
})

/** Fires when the watermark passes the end, and for each late record. The default of event time. */
export function eventTimeTrigger(): MergingTrigger {
  return EVENT_TIME
}

function registerEnd(window: TimeWindow, ctx: TriggerContext): void {
  ctx.registerProcessingTimeTimer(maxTimestampOf(window))
}

const PROCESSING_TIME = Object.freeze<MergingTrigger>({
  onElement(_value, _timestamp, window, ctx) {
    registerEnd(window, ctx)
    return 'continue'
  },
  onEventTime: goOn,
  onProcessingTime: (time, window) => (time === maxTimestampOf(window) ? 'fire' : 'continue'),
  onMerge(window, ctx) {
    if (maxTimestampOf(window) > ctx.currentProcessingTime) registerEnd(window, ctx)
  },
  clear: (window, ctx) => ctx.deleteProcessingTimeTimer(maxTimestampOf(window)),
})

/** Fires when the time of day passes the end of the window. The default of processing time. */
export function processingTimeTrigger(): MergingTrigger {
  return PROCESSING_TIME
}

/** Fires at each `n`th record of the window. The end of the window does not fire it. */
export function countTrigger(n: number): MergingTrigger<unknown, number> {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new MillraceError(
      'JOB_GRAPH_INVALID',
      `countTrigger: ${String(n)} is no number of records`,
      {
        cure: 'give a whole number, 1 or more',
      },
    )
  }
  return Object.freeze<MergingTrigger<unknown, number>>({
    state: t.float64,
    onElement(_value, _timestamp, _window, { state }) {
      const seen = (state.value() ?? 0) + 1
      if (seen < n) {
        state.update(seen)
        return 'continue'
      }
      state.clear()
      return 'fire'
    },
    onEventTime: goOn,
    onProcessingTime: goOn,
    onMerge: nothing,
    mergeState: (a, b) => a + b,
    clear: nothing,
  })
}

/** Fires at each multiple of `interval` in event time while there are records, and at the end. */
export function continuousEventTimeTrigger(interval: Duration): MergingTrigger<unknown, Timestamp> {
  const intervalMs = positiveMs(interval, 'continuousEventTimeTrigger: interval')
  const registerNext = (
    time: Timestamp,
    window: TimeWindow,
    ctx: TriggerContext<Timestamp>,
  ): void => {
    const next = Math.min(time + intervalMs, maxTimestampOf(window))
    ctx.state.update(next)
    ctx.registerEventTimeTimer(next)
  }
  return Object.freeze<MergingTrigger<unknown, Timestamp>>({
    state: t.float64,
    onElement(_value, timestamp, window, ctx) {
      if (maxTimestampOf(window) <= ctx.currentWatermark) return 'fire'
      ctx.registerEventTimeTimer(maxTimestampOf(window))
      if (ctx.state.value() === undefined) {
        registerNext(windowStart(timestamp, 0, intervalMs), window, ctx)
      }
      return 'continue'
    },
    onEventTime(time, window, ctx) {
      if (time === maxTimestampOf(window)) return 'fire'
      if (time !== ctx.state.value()) return 'continue'
      registerNext(time, window, ctx)
      return 'fire'
    },
    onProcessingTime: goOn,
    onMerge(_window, ctx) {
      const next = ctx.state.value()
      if (next !== undefined) ctx.registerEventTimeTimer(next)
    },
    mergeState: Math.min,
    clear(window, ctx) {
      ctx.deleteEventTimeTimer(maxTimestampOf(window))
      const next = ctx.state.value()
      if (next !== undefined) ctx.deleteEventTimeTimer(next)
    },
  })
}

/**
 * Fires at each multiple of `interval` in processing time while there are records, and in windows
 * of processing time at the end.
 */
export function continuousProcessingTimeTrigger(
  interval: Duration,
): MergingTrigger<unknown, Timestamp> {
  const intervalMs = positiveMs(interval, 'continuousProcessingTimeTrigger: interval')
  const registerAfter = (time: Timestamp, ctx: TriggerContext<Timestamp>): void => {
    const next = windowStart(time, 0, intervalMs) + intervalMs
    ctx.state.update(next)
    ctx.registerProcessingTimeTimer(next)
  }
  return Object.freeze<MergingTrigger<unknown, Timestamp>>({
    state: t.float64,
    onElement(_value, _timestamp, _window, ctx) {
      if (ctx.state.value() === undefined) registerAfter(ctx.currentProcessingTime, ctx)
      return 'continue'
    },
    onEventTime: goOn,
    onProcessingTime(time, window, ctx) {
      if (time === ctx.state.value()) registerAfter(time, ctx)
      else if (time !== maxTimestampOf(window)) return 'continue'
      return 'fire'
    },
    onMerge(_window, ctx) {
      const next = ctx.state.value()
      if (next !== undefined) ctx.registerProcessingTimeTimer(next)
    },
    mergeState: Math.min,
    clear(_window, ctx) {
      const next = ctx.state.value()
      if (next !== undefined) ctx.deleteProcessingTimeTimer(next)
    },
  })
}

/**
 * Fires when a record is more than `threshold` away, as `delta` measures it, from the one at which
 * it fired last. The first record of a window only sets the mark.
 *
 * @param type of the record that is kept as the mark.
 */
export function deltaTrigger<T>(
  threshold: number,
  delta: (last: T, value: T) => number,
  type: Type<T> = dynamicType<T>(),
): Trigger<T, T> {
  if (typeof delta !== 'function' || !(threshold >= 0)) {
    throw new MillraceError('JOB_GRAPH_INVALID', 'deltaTrigger needs a threshold and a function', {
      cure: 'deltaTrigger(3, distance)',
    })
  }
  return Object.freeze<Trigger<T, T>>({
    state: type,
    onElement(value, _timestamp, _window, { state }) {
      const last = state.value()
      if (last !== undefined && !(delta(last, value) > threshold)) return 'continue'
      state.update(value)
      return last === undefined ? 'continue' : 'fire'
    },
    onEventTime: goOn,
    onProcessingTime: goOn,
    clear: nothing,
  })
}

/** Never fires. */
export function neverTrigger(): MergingTrigger {
  return Object.freeze<MergingTrigger>({
    onElement: goOn,
    onEventTime: goOn,
    onProcessingTime: goOn,
    onMerge: nothing,
    clear: nothing,
  })
}

/**
 * The inner trigger, but what it fires is dropped afterwards: each value is in one result.
 *
 * @example
 * .window(globalWindow()).trigger(purgingTrigger(countTrigger(100)))
 */
export function purgingTrigger<T, S>(inner: MergingTrigger<T, S>): MergingTrigger<T, S>
export function purgingTrigger<T, S>(inner: Trigger<T, S>): Trigger<T, S>
export function purgingTrigger<T, S>(inner: Trigger<T, S>): Trigger<T, S> {
  return Object.freeze<Trigger<T, S>>({
    ...inner,
    onElement: (value, timestamp, window, ctx) =>
      purged(inner.onElement(value, timestamp, window, ctx)),
    onEventTime: (time, window, ctx) => purged(inner.onEventTime(time, window, ctx)),
    onProcessingTime: (time, window, ctx) => purged(inner.onProcessingTime(time, window, ctx)),
    clear: (window, ctx) => inner.clear(window, ctx),
  })
}

function purged(result: TriggerResult): TriggerResult {
  return result === 'fire' ? 'fire-and-purge' : result
}

/** @throws `JOB_GRAPH_INVALID` if the duration is 0. */
export function positiveMs(duration: Duration, what: string): number {
  const durationMs = parseDurationMs(duration, what)
  if (durationMs > 0) return durationMs
  throw new MillraceError('JOB_GRAPH_INVALID', `${what} is 0`, { cure: 'give it more than 0' })
}
