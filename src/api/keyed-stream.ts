/**
 * Keyed streams: each method adds a node that owns keyed state. Their contract is
 * `streams/keyed.ts`.
 */
import type { KeySelector, OperatorNode } from '../graph/job-graph.ts'
import {
  AGGREGATE_STATE,
  COUNT_STATE,
  CountOperator,
  FoldOperator,
  LATEST_STATE,
  LatestOperator,
  REDUCE_STATE,
  SUM_STATE,
  SumOperator,
} from '../operators/aggregate.ts'
import type {
  AggregateFunction,
  AsyncFunctionError,
  KeyedProcessFunction,
} from '../operators/functions.ts'
import type { OperatorContext } from '../operators/operator.ts'
import { KeyedProcessOperator } from '../operators/process.ts'
import type { Pattern } from '../operators/patterns/types.ts'
import type { MergingWindowAssigner, WindowAssigner } from '../operators/windows/assigners.ts'
import { synchronous } from '../operators/synchronous.ts'
import { aggregatingState, reducingState, valueState } from '../state/descriptors.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { Subject } from '../state/sealed/subject.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import { dynamicType } from '../types/dynamic.ts'
import { t } from '../types/t.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { Type } from '../types/type.ts'
import { BroadcastDataStream } from './broadcast-streams.ts'
import { KeyedConnected } from './connected-streams.ts'
import { patternStream } from './pattern-stream.ts'
import { JoinSite } from './join-site.ts'
import { type HelperNode, type HelperSite, KeyedHelpers } from './keyed-helpers.ts'
import {
  checkKeyedProcess,
  checkOperatorState,
  checkSideOutputs,
  declaredTypes,
  keyAs,
} from './process-node.ts'
import {
  type Call,
  callOf,
  commonType,
  invalid,
  type KeyedPartitioning,
  requireFunction,
  type Site,
  type Upstream,
} from './site.ts'
import type {
  BroadcastStream,
  KeyedBroadcastConnectedStreams,
  KeyedConnectedStreams,
} from './streams/connected.ts'
import type { DataStream } from './streams/data.ts'
import type { KeyedStream, UpdateStream } from './streams/keyed.ts'
import type { PatternStream } from './streams/pattern.ts'
import type { MergingWindowedStream, WindowedStream } from './streams/windowed.ts'
import { edgesInto, type KeyedInput } from './two-inputs.ts'
import {
  countWindowed,
  windowed,
  type WindowedDataStream,
  type WindowNode,
  type WindowSite,
} from './windowed-stream.ts'
import type { SideOutputs } from './window-checks.ts'
import { anyAggregate, anyKeyedProcess, binary, unary } from './untyped.ts'

export class KeyedDataStream<K, T> extends KeyedHelpers<K, T> implements KeyedStream<K, T> {
  readonly #site: Site
  readonly #upstreams: readonly Upstream[]
  readonly #key: KeySelector
  readonly #partitioning: KeyedPartitioning

  constructor(
    site: Site,
    upstreams: readonly Upstream[],
    key: KeySelector,
    partitioning: KeyedPartitioning,
  ) {
    super()
    this.#site = site
    this.#upstreams = upstreams
    this.#key = key
    this.#partitioning = partitioning
  }

