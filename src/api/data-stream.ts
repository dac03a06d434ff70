/**
 * Streams without keys: each method adds a node to the graph. Their contract is
 * `streams/data.ts`.
 */
import { print } from '../connectors/print.ts'
import type { KeySelector, OperatorNode } from '../graph/job-graph.ts'
import { AssignTimestampsOperator } from '../operators/assign-timestamps.ts'
import type { AsyncFunction, AsyncMapOptions } from '../operators/async/options.ts'
import type { ErrorPolicy, ParkLimits } from '../operators/failures/policy.ts'
import type { AsyncFunctionError, ProcessFunction, Synchronous } from '../operators/functions.ts'
import type { OperatorContext, Operator } from '../operators/operator.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import { ProcessOperator } from '../operators/process.ts'
import { type Sink, sinkBrand } from '../operators/sink.ts'
import { FilterOperator } from '../operators/stateless.ts'
import { flatMapOperator, mapOperator } from '../operators/text/operators.ts'
import { byteVersionOf } from '../operators/text/text-function.ts'
import type { MergingWindowAssigner, WindowAssigner } from '../operators/windows/assigners.ts'
import { dynamicType } from '../types/dynamic.ts'
import { t } from '../types/t.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { Type } from '../types/type.ts'
import {
  type Call,
  callOf,
  commonType,
  forwardEdges,
  invalid,
  requireFunction,
  type Site,
  type Upstream,
} from './site.ts'
import { BroadcastConnected, BroadcastDataStream } from './broadcast-streams.ts'
import { Connected } from './connected-streams.ts'
import { asyncMap, lookupJoin, type Place } from './async-stream.ts'
import { setErrorPolicy } from './error-policy.ts'
import { checkOperatorState, checkSideOutputs } from './process-node.ts'
import { timestampsOf } from './event-time.ts'
import type { LookupJoin } from './streams/async.ts'
import type { TimestampAssignment } from './streams/event-time.ts'
import type {
  BroadcastConnectedStreams,
  BroadcastStream,
  ConnectedStreams,
} from './streams/connected.ts'
import type { DataStream, SelectedKey } from './streams/data.ts'
import type { KeyedStream } from './streams/keyed.ts'
import type { MergingWindowedStream, WindowedStream } from './streams/windowed.ts'
import { anyProcess, anySink, unary } from './untyped.ts'

export class Stream<T> implements DataStream<T> {
  protected readonly site: Site
  readonly #upstreams: readonly Upstream[]

  constructor(site: Site, upstreams: readonly Upstream[]) {
    this.site = site
    this.#upstreams = upstreams
  }

  map<O>(fn: (value: T) => Synchronous<O>): DataStream<O> {
    const call = callOf('map')
    requireFunction(fn, call)
    const untyped = unary(fn)
    const text = byteVersionOf(fn)
    const create = (context: OperatorContext) => mapOperator(context, call.what, untyped)
    return this.#add(call, text?.outputType ?? dynamicType(), create, text?.one !== undefined)
  }

  flatMap<O>(fn: (value: T) => Iterable<O> | AsyncFunctionError): DataStream<O> {
    const call = callOf('flatMap')
    requireFunction(fn, call)
    // An AsyncFunctionError is never returned: it stands for a compile error.
    const untyped = unary(fn as (value: T) => Iterable<O>)
    const text = byteVersionOf(fn)
    const create = (context: OperatorContext) => flatMapOperator(context, call.what, untyped)
    return this.#add(call, text?.outputType ?? dynamicType(), create, text?.each !== undefined)
  }

