/** Streams connected to a broadcast one. Their contract: `streams/connected.ts`. */
import { BroadcastOperator, KeyedBroadcastOperator } from '../operators/broadcast.ts'
import type {
  BroadcastProcessFunction,
  KeyedBroadcastProcessFunction,
} from '../operators/broadcast-functions.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type {
  BroadcastStateSchema,
  NonKeyedState,
  OperatorStateSchema,
} from '../state/operator-descriptors.ts'
import { describeSchema } from '../types/describe.ts'
import { dynamicType } from '../types/dynamic.ts'
import { required } from '../util/assert.ts'
import { addFunctionNode } from './connected-streams.ts'
import { checkOperatorState, checkStates, checkTimers } from './process-node.ts'
import { type Call, callOf, invalid, requireFunction, type Site, type Upstream } from './site.ts'
import type {
  BroadcastConnectedStreams,
  BroadcastStream,
  KeyedBroadcastConnectedStreams,
} from './streams/connected.ts'
import type { DataStream } from './streams/data.ts'
import { commonKeyType, type DeclaredTypes, edgesInto, type KeyedInput } from './two-inputs.ts'
import { anyBroadcastProcess, anyKeyedBroadcastProcess } from './untyped.ts'

/** A stream whose records go to every subtask of what it is connected to. */
export class BroadcastDataStream<B, BS extends BroadcastStateSchema> implements BroadcastStream<
  B,
  BS
> {
  readonly state: BS
  readonly #site: Site
  readonly #upstreams: readonly Upstream[]

  constructor(site: Site, upstreams: readonly Upstream[], state: BS) {
    const call = callOf('broadcast')
    for (const [name, descriptor] of Object.entries(state ?? {})) {
      if (descriptor?.kind === 'map') continue
      throw invalid(call, `: broadcast state "${name}" is no map`, 'declare it with mapState')
    }
    if (Object.keys(state ?? {}).length === 0) {
      throw invalid(call, 'needs a state to keep', 'pass { name: mapState(key, value) }')
    }
    this.state = Object.freeze({ ...state })
    this.#site = site
    this.#upstreams = upstreams
  }

  connectedTo<K, A>(site: Site, first: KeyedInput, call: Call) {
    const second = BroadcastDataStream.upstreamsOf(this, site, call)
    return new KeyedBroadcastConnected<K, A, B, BS>(site, first, second, this.state)
  }

  /** What it stands for, if it is one of the same job. */
  static upstreamsOf(
    stream: BroadcastStream<unknown, BroadcastStateSchema>,
    site: Site,
    call: Call,
  ): readonly Upstream[] {
    if (stream instanceof BroadcastDataStream && stream.#site.builder === site.builder) {
      return stream.#upstreams
    }
    throw invalid(call, 'joins a stream of another job', 'build both in the same job')
  }
}

/** What both kinds of functions are checked for, and what their nodes have in common. */
function partsOf(
  call: Call,
  fn: {
    readonly processElement?: unknown
    readonly processBroadcastElement?: unknown
    readonly operatorState?: OperatorStateSchema
    readonly broadcast?: BroadcastStateSchema
  },
  maps: BroadcastStateSchema,
) {
  requireFunction(fn?.processElement, call, 'a processElement function')
  requireFunction(fn.processBroadcastElement, call, 'a processBroadcastElement function')
  const lists = checkOperatorState(fn.operatorState, call)
  const operatorStates: Record<string, NonKeyedState> = { ...lists }
  for (const [name, { type, keyType }] of Object.entries(maps)) {
    if (Object.hasOwn(lists, name)) {
      const problem = `: "${name}" is both operator state and broadcast state`
      throw invalid(call, problem, 'give them different names')
    }
    const ofKeys = required(keyType, 'map state has a key type')
    operatorStates[name] = { kind: 'broadcast', type, keyType: ofKeys }
  }
  if (fn.broadcast !== undefined) requireSameMaps(call, fn.broadcast, maps)
  const { operation, uid, location } = call
  const kind = 'operator' as const
  return { kind, operation, uid, location, operatorStates, isUndoable: true }
}