  shredBy(subjectOf: (key: K) => Subject): KeyedStream<K, T> {
    const call = callOf('shredBy')
    requireFunction(subjectOf, call, 'a function from key to subject')
    const key = Object.freeze({ ...this.#key, shredBy: unary(subjectOf) })
    return new KeyedDataStream(this.#site, this.#upstreams, key, this.#partitioning)
  }

  count(uid: string): UpdateStream<K, number> {
    const call = callOf('count', uid)
    return this.#updates(call, t.float64, {
      states: { [COUNT_STATE]: valueState(t.float64, { initial: 0 }) },
      create: (context) => new CountOperator(context, call.what),
    })
  }

  sum(uid: string, fn: (value: T) => number | AsyncFunctionError): UpdateStream<K, number> {
    const call = callOf('sum', uid)
    requireFunction(fn, call)
    const untyped = unary(fn)
    return this.#updates(call, t.float64, {
      states: { [SUM_STATE]: valueState(t.float64, { initial: 0 }) },
      create: (context) => new SumOperator(context, call.what, untyped),
    })
  }

  reduce(
    uid: string,
    fn: (a: T, b: T) => T | AsyncFunctionError,
    type: Type<unknown> = commonType(this.#upstreams),
  ): DataStream<T> {
    const call = callOf('reduce', uid)
    requireFunction(fn, call)
    const fold = synchronous(binary<unknown>(fn), call.what)
    return this.#add(call, {
      states: { [REDUCE_STATE]: reducingState(fold, type) },
      outputType: type,
      create: (context) => new FoldOperator(context, call.what, REDUCE_STATE),
    })
  }

  aggregate<A, O>(uid: string, fn: AggregateFunction<T, A, O>): DataStream<O> {
    const call = callOf('aggregate', uid)
    requireFunction(fn?.createAccumulator, call, 'a createAccumulator function')
    requireFunction(fn.add, call, 'an add function')
    requireFunction(fn.getResult, call, 'a getResult function')
    const { accumulator = dynamicType(), output = dynamicType(), ...parts } = anyAggregate(fn)
    const fold = { ...parts, add: synchronous(parts.add, call.what) }
    return this.#add(call, {
      states: { [AGGREGATE_STATE]: aggregatingState(fold, accumulator) },
      outputType: output,
      create: (context) => new FoldOperator(context, call.what, AGGREGATE_STATE),
    })
  }

  process<
    O = unknown,
    S extends StateSchema = {},
    R = undefined,
    Timers extends TimerSchema = {},
    P extends OperatorStateSchema = {},
  >(uid: string, fn: KeyedProcessFunction<K, T, O, S, R, Timers, P>): DataStream<O> {
    const call = callOf('process', uid)
    const untyped = anyKeyedProcess(fn)
    checkKeyedProcess(untyped, call)
    const { key, input } = declaredTypes(fn)
    const node = {
      ...this.#node(call, keyAs(this.#key, key, call), input),
      states: untyped.state ?? {},
      outputType: untyped.output ?? dynamicType(),
      operatorStates: checkOperatorState(fn.operatorState, call),
      usesTimers: untyped.onTimer !== undefined,
      timers: untyped.timers ?? {},
      create: (context: OperatorContext) => new KeyedProcessOperator(context, call.what, untyped),
    }
    const declared = checkSideOutputs(fn.sideOutputs, call) ?? 'those that are read'
    return this.#addWithSideOutputs(node, declared)
  }

  connect<B, BS extends BroadcastStateSchema>(
    other: BroadcastStream<B, BS>,
  ): KeyedBroadcastConnectedStreams<K, T, B, BS>
  connect<B>(other: KeyedStream<K, B>): KeyedConnectedStreams<K, T, B>
  connect<B, BS extends BroadcastStateSchema>(
    other: KeyedStream<K, B> | BroadcastStream<B, BS>,
  ): KeyedConnectedStreams<K, T, B> | KeyedBroadcastConnectedStreams<K, T, B, BS> {
    const call = callOf('connect')
    const first = KeyedDataStream.inputOf(this, this.#site, call)
    if (other instanceof BroadcastDataStream) return other.connectedTo(this.#site, first, call)
    const second = KeyedDataStream.inputOf(other as KeyedStream<K, B>, this.#site, call)
    return new KeyedConnected(this.#site, first, second)
  }

  /** What a keyed stream is as an input, if it is one of the same job. */
  static inputOf(stream: KeyedStream<unknown, unknown>, site: Site, call: Call): KeyedInput {
    if (stream instanceof KeyedDataStream && stream.#site.builder === site.builder) {
      return { upstreams: stream.#upstreams, key: stream.#key, partitioning: stream.#partitioning }
    }
    throw invalid(call, 'joins a keyed stream of another job', 'build both in the same job')
  }

  window(assigner: MergingWindowAssigner<T>): MergingWindowedStream<K, T>
  window(assigner: WindowAssigner): WindowedStream<K, T>
  window(assigner: WindowAssigner | MergingWindowAssigner<T>): WindowedDataStream<K, T> {
    return windowed(assigner, this.#timedSite())
  }

  pattern<M>(pattern: Pattern<T, M>): PatternStream<K, T, M> {
    return patternStream(pattern, this.#timedSite())
  }

  countWindow(size: number, slide?: number): WindowedStream<K, T> {
    return countWindowed<K, T>(this, size, slide)
  }

  latest(uid: string): DataStream<T> {
    const type = commonType(this.#upstreams)
    return this.keptLatest(callOf('latest', uid), type, type, same, second)
  }

  through<S>(fn: (stream: this) => S): S {
    return fn(this)
  }

  /** `latest`, keeping only a part of each record from which it can be made again. */
  keptLatest(
    call: Call,
    kept: Type<unknown>,
    outputType: Type<unknown>,
    keep: (record: unknown) => unknown,
    emit: (key: unknown, kept: unknown) => unknown,
  ): DataStream<T> {
    return this.#add(call, {
      states: { [LATEST_STATE]: valueState(kept) },
      outputType,
      create: (context) => new LatestOperator(context, call.what, keep, emit),
    })
  }

  /** Where windows and patterns add their nodes. */
  #timedSite(): WindowSite {
    const inputType = commonType(this.#upstreams)
    const add = <O>(call: Call, node: WindowNode): DataStream<O> => {
      const whole = { ...this.#node(call, this.#key, undefined), ...node, usesTimers: true }
      return this.#addWithSideOutputs(whole, node.sideOutputs)
    }
    return { inputType, keyType: this.#key.type, add }
  }

  #addWithSideOutputs<O>(
    node: Omit<OperatorNode, 'id' | 'label' | 'sideOutputs'>,
    sideOutputs: SideOutputs,
  ): DataStream<O> {
    const { builder } = this.#site
    const from =
      typeof sideOutputs === 'string'
        ? builder.addWithOpenSideOutputs(node)
        : builder.add({ ...node, sideOutputs })
    return this.#site.stream([{ from, tag: undefined, type: node.outputType }])
  }

  protected joinSite<R>(right: KeyedStream<K, R>, call: Call): JoinSite {
    const left = KeyedDataStream.inputOf(this, this.#site, call)
    return new JoinSite(this.#site, left, KeyedDataStream.inputOf(right, this.#site, call))
  }

  protected helperSite(): HelperSite {
    return {
      inputType: commonType(this.#upstreams),
      keyType: this.#key.type,
      add: (call, node) => this.#add(call, node),
      updates: (call, value, node) => this.#updates(call, value, node),
    }
  }

  #updates<U, V>(
    call: Call,
    value: Type<V>,
    node: Omit<HelperNode, 'outputType'>,
  ): UpdateStream<U, V> {
    const types = { key: this.#key.type, value }
    const outputType = t.struct(types)
    const from = this.#addNode(call, { ...node, outputType })
    return this.#site.updates({ from, tag: undefined, type: outputType }, types)
  }

  #add<O>(call: Call, node: HelperNode): DataStream<O> {
    const from = this.#addNode(call, node)
    return this.#site.stream([{ from, tag: undefined, type: node.outputType }])
  }

  #addNode(call: Call, node: HelperNode): number {
    const base = this.#node(call, this.#key, undefined)
    return this.#site.builder.add({ ...base, usesTimers: false, sideOutputs: new Map(), ...node })
  }

  #node(call: Call, key: KeySelector, input: Type<unknown> | undefined) {
    const inputs = edgesInto(0, this.#upstreams, { partitioning: this.#partitioning, key }, input)
    const { operation, uid, location } = call
    const kind = 'operator' as const
    return { kind, operation, uid, location, inputs, key, isUndoable: true }
  }
}

const same = (record: unknown): unknown => record
const second = (_key: unknown, kept: unknown): unknown => kept
