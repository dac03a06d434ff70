/** Connected streams: methods add nodes with two inputs. Their contract: `streams/connected.ts`. */
import type { OperatorNode } from '../graph/job-graph.ts'
import { CoProcessOperator, KeyedCoProcessOperator, PairOperator } from '../operators/connect.ts'
import type { CoProcessFunction, KeyedCoProcessFunction } from '../operators/connected-functions.ts'
import type { AsyncFunctionError, Synchronous } from '../operators/functions.ts'
import type { Operator, OperatorContext } from '../operators/operator.ts'
import { FlatMapOperator, MapOperator } from '../operators/stateless.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import { dynamicType } from '../types/dynamic.ts'
import { checkOperatorState, checkSideOutputs, checkStates, checkTimers } from './process-node.ts'
import { type Call, callOf, requireFunction, type Site, type Upstream } from './site.ts'
import type { ConnectedStreams, KeyedConnectedStreams } from './streams/connected.ts'
import type { DataStream } from './streams/data.ts'
import { type DeclaredTypes, edgesInto, type KeyedInput, keyedPair } from './two-inputs.ts'
import { anyCoProcess, anyKeyedCoProcess, unary } from './untyped.ts'

const FORWARD = { partitioning: 'forward', key: undefined } as const

export class Connected<A, B> implements ConnectedStreams<A, B> {
  readonly #site: Site
  readonly #first: readonly Upstream[]
  readonly #second: readonly Upstream[]

  constructor(site: Site, first: readonly Upstream[], second: readonly Upstream[]) {
    this.#site = site
    this.#first = first
    this.#second = second
  }

  map<O>(first: (value: A) => Synchronous<O>, second: (value: B) => Synchronous<O>): DataStream<O> {
    const call = callOf('coMap')
    requireFunction(first, call, 'two functions')
    requireFunction(second, call, 'two functions')
    const [one, two] = [unary(first), unary(second)]
    return this.#addPair(call, (context) => [
      new MapOperator(context, call.what, one),
      new MapOperator(context, call.what, two),
    ])
  }

  flatMap<O>(
    first: (value: A) => Iterable<O> | AsyncFunctionError,
    second: (value: B) => Iterable<O> | AsyncFunctionError,
  ): DataStream<O> {
    const call = callOf('coFlatMap')
    requireFunction(first, call, 'two functions')
    requireFunction(second, call, 'two functions')
    // An AsyncFunctionError is never returned: it stands for a compile error.
    const one = unary(first as (value: A) => Iterable<O>)
    const two = unary(second as (value: B) => Iterable<O>)
    return this.#addPair(call, (context) => [
      new FlatMapOperator(context, call.what, one),
      new FlatMapOperator(context, call.what, two),
    ])
  }

  process<O = unknown, R = undefined, P extends OperatorStateSchema = {}>(
    uid: string,
    fn: CoProcessFunction<A, B, O, R, P>,
  ): DataStream<O> {
    const call = callOf('coProcess', uid)
    requireEntrances(fn, call)
    const untyped = anyCoProcess(fn)
    return addFunctionNode(this.#site, fn.sideOutputs, call, {
      ...this.#node(call),
      operatorStates: checkOperatorState(fn.operatorState, call),
      outputType: fn.output ?? dynamicType(),
      create: (context) => new CoProcessOperator(context, call.what, untyped),
    })
  }

  #node({ operation, uid, location }: Call) {
    const inputs = [...edgesInto(0, this.#first, FORWARD), ...edgesInto(1, this.#second, FORWARD)]
    const kind = 'operator' as const
    const base = { key: undefined, states: {}, usesTimers: false, isUndoable: true }
    return { kind, operation, uid, location, inputs, ...base }
  }

  #addPair<O>(
    call: Call,
    pair: (context: OperatorContext) => readonly [first: Operator, second: Operator],
  ): DataStream<O> {
    const create = (context: OperatorContext) =>
      new PairOperator(context, call.what, ...pair(context))
    const type = dynamicType<O>()
    const node = { ...this.#node(call), outputType: type, create, sideOutputs: new Map() }
    return this.#site.stream([{ from: this.#site.builder.add(node), tag: undefined, type }])
  }
}

export class KeyedConnected<K, A, B> implements KeyedConnectedStreams<K, A, B> {
  readonly #site: Site
  readonly #first: KeyedInput
  readonly #second: KeyedInput

  constructor(site: Site, first: KeyedInput, second: KeyedInput) {
    this.#site = site
    this.#first = first
    this.#second = second
  }

  process<
    O = unknown,
    S extends StateSchema = {},
    R = undefined,
    T extends TimerSchema = {},
    P extends OperatorStateSchema = {},
  >(uid: string, fn: KeyedCoProcessFunction<K, A, B, O, S, R, T, P>): DataStream<O> {
    const call = callOf('coProcess', uid)
    requireEntrances(fn, call)
    const untyped = anyKeyedCoProcess(fn)
    if (fn.onTimer !== undefined) requireFunction(fn.onTimer, call, 'an onTimer function')
    checkStates(fn.state, call)
    checkTimers(fn.timers, fn.onTimer, call)
    const { operation, location } = call
    return addFunctionNode(this.#site, fn.sideOutputs, call, {
      kind: 'operator',
      operation,
      uid,
      location,
      ...keyedPair(call, this.#first, this.#second, declaredTypes(fn)),
      states: untyped.state ?? {},
      operatorStates: checkOperatorState(fn.operatorState, call),
      usesTimers: untyped.onTimer !== undefined,
      isUndoable: true,
      timers: untyped.timers ?? {},
      outputType: untyped.output ?? dynamicType(),
      create: (context) => new KeyedCoProcessOperator(context, call.what, untyped),
    })
  }
}

/** A function made by `keyedCoProcess` may bring the types of its key and inputs. */
function declaredTypes(fn: object): DeclaredTypes {
  return fn
}

function requireEntrances(
  fn: { readonly processElement1?: unknown; readonly processElement2?: unknown } | undefined,
  call: Call,
): void {
  requireFunction(fn?.processElement1, call, 'a processElement1 function')
  requireFunction(fn?.processElement2, call, 'a processElement2 function')
}

/** Adds a node around a function with a context, and its side outputs. */
export function addFunctionNode<O>(
  site: Site,
  sideOutputs: CoProcessFunction<unknown, unknown, unknown>['sideOutputs'],
  call: Call,
  node: Omit<OperatorNode, 'id' | 'label' | 'sideOutputs'>,
): DataStream<O> {
  const declared = checkSideOutputs(sideOutputs, call)
  const from =
    declared === undefined
      ? site.builder.addWithOpenSideOutputs(node)
      : site.builder.add({ ...node, sideOutputs: declared })
  return site.stream([{ from, tag: undefined, type: node.outputType }])
}
