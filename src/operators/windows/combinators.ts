/**
 * Triggers made of triggers: what fires before a window is complete, what fires after. Each part
 * keeps its own state, as if it were alone.
 */
import type { ValueState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import type { Duration } from '../../util/duration.ts'
import type { Timestamp } from '../functions.ts'
import { eventTimeTrigger, positiveMs } from './triggers.ts'
import type { MergingTrigger, Trigger, TriggerContext, TriggerResult } from './triggers.ts'
import { maxTimestampOf } from './window.ts'

/**
 * Results before the window is complete in event time, and what `rest` fires.
 *
 * @param first when; a duration is that long (in processing time) after the first record that is
 *   not in a result yet.
 * @param rest default: `eventTimeTrigger()`.
 * @example
 * .window(tumblingWindow('1 h')).trigger(early('10 s', late(countTrigger(1))))
 */
export function early<T>(
  first: Duration | MergingTrigger<T>,
  rest?: MergingTrigger<T>,
): MergingTrigger<T>
export function early<T>(first: Duration | Trigger<T>, rest?: Trigger<T>): Trigger<T>
export function early<T>(
  first: Duration | Trigger<T>,
  rest: Trigger<T> = eventTimeTrigger(),
): Trigger<T> {
  const isDuration = typeof first === 'number' || typeof first === 'string'
  const before = isDuration ? soonTrigger(first) : first
  return pair<T>(before, rest, (part, isComplete) => part === 'second' || !isComplete)
}

/**
 * What `first` fires until the window is complete, then for late records what `trigger` fires.
 *
 * @param first default: `eventTimeTrigger()`.
 * @example
 * .allowedLateness('1 h').trigger(late(countTrigger(100)))
 */
export function late<T>(trigger: MergingTrigger<T>, first?: MergingTrigger<T>): MergingTrigger<T>
export function late<T>(trigger: Trigger<T>, first?: Trigger<T>): Trigger<T>
export function late<T>(trigger: Trigger<T>, first: Trigger<T> = eventTimeTrigger()): Trigger<T> {
  return pair<T>(first, trigger, (part, isComplete) => isComplete === (part === 'second'))
}

/** Fires once, `interval` after the first record since it fired last. */
function soonTrigger(interval: Duration): MergingTrigger<unknown, Timestamp> {
  const intervalMs = positiveMs(interval, 'early: interval')
  return Object.freeze<MergingTrigger<unknown, Timestamp>>({
    state: t.float64,
    onElement(_value, _timestamp, _window, ctx) {
      if (ctx.state.value() !== undefined) return 'continue'
      const time = ctx.currentProcessingTime + intervalMs
      ctx.state.update(time)
      ctx.registerProcessingTimeTimer(time)
      return 'continue'
    },
    onEventTime: () => 'continue',
    onProcessingTime(time, _window, ctx) {
      if (time !== ctx.state.value()) return 'continue'
      ctx.state.clear()
      return 'fire'
    },
    onMerge(_window, ctx) {
      const time = ctx.state.value()
      if (time !== undefined) ctx.registerProcessingTimeTimer(time)
    },
    mergeState: Math.min,
    clear(_window, ctx) {
      const time = ctx.state.value()
      if (time !== undefined) ctx.deleteProcessingTimeTimer(time)
    },
  })
}

interface PairState {
  readonly first?: unknown
  readonly second?: unknown
}

const NAMES = ['first', 'second'] as const
type Name = (typeof NAMES)[number]

/** Two triggers as one; `asks` tells which of them have a say. */
function pair<T>(
  first: Trigger<T>,
  second: Trigger<T>,
  asks: (name: Name, isComplete: boolean) => boolean,
): Trigger<T, PairState> {
  const parts = { first: new Part(first, 'first'), second: new Part(second, 'second') }
  type Ask = (part: Part<T>, ctx: TriggerContext) => TriggerResult
  const both = (isComplete: boolean, ctx: TriggerContext<PairState>, ask: Ask): TriggerResult => {
    const one = asks('first', isComplete) ? ask(parts.first, parts.first.on(ctx)) : 'continue'
    const two = asks('second', isComplete) ? ask(parts.second, parts.second.on(ctx)) : 'continue'
    return together(one, two)
  }
  return Object.freeze<Trigger<T, PairState>>({
    ...stateOf(first, second),
    onElement(value, timestamp, window, ctx) {
      return both(maxTimestampOf(window) <= ctx.currentWatermark, ctx, ({ trigger }, own) =>
        trigger.onElement(value, timestamp, window, own),
      )
    },
    onEventTime(time, window, ctx) {
      return both(time > maxTimestampOf(window), ctx, ({ trigger }, own) =>
        trigger.onEventTime(time, window, own),
      )
    },
    onProcessingTime(time, window, ctx) {
      return both(maxTimestampOf(window) <= ctx.currentWatermark, ctx, ({ trigger }, own) =>
        trigger.onProcessingTime(time, window, own),
      )
    },
    ...(first.onMerge === undefined || second.onMerge === undefined
      ? {}
      : {
          onMerge(window, ctx) {
            first.onMerge?.(window, parts.first.on(ctx))
            second.onMerge?.(window, parts.second.on(ctx))
          },
        }),
    clear(window, ctx) {
      first.clear(window, parts.first.on(ctx))
      second.clear(window, parts.second.on(ctx))
    },
  })
}

function together(one: TriggerResult, two: TriggerResult): TriggerResult {
  const fires = one.startsWith('fire') || two.startsWith('fire')
  const purges = one.endsWith('purge') || two.endsWith('purge')
  if (fires) return purges ? 'fire-and-purge' : 'fire'
  return purges ? 'purge' : 'continue'
}

function stateOf(
  first: Trigger,
  second: Trigger,
): Pick<Trigger<unknown, PairState>, 'state' | 'mergeState'> {
  const triggers = { first, second }
  const withState = NAMES.filter((name) => triggers[name].state !== undefined)
  if (withState.length === 0) return {}
  const fields = withState.map((name) => [name, t.optional(triggers[name].state ?? t.json())])
  const state: Type<PairState> = t.struct(Object.fromEntries(fields))
  if (withState.some((name) => triggers[name].mergeState === undefined)) return { state }
  const mergeOf = (name: Name, a: PairState, b: PairState): PairState => {
    if (a[name] === undefined) return b[name] === undefined ? {} : { [name]: b[name] }
    if (b[name] === undefined) return { [name]: a[name] }
    return { [name]: triggers[name].mergeState?.(a[name], b[name]) }
  }
  return {
    state,
    mergeState: (a, b) => ({ ...mergeOf('first', a, b), ...mergeOf('second', a, b) }),
  }
}

/** What one of the two sees: its own part of the state. Pointed at a context before each call. */
class Part<T> implements TriggerContext, ValueState<unknown> {
  readonly trigger: Trigger<T>
  readonly #name: Name
  #outer: TriggerContext<PairState> | undefined

  constructor(trigger: Trigger<T>, name: Name) {
    this.trigger = trigger
    this.#name = name
  }

  on(outer: TriggerContext<PairState>): this {
    this.#outer = outer
    return this
  }

  get currentWatermark(): Timestamp {
    return this.#all.currentWatermark
  }

  get currentProcessingTime(): Timestamp {
    return this.#all.currentProcessingTime
  }

  get state(): ValueState<unknown> {
    return this
  }

  value(): unknown {
    return this.#all.state.value()?.[this.#name]
  }

  update(value: unknown): void {
    const { state } = this.#all
    state.update({ ...state.value(), [this.#name]: value })
  }

  clear(): void {
    const { state } = this.#all
    const other = this.#name === 'first' ? 'second' : 'first'
    const kept = state.value()?.[other]
    if (kept === undefined) state.clear()
    else state.update({ [other]: kept })
  }

  registerEventTimeTimer(timestamp: Timestamp): void {
    this.#all.registerEventTimeTimer(timestamp)
  }

  registerProcessingTimeTimer(timestamp: Timestamp): void {
    this.#all.registerProcessingTimeTimer(timestamp)
  }

  deleteEventTimeTimer(timestamp: Timestamp): void {
    this.#all.deleteEventTimeTimer(timestamp)
  }

  deleteProcessingTimeTimer(timestamp: Timestamp): void {
    this.#all.deleteProcessingTimeTimer(timestamp)
  }

  get #all(): TriggerContext<PairState> {
    return required(this.#outer, 'a part of a trigger is called through the whole')
  }
}
