/** What a job author chains on a stream that is grouped by key and time. */
import type {
  AggregateFunction,
  AsyncFunctionError,
  Synchronous,
} from '../../operators/functions.ts'
import type { OutputTag } from '../../operators/output-tag.ts'
import type { Evictor } from '../../operators/windows/evictors.ts'
import type {
  MergingAggregateFunction,
  MergingWindowProcessFunction,
  WindowContext,
  WindowCount,
  WindowProcessFunction,
  WindowStateSchema,
} from '../../operators/windows/functions.ts'
import type { MergingTrigger, Trigger } from '../../operators/windows/triggers.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import type { Duration } from '../../util/duration.ts'
import type { DataStream } from './data.ts'

/** What windows of all kinds offer. Results carry the last moment of their window. */
interface Windowed<K, T> {
  /** Windows are kept this much longer: a late record of them fires anew. Default: 0. */
  allowedLateness(lateness: Duration): this
  /** Where records go that come even later; else they are only counted. */
  sideOutputLateData(tag: OutputTag<T>): this
  /** What leaves a window when it fires. All values are kept then, whatever function follows. */
  evictor(evictor: Evictor<T>): this
  /** How many records a window has. Default of `emit`: key, window and value. */
  count<O = WindowCount<K>>(
    uid: string,
    emit?: (count: number, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O>
}

export interface WindowedStream<K, T> extends Windowed<K, T> {
  /** When windows fire. Default: at their end, and for each late record. */
  trigger(trigger: Trigger<T>): this
  /**
   * Folds the records of a window into one of the same type.
   *
   * @param emit makes the result from it, with key and window. Default: the folded record.
   */
  reduce<O = T>(
    uid: string,
    fn: (a: T, b: T) => T | AsyncFunctionError,
    emit?: (result: T, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O>
  /**
   * Folds the records of a window into one, for a process function that gets a list of this one.
   */
  reduce<O = unknown, S extends StateSchema = {}, W extends WindowStateSchema = {}>(
    uid: string,
    fn: (a: T, b: T) => T | AsyncFunctionError,
    process: WindowProcessFunction<K, T, O, S, W>,
  ): DataStream<O>
  /**
   * Folds the records of a window into an accumulator.
   *
   * @param emit makes the result from it, with key and window. Default: what `getResult` gives.
   */
  aggregate<A, R, O = R>(
    uid: string,
    fn: AggregateFunction<T, A, R>,
    emit?: (result: R, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O>
  /** The same for a process function, which gets a list of the one result. */
  aggregate<A, R, O = unknown, S extends StateSchema = {}, W extends WindowStateSchema = {}>(
    uid: string,
    fn: AggregateFunction<T, A, R>,
    process: WindowProcessFunction<K, R, O, S, W>,
  ): DataStream<O>
  /** A function over all values of a window, which are kept until it is gone. */
  process<O = unknown, S extends StateSchema = {}, W extends WindowStateSchema = {}>(
    uid: string,
    fn: WindowProcessFunction<K, T, O, S, W>,
  ): DataStream<O>
}

/** Session windows: aggregates and triggers must say how they merge. */
export interface MergingWindowedStream<K, T> extends Windowed<K, T> {
  /** When windows fire. Default: at their end, and for each late record. */
  trigger(trigger: MergingTrigger<T>): this
  /**
   * Folds the records of a window into one of the same type.
   *
   * @param emit makes the result from it, with key and window. Default: the folded record.
   */
  reduce<O = T>(
    uid: string,
    fn: (a: T, b: T) => T | AsyncFunctionError,
    emit?: (result: T, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O>
  /**
   * Folds the records of a window into one, for a process function that gets a list of this one.
   */
  reduce<O = unknown, S extends StateSchema = {}>(
    uid: string,
    fn: (a: T, b: T) => T | AsyncFunctionError,
    process: MergingWindowProcessFunction<K, T, O, S>,
  ): DataStream<O>
  /** As for other windows; sessions merge, so `fn` needs `merge`. */
  aggregate<A, R, O = R>(
    uid: string,
    fn: MergingAggregateFunction<T, A, R>,
    emit?: (result: R, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O>
  /** The same for a process function, which gets a list of the one result. */
  aggregate<A, R, O = unknown, S extends StateSchema = {}>(
    uid: string,
    fn: MergingAggregateFunction<T, A, R>,
    process: MergingWindowProcessFunction<K, R, O, S>,
  ): DataStream<O>
  /** A function over all values of a window; there is no state per window. */
  process<O = unknown, S extends StateSchema = {}>(
    uid: string,
    fn: MergingWindowProcessFunction<K, T, O, S>,
  ): DataStream<O>
}