/** A function that names its broadcast state must mean that of the stream. */
function requireSameMaps(
  call: Call,
  declared: BroadcastStateSchema,
  maps: BroadcastStateSchema,
): void {
  const [own, other] = [declared, maps].map((schema) =>
    Object.entries(schema)
      .map(([name, { type, keyType }]) => {
        const ofKeys = keyType === undefined ? '' : describeSchema(keyType.schema)
        return `${name}: ${ofKeys} → ${describeSchema(type.schema)}`
      })
      .toSorted()
      .join(', '),
  )
  if (own === other) return
  const problem = `declares the broadcast state { ${own} }, but the stream has { ${other} }`
  throw invalid(call, problem, 'use one declaration for both')
}

export class BroadcastConnected<
  A,
  B,
  BS extends BroadcastStateSchema,
> implements BroadcastConnectedStreams<A, B, BS> {
  readonly #site: Site
  readonly #first: readonly Upstream[]
  readonly #second: readonly Upstream[]
  readonly #maps: BS

  constructor(site: Site, first: readonly Upstream[], second: readonly Upstream[], maps: BS) {
    this.#site = site
    this.#first = first
    this.#second = second
    this.#maps = maps
  }

  process<O = unknown, R = undefined, P extends OperatorStateSchema = {}>(
    uid: string,
    fn: BroadcastProcessFunction<A, B, O, BS, R, P>,
  ): DataStream<O> {
    const call = callOf('broadcastProcess', uid)
    const maps = this.#maps
    const parts = partsOf(call, fn, maps)
    const untyped = anyBroadcastProcess(fn)
    return addFunctionNode(this.#site, fn.sideOutputs, call, {
      ...parts,
      inputs: [
        ...edgesInto(0, this.#first, { partitioning: 'forward', key: undefined }),
        ...edgesInto(1, this.#second, { partitioning: 'broadcast', key: undefined }),
      ],
      key: undefined,
      states: {},
      usesTimers: false,
      outputType: fn.output ?? dynamicType(),
      create: (context) => new BroadcastOperator(context, call.what, untyped, maps),
    })
  }
}

class KeyedBroadcastConnected<
  K,
  A,
  B,
  BS extends BroadcastStateSchema,
> implements KeyedBroadcastConnectedStreams<K, A, B, BS> {
  readonly #site: Site
  readonly #first: KeyedInput
  readonly #second: readonly Upstream[]
  readonly #maps: BS

  constructor(site: Site, first: KeyedInput, second: readonly Upstream[], maps: BS) {
    this.#site = site
    this.#first = first
    this.#second = second
    this.#maps = maps
  }

  process<
    O = unknown,
    S extends StateSchema = {},
    R = undefined,
    T extends TimerSchema = {},
    P extends OperatorStateSchema = {},
  >(uid: string, fn: KeyedBroadcastProcessFunction<K, A, B, O, BS, S, R, T, P>): DataStream<O> {
    const call = callOf('broadcastProcess', uid)
    const maps = this.#maps
    const parts = partsOf(call, fn, maps)
    if (fn.onTimer !== undefined) requireFunction(fn.onTimer, call, 'an onTimer function')
    checkStates(fn.state, call)
    checkTimers(fn.timers, fn.onTimer, call)
    const untyped = anyKeyedBroadcastProcess(fn)
    const { upstreams, partitioning, key: first } = this.#first
    const declared = declaredTypes(fn)
    const key = { ...first, type: commonKeyType(call, first.type, declared.key) }
    const toAll = { partitioning: 'broadcast', key: undefined } as const
    return addFunctionNode(this.#site, fn.sideOutputs, call, {
      ...parts,
      inputs: [
        ...edgesInto(0, upstreams, { partitioning, key }, declared.input1),
        ...edgesInto(1, this.#second, toAll, declared.input2),
      ],
      key,
      states: untyped.state ?? {},
      usesTimers: untyped.onTimer !== undefined,
      timers: untyped.timers ?? {},
      outputType: untyped.output ?? dynamicType(),
      create: (context) => new KeyedBroadcastOperator(context, call.what, untyped, maps),
    })
  }
}

/** A function made by `keyedBroadcastProcess` may bring the types of its key and inputs. */
function declaredTypes(fn: object): DeclaredTypes {
  const { key, input, broadcastInput } = fn as Record<string, DeclaredTypes['key']> // as it says
  return {
    ...(key === undefined ? {} : { key }),
    ...(input === undefined ? {} : { input1: input }),
    ...(broadcastInput === undefined ? {} : { input2: broadcastInput }),
  }
}
