/**
 * What a job author chains. Streams are descriptions: calling a method adds an operator to the
 * graph and returns the stream of its results; nothing runs. Whatever owns state, and every source
 * and sink, has a uid: it is the name under which its state is found again.
 */
import type {
  AggregateFunction,
  AsyncFunctionError,
  CompileError,
  KeyedProcessFunction,
  ProcessFunction,
  Synchronous,
  Timestamp,
} from '../operators/functions.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import type { MergingWindowAssigner, WindowAssigner } from '../operators/windows/assigners.ts'
import type {
  MergingAggregateFunction,
  WindowContext,
  WindowCount,
  WindowProcessFunction,
  WindowStateSchema,
} from '../operators/windows/functions.ts'
import type { MergingTrigger, Trigger } from '../operators/windows/triggers.ts'
import type { Sink } from '../operators/sink.ts'
import type { Source } from '../operators/source.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { Type } from '../types/type.ts'
import type { Duration } from '../util/duration.ts'

/** Keys that need no declared type. */
export type PrimitiveKey = string | number | bigint | boolean
/** What a selector without a declared type may return. */
export type SelectedKey<K> = K extends PrimitiveKey
  ? K
  : K extends PromiseLike<unknown>
    ? AsyncFunctionError
    : CompileError<'keys other than primitives need a type: keyBy(selector, type)'>

/** A running result of a key: what `count` and `sum` emit, once per record. */
export interface Update<K, V> {
  readonly key: K
  readonly value: V
}

/** Event time of a source: watermarks are made per split and are part of every checkpoint. */
export interface EventTime<T> {
  /** When the record happened, in milliseconds since 1970. */
  readonly timestamp: (value: T) => Timestamp
  /** How far records may be out of order; later ones are late. Default: 0. */
  readonly maxOutOfOrderness?: Duration
  /** A split that is silent for this long does not hold back the others. Default: never. */
  readonly idleness?: Duration
}

/** What `build` gets: where streams begin. */
export interface StreamEnvironment {
  /**
   * A stream of the records of a source.
   *
   * @example
   * env.fromSource('clicks', fileSource({ path: 'clicks', format: jsonLines(Click) }), {
   *   timestamp: (click) => click.at,
   *   maxOutOfOrderness: '5 s',
   * })
   */
  fromSource<T>(uid: string, source: Source<T>, time?: EventTime<NoInfer<T>>): DataStream<T>
  /** A stream of these values, once, in order. */
  fromElements<T>(uid: string, values: Iterable<T>, type?: Type<T>): DataStream<T>
}

export interface DataStream<T> {
  /** One result for each record. */
  map<O>(fn: (value: T) => Synchronous<O>): DataStream<O>
  /**
   * Any number of results for each record; what a generator yields is emitted as it comes.
   *
   * @example
   * lines.flatMap((line) => line.toLowerCase().match(/\p{L}+/gu) ?? [])
   */
  flatMap<O>(fn: (value: T) => Iterable<O> | AsyncFunctionError): DataStream<O>
  /** The records for which `fn` is true; a type guard narrows the stream. */
  filter<O extends T>(fn: (value: T) => value is O): DataStream<O>
  filter(fn: (value: T) => boolean | AsyncFunctionError): DataStream<T>
  /** Declares the type of the records, for fast encoding between workers. */
  returns<O extends T>(type: Type<O>): DataStream<O>
  /**
   * Groups records by key: all of one key go, in order, to the same subtask and its state. The
   * selector must give the same key for the same record each time.
   *
   * @param type of the key; needed for keys that are no string, number, bigint or boolean.
   * @example
   * clicks.keyBy((click) => [click.page, click.user], t.tuple(t.string, t.string))
   */
  keyBy<K>(selector: (value: T) => K, type: Type<K>): KeyedStream<K, T>
  keyBy<K>(selector: (value: T) => SelectedKey<K>): KeyedStream<K, T>
  /** This stream and others as one; in no order between them. */
  union(...others: readonly DataStream<T>[]): DataStream<T>
  /** A function with a context: timestamps, side outputs, resources. For state, `keyBy` first. */
  process<O = unknown, R = undefined>(uid: string, fn: ProcessFunction<T, O, R>): DataStream<O>
  /** What the process function (or source) that made this stream emits to `tag`. */
  sideOutput<X>(tag: OutputTag<X>): DataStream<X>
  /** Puts a function from stream to stream into the chain. */
  through<S>(fn: (stream: this) => S): S
  /** Ends the stream in a sink. */
  sinkTo(uid: string, sink: Sink<T>): void
  /** Prints the records, one a line. The uid defaults to `print`, `print-2`, … */
  print(uid?: string): void
}