  filter<O extends T>(fn: (value: T) => value is O): DataStream<O>
  filter(fn: (value: T) => boolean | AsyncFunctionError): DataStream<T>
  filter(fn: (value: T) => boolean | AsyncFunctionError): DataStream<T> {
    const call = callOf('filter')
    requireFunction(fn, call)
    const untyped = unary(fn)
    return this.#add(call, commonType(this.#upstreams), (context) => {
      return new FilterOperator(context, call.what, untyped)
    })
  }

  returns<O extends T>(type: Type<O>): DataStream<O> {
    return this.site.stream(this.#upstreams.map((upstream) => ({ ...upstream, type })))
  }

  keyBy<K>(selector: (value: T) => K, type: Type<K>): KeyedStream<K, T>
  keyBy<K>(selector: (value: T) => SelectedKey<K>): KeyedStream<K, T>
  keyBy<K>(selector: (value: T) => unknown, type: Type<K> = dynamicType()): KeyedStream<K, T> {
    requireFunction(selector, callOf('keyBy'))
    const key: KeySelector = Object.freeze({ select: unary(selector), type })
    return this.site.keyed(this.#upstreams, key, 'hash')
  }

  windowAll(assigner: MergingWindowAssigner<T>): MergingWindowedStream<'all', T>
  windowAll(assigner: WindowAssigner): WindowedStream<'all', T>
  windowAll(assigner: WindowAssigner | MergingWindowAssigner<T>): unknown {
    // One method takes both kinds.
    return this.keyBy(all, t.literal('all')).window(assigner as WindowAssigner)
  }

  countWindowAll(size: number, slide?: number): WindowedStream<'all', T> {
    return this.keyBy(all, t.literal('all')).countWindow(size, slide)
  }

  union(...others: readonly DataStream<T>[]): DataStream<T> {
    const call = callOf('union')
    const upstreams = [...this.#upstreams]
    for (const other of others) {
      upstreams.push(...Stream.upstreamsOf(other, this.site, call))
    }
    return this.site.stream(upstreams)
  }

  connect<B, BS extends BroadcastStateSchema>(
    other: BroadcastStream<B, BS>,
  ): BroadcastConnectedStreams<T, B, BS>
  connect<B>(other: DataStream<B>): ConnectedStreams<T, B>
  connect<B, BS extends BroadcastStateSchema>(
    other: DataStream<B> | BroadcastStream<B, BS>,
  ): ConnectedStreams<T, B> | BroadcastConnectedStreams<T, B, BS> {
    const { site } = this
    const call = callOf('connect')
    if (other instanceof BroadcastDataStream) {
      const second = BroadcastDataStream.upstreamsOf(other, site, call)
      return new BroadcastConnected<T, B, BS>(site, this.#upstreams, second, other.state)
    }
    // Anything else that is no stream of this job is refused.
    const second = Stream.upstreamsOf(other as DataStream<B>, site, call)
    return new Connected(site, this.#upstreams, second)
  }

  broadcast<BS extends BroadcastStateSchema>(state: BS): BroadcastStream<T, BS> {
    return new BroadcastDataStream(this.site, this.#upstreams, state)
  }

  /** What a stream stands for, if it is one of the same job. */
  static upstreamsOf(stream: DataStream<unknown>, site: Site, call: Call): readonly Upstream[] {
    if (stream instanceof Stream && stream.site.builder === site.builder) return stream.#upstreams
    throw invalid(call, 'joins a stream of another job', 'build both in the same job')
  }

  process<O = unknown, R = undefined, P extends OperatorStateSchema = {}>(
    uid: string,
    fn: ProcessFunction<T, O, R, P>,
  ): DataStream<O> {
    const call = callOf('process', uid)
    requireFunction(fn?.processElement, call, 'a processElement function')
    const untyped = anyProcess(fn)
    const node = {
      ...this.#node(call, fn.output ?? dynamicType()),
      operatorStates: checkOperatorState(fn.operatorState, call),
      create: (context: OperatorContext) => new ProcessOperator(context, call.what, untyped),
    }
    const { builder } = this.site
    const declared = checkSideOutputs(fn.sideOutputs, call)
    const from =
      declared === undefined
        ? builder.addWithOpenSideOutputs(node)
        : builder.add({ ...node, sideOutputs: declared })
    return this.site.stream([{ from, tag: undefined, type: node.outputType }])
  }

  asyncMap<O>(
    uid: string,
    options: AsyncMapOptions<T, NoInfer<O>, NoInfer<O>>,
    fn: AsyncFunction<T, O>,
  ): DataStream<O> {
    return asyncMap(this.#place(callOf('asyncMap', uid)), options, fn, 'one')
  }

  asyncFlatMap<O>(
    uid: string,
    options: AsyncMapOptions<T, NoInfer<O>, Iterable<NoInfer<O>>>,
    fn: AsyncFunction<T, Iterable<O>>,
  ): DataStream<O> {
    return asyncMap(this.#place(callOf('asyncFlatMap', uid)), options, fn, 'all')
  }

  lookupJoin<K, R, O, Kind extends 'inner' | 'left'>(
    uid: string,
    options: LookupJoin<T, K, R, O, Kind>,
  ): DataStream<O> {
    return lookupJoin(this.#place(callOf('lookupJoin', uid)), options)
  }

  assignTimestamps(uid: string, time: TimestampAssignment<T>): DataStream<T> {
    const call = callOf('assignTimestamps', uid)
    const strategy = timestampsOf(time, call)
    return this.#add(call, commonType(this.#upstreams), (context) => {
      return new AssignTimestampsOperator(context, call.what, strategy)
    })
  }

  sideOutput<X>(tag: OutputTag<X>): DataStream<X> {
    const call = callOf('sideOutput')
    const [upstream, ...others] = this.#upstreams
    if (upstream === undefined || others.length > 0) {
      const cure = 'read the side output of each stream before the union'
      throw invalid(call, 'reads a side output of a union', cure)
    }
    if (typeof tag?.name !== 'string') throw invalid(call, 'got no tag', 'pass an outputTag')
    this.site.builder.readSideOutput(upstream.from, tag.name, tag.type)
    return this.site.stream([{ from: upstream.from, tag: tag.name, type: tag.type }])
  }

  onError(policy: ErrorPolicy, limits?: ParkLimits): this {
    setErrorPolicy(this.site, this.#upstreams, policy, limits, callOf('onError'))
    return this
  }

  through<S>(fn: (stream: this) => S): S {
    return fn(this)
  }

  sinkTo(uid: string, sink: Sink<T>): void {
    this.#end(callOf('sinkTo', uid), anySink(sink))
  }

  print(uid?: string): void {
    this.#end(callOf('print', uid ?? this.site.builder.nextPrintUid()), print())
  }

  #place(call: Call): Place {
    return { site: this.site, upstreams: this.#upstreams, call }
  }

  #end(call: Call, sink: Sink<unknown>): void {
    if (sink?.[sinkBrand] !== true) {
      throw invalid(call, 'got something that is no sink', 'pass print(), fileSink(…) or another')
    }
    this.site.builder.add({
      kind: 'sink',
      uid: call.uid ?? '',
      location: call.location,
      outputType: commonType(this.#upstreams),
      inputs: forwardEdges(this.#upstreams),
      sink,
    })
  }

  #node(
    call: Call,
    outputType: Type<unknown>,
  ): Omit<OperatorNode, 'id' | 'label' | 'create' | 'sideOutputs'> {
    return {
      kind: 'operator',
      operation: call.operation,
      uid: call.uid,
      location: call.location,
      outputType,
      inputs: forwardEdges(this.#upstreams),
      key: undefined,
      states: {},
      usesTimers: false,
      // Generators of watermarks keep what they have seen to themselves.
      isUndoable: call.operation !== 'assignTimestamps',
    }
  }

  #add<O>(
    call: Call,
    outputType: Type<unknown>,
    create: (context: OperatorContext) => Operator,
    readsText = false,
  ): DataStream<O> {
    const node = { ...this.#node(call, outputType), create, sideOutputs: new Map(), readsText }
    const from = this.site.builder.add(node)
    return this.site.stream([{ from, tag: undefined, type: outputType }])
  }
}

/** The key of all records. */
function all(): 'all' {
  return 'all'
}
