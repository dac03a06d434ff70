/**
 * Where streams begin, and what a job author chains on a stream without keys. Streams are
 * descriptions: calling a method adds an operator to the graph and returns the stream of its
 * results; nothing runs. Whatever owns state, and every source and sink, has a uid: it is the name
 * under which its state is found again.
 */
import type { AsyncFunction, AsyncMapOptions } from '../../operators/async/options.ts'
import type {
  AsyncFunctionError,
  CompileError,
  ProcessFunction,
  Synchronous,
} from '../../operators/functions.ts'
import type { ErrorPolicy, ParkLimits } from '../../operators/failures/policy.ts'
import type { OutputTag } from '../../operators/output-tag.ts'
import type { Sink } from '../../operators/sink.ts'
import type { Source } from '../../operators/source.ts'
import type { MergingWindowAssigner, WindowAssigner } from '../../operators/windows/assigners.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../../state/operator-descriptors.ts'
import type { Type } from '../../types/type.ts'
import type { BroadcastConnectedStreams, BroadcastStream, ConnectedStreams } from './connected.ts'
import type { LookupJoin } from './async.ts'
import type { EventTime, TimestampAssignment } from './event-time.ts'
import type { KeyedStream } from './keyed.ts'
import type { MergingWindowedStream, WindowedStream } from './windowed.ts'

/** Keys that need no declared type. */
export type PrimitiveKey = string | number | bigint | boolean
/** What a selector without a declared type may return. */
export type SelectedKey<K> = K extends PrimitiveKey
  ? K
  : K extends PromiseLike<unknown>
    ? AsyncFunctionError
    : CompileError<'keys other than primitives need a type: keyBy(selector, type)'>

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
  /**
   * Groups all records by time. One subtask handles them all, whatever the parallelism: prefer
   * windows of keys. The key in contexts and results is `'all'`.
   *
   * @example
   * clicks.windowAll(tumblingWindow('1 min')).count('clicks-per-minute')
   */
  windowAll(assigner: MergingWindowAssigner<T>): MergingWindowedStream<'all', T>
  windowAll(assigner: WindowAssigner): WindowedStream<'all', T>
  /** Groups so many records, as `countWindow` of a keyed stream; one subtask handles them all. */
  countWindowAll(size: number, slide?: number): WindowedStream<'all', T>
  /** This stream and others as one; in no order between them. */
  union(...others: readonly DataStream<T>[]): DataStream<T>
  /** This stream and another of any type, for functions that take both. */
  connect<B, BS extends BroadcastStateSchema>(
    other: BroadcastStream<B, BS>,
  ): BroadcastConnectedStreams<T, B, BS>
  connect<B>(other: DataStream<B>): ConnectedStreams<T, B>
  /**
   * This stream for every subtask of what it is connected to. What it says is kept in maps that
   * are equal in all of them.
   *
   * @example
   * const limits = rules.broadcast({ byMerchant: mapState(t.string, Rule) })
   */
  broadcast<BS extends BroadcastStateSchema>(state: BS): BroadcastStream<T, BS>
  /** A function with a context: timestamps, side outputs, resources. For state, `keyBy` first. */
  process<O = unknown, R = undefined, P extends OperatorStateSchema = {}>(
    uid: string,
    fn: ProcessFunction<T, O, R, P>,
  ): DataStream<O>
  /**
   * One result for each record, from a call to the outside world: the place for what is
   * asynchronous. Many calls are under way at once; those are in every checkpoint, and made again
   * after a restore, so a call may happen twice though its result counts once.
   *
   * @param fn must not change its record; its signal aborts at the timeout and when the task ends.
   * @throws `FUNCTION_TIMEOUT`, `FUNCTION_FAILED` as the job's failure, unless `options` have a
   *   stand-in for the result.
   * @example
   * lines.asyncMap('locate', { timeout: '5 s', retry: { attempts: 3 } }, async (line, signal) => {
   *   const answer = await fetch(`https://places.example/${line.place}`, { signal })
   *   return { ...line, at: await answer.text() }
   * })
   */
  asyncMap<O>(
    uid: string,
    options: AsyncMapOptions<T, NoInfer<O>, NoInfer<O>>,
    fn: AsyncFunction<T, O>,
  ): DataStream<O>
  /** As `asyncMap`, with any number of results for each record. */
  asyncFlatMap<O>(
    uid: string,
    options: AsyncMapOptions<T, NoInfer<O>, Iterable<NoInfer<O>>>,
    fn: AsyncFunction<T, Iterable<O>>,
  ): DataStream<O>
  /**
   * Joins each record with a row that is looked up in the outside world when the record comes.
   *
   * @example
   * orders.lookupJoin('with-customer', {
   *   kind: 'left',
   *   key: (order) => order.customer,
   *   lookup: async (customer, signal) => customers.find(customer, signal),
   *   join: (order, customer) => ({ ...order, name: customer?.name ?? 'unknown' }),
   *   timeout: '2 s',
   *   cache: { entries: 10_000, ttl: '1 min' },
   * })
   */
  lookupJoin<K, R, O, Kind extends 'inner' | 'left'>(
    uid: string,
    options: LookupJoin<T, K, R, O, Kind>,
  ): DataStream<O>
  /**
   * Gives records new timestamps, from which new watermarks are made: for records whose time is
   * known only here. Where it can, let the source do it: it knows its splits.
   *
   * @example
   * lines
   *   .map(parse)
   *   .assignTimestamps('time', { timestamp: (order) => order.at, maxOutOfOrderness: '5 s' })
   */
  assignTimestamps(uid: string, time: TimestampAssignment<T>): DataStream<T>
  /** What the process function (or source) that made this stream emits to `tag`. */
  sideOutput<X>(tag: OutputTag<X>): DataStream<X>
  /**
   * What becomes of records at which the function that made this stream throws: `'fail'` (the
   * default) fails its task, `'skip'` passes them over, `'dead-letter'` sends a `DeadLetter` to the
   * side output `deadLetterTag`, `'park'` lets them wait, and with them, in order, all that comes
   * later for their keys: it is tried again after each restart, and at the end. A call that throws
   * leaves nothing behind: neither state nor timers nor results. Results are handed on when the
   * call has returned. Of windows, joins and patterns, what they make of several records fails for
   * itself: one window, pair or match. It holds for the selector of a key, too: such a record has
   * none.
   *
   * @param limits how much may wait; more fails the job with `PARKED_TOO_MANY`.
   * @throws `JOB_GRAPH_INVALID` after a source, a union, a side output and `assignTimestamps`; and
   *   to park where there are no keys.
   * @example
   * const orders = lines.map((line) => JSON.parse(line)).onError('dead-letter')
   * orders.sideOutput(deadLetterTag).sinkTo('rejects', fileSink({ path: 'rejects' }))
   */
  onError(policy: 'park', limits?: ParkLimits): this
  onError(policy: ErrorPolicy): this
  /** Puts a function from stream to stream into the chain. */
  through<S>(fn: (stream: this) => S): S
  /** Ends the stream in a sink. */
  sinkTo(uid: string, sink: Sink<T>): void
  /** Prints the records, one a line. The uid defaults to `print`, `print-2`, … */
  print(uid?: string): void
}
