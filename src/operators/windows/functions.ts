/**
 * What users write for windows and what their functions are given: windows, the context of a
 * result, and process functions over all values of a window.
 */
import type { StateDescriptor, StateOf, StateSchema } from '../../state/descriptors.ts'
import type { ReadonlyValueState, ValueState } from '../../state/handles.ts'
import type { Type } from '../../types/type.ts'
import type { AggregateFunction, AsyncFunctionError, Collector, Timestamp } from '../functions.ts'
import type { OutputTag } from '../output-tag.ts'

/** From `start` on and before `end`; both are infinite for the global window. */
export interface TimeWindow {
  readonly start: Timestamp
  readonly end: Timestamp
}

/** Where a result comes from. */
export interface WindowContext<K> {
  readonly key: K
  readonly window: TimeWindow
}

/** What `count` of a windowed stream emits. */
export interface WindowCount<K> extends WindowContext<K> {
  readonly value: number
}

/** An aggregate for windows that merge: of two accumulators one can be made. */
export interface MergingAggregateFunction<I, A, O> extends AggregateFunction<I, A, O> {
  readonly merge: (a: A, b: A) => A
}

/** Value states, each with a value per key and window. */
export type WindowStateSchema = Readonly<Record<string, ValueDescriptor>>
type ValueDescriptor = StateDescriptor<
  ValueState<unknown, unknown>,
  ReadonlyValueState<unknown, unknown>
>

/** What a window process function can reach besides its values. Valid only during the call. */
export interface WindowProcessContext<S, W> {
  /** The states of the key, shared by all its windows. They stay until they are cleared. */
  readonly state: StateOf<S>
  /** The states of the window; gone when the window is. */
  readonly windowState: StateOf<W>
  readonly currentWatermark: Timestamp
  readonly currentProcessingTime: Timestamp
  /** Emits to a side output; read it with `stream.sideOutput(tag)`. */
  output<X>(tag: OutputTag<X>, value: X): void
}

/** A function over all values of a window, called each time the window fires. */
export interface WindowProcessFunction<
  K,
  I,
  O,
  S extends StateSchema = {},
  W extends WindowStateSchema = {},
> {
  /** Type of what is collected; default: dynamic. */
  readonly output?: Type<O>
  /** Keyed state shared by the windows of a key, by name. */
  readonly state?: S
  /** State per window, by name; the engine removes it with the window. */
  readonly windowState?: W
  /** If given, only these side outputs may be emitted and read. */
  readonly sideOutputs?: readonly OutputTag<unknown>[]
  readonly process: (
    key: K,
    window: TimeWindow,
    values: readonly I[],
    out: Collector<O>,
    ctx: WindowProcessContext<S, W>,
  ) => void | undefined | AsyncFunctionError
}

/** The same for windows that merge: two values of a window could not become one. */
export interface MergingWindowProcessFunction<
  K,
  I,
  O,
  S extends StateSchema = {},
> extends WindowProcessFunction<K, I, O, S> {
  readonly windowState?: never
}