/** Running results per key. */
export interface UpdateStream<K, V> extends DataStream<Update<K, V>> {
  /** Only the last result of each key, at the end of input. */
  latest(uid: string): DataStream<Update<K, V>>
}

export interface KeyedStream<K, T> {
  /** How many records of the key there were so far; one update for each. */
  count(uid: string): UpdateStream<K, number>
  /** The sum of `fn` over the records of the key so far; one update for each. */
  sum(uid: string, fn: (value: T) => number | AsyncFunctionError): UpdateStream<K, number>
  /**
   * Folds the records of a key into one of the same type; emits the running result for each.
   *
   * @param type of the result as it is kept in state. Default: that of the stream.
   */
  reduce(uid: string, fn: (a: T, b: T) => T | AsyncFunctionError, type?: Type<T>): DataStream<T>
  /**
   * Folds the records of a key into an accumulator; emits the running result for each.
   *
   * @example
   * orders.keyBy((order) => order.customer).aggregate('mean', {
   *   createAccumulator: () => ({ sum: 0, n: 0 }),
   *   add: (order, mean) => ({ sum: mean.sum + order.total, n: mean.n + 1 }),
   *   getResult: (mean) => mean.sum / mean.n,
   * })
   */
  aggregate<A, O>(uid: string, fn: AggregateFunction<T, A, O>): DataStream<O>
  /** A function with keyed state and timers. See `keyedProcess`. */
  process<O = unknown, S extends StateSchema = {}, R = undefined>(
    uid: string,
    fn: KeyedProcessFunction<K, T, O, S, R>,
  ): DataStream<O>
  /**
   * Groups the records of a key by time, too. Needs timestamps: see `EventTime`.
   *
   * @example
   * clicks.keyBy((click) => click.page).window(tumblingWindow('1 min')).count('views')
   */
  window(assigner: MergingWindowAssigner<T>): MergingWindowedStream<K, T>
  window(assigner: WindowAssigner): WindowedStream<K, T>
  /** The last record of each key, at the end of input. */
  latest(uid: string): DataStream<T>
  /** Puts a function from stream to stream into the chain. */
  through<S>(fn: (stream: this) => S): S
}

/** What windows of all kinds offer. Results carry the last moment of their window. */
interface Windowed<K, T> {
  /** Windows are kept this much longer: a late record of them fires anew. Default: 0. */
  allowedLateness(lateness: Duration): this
  /** Where records go that come even later; else they are only counted. */
  sideOutputLateData(tag: OutputTag<T>): this
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
  /** How many records a window has. Default of `emit`: key, window and value. */
  count<O = WindowCount<K>>(
    uid: string,
    emit?: (count: number, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O>
}

export interface WindowedStream<K, T> extends Windowed<K, T> {
  /** When windows fire. Default: `eventTimeTrigger()`. */
  trigger(trigger: Trigger<T>): this
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
  /** A function over all values of a window, which are kept until it is gone. */
  process<O = unknown, S extends StateSchema = {}, W extends WindowStateSchema = {}>(
    uid: string,
    fn: WindowProcessFunction<K, T, O, S, W>,
  ): DataStream<O>
}

/** Session windows: aggregates and triggers must say how they merge. */
export interface MergingWindowedStream<K, T> extends Windowed<K, T> {
  /** When windows fire. Default: `eventTimeTrigger()`. */
  trigger(trigger: MergingTrigger<T>): this
  /** As for other windows; sessions merge, so `fn` needs `merge`. */
  aggregate<A, R, O = R>(
    uid: string,
    fn: MergingAggregateFunction<T, A, R>,
    emit?: (result: R, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O>
  /** A function over all values of a window; there is no state per window. */
  process<O = unknown, S extends StateSchema = {}>(
    uid: string,
    fn: WindowProcessFunction<K, T, O, S>,
  ): DataStream<O>
}
