/** What is checked of a process function when it is chained, keyed or not. */
import type { KeySelector } from '../graph/job-graph.ts'
import type { KeyedProcessFunction } from '../operators/functions.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import { refuseAsyncFunction } from '../operators/synchronous.ts'
import type { TimerService } from '../operators/timer-functions.ts'
import { STATE_KINDS, type StateSchema } from '../state/descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { Type } from '../types/type.ts'
import { type Call, invalid, isDynamic, requireFunction } from './site.ts'

/** The declared side outputs by name; undefined if the function lists none. */
export function checkSideOutputs(
  tags: readonly OutputTag<unknown>[] | undefined,
  call: Call,
): ReadonlyMap<string, Type<unknown>> | undefined {
  if (tags === undefined) return undefined
  const byName = new Map<string, Type<unknown>>()
  for (const { name, type } of tags) {
    if (byName.has(name)) {
      throw invalid(call, `declares two side outputs "${name}"`, 'give them different names')
    }
    byName.set(name, type)
  }
  return byName
}

const KINDS: ReadonlySet<unknown> = new Set(STATE_KINDS)

/** A keyed process function as JavaScript may have written it. */
export function checkKeyedProcess(
  fn: KeyedProcessFunction<unknown, unknown, unknown, StateSchema, unknown, TimerSchema>,
  call: Call,
): void {
  requireFunction(fn?.processElement, call, 'a processElement function')
  if (fn.onTimer !== undefined) requireFunction(fn.onTimer, call, 'an onTimer function')
  checkStates(fn.state, call)
  checkTimers(fn.timers, fn.onTimer, call)
}

const CLOCKS: ReadonlySet<unknown> = new Set(['event-time', 'processing-time'])
/** What `ctx.timers` has besides the declared ones, and a name with a meaning of its own. */
const TAKEN: ReadonlySet<string> = new Set<keyof TimerService | '__proto__'>([
  'currentWatermark',
  'currentProcessingTime',
  'registerEventTimeTimer',
  'registerProcessingTimeTimer',
  'deleteEventTimeTimer',
  'deleteProcessingTimeTimer',
  '__proto__',
])

/** The timers of a function as JavaScript may have declared them. */
export function checkTimers(timers: TimerSchema | undefined, onTimer: unknown, call: Call): void {
  for (const [name, descriptor] of Object.entries(timers ?? {})) {
    if (!CLOCKS.has(descriptor?.domain)) {
      const cure = 'declare it with eventTimer or processingTimer'
      throw invalid(call, `: timer "${name}" is no declared timer`, cure)
    }
    if (name === '' || TAKEN.has(name)) {
      throw invalid(call, `: a timer cannot be called "${name}"`, 'give it another name')
    }
    if (onTimer === undefined) {
      throw invalid(call, `declares the timer "${name}" and has no onTimer`, 'add onTimer to it')
    }
  }
}

/** The states of a function as JavaScript may have declared them. */
export function checkStates(states: StateSchema | undefined, call: Call): void {
  for (const [name, descriptor] of Object.entries(states ?? {})) {
    if (!KINDS.has(descriptor?.kind)) {
      const cure = 'declare it with valueState, listState, mapState, …'
      throw invalid(call, `: state "${name}" is no declared state`, cure)
    }
    const { reduce, aggregate, ttl } = descriptor
    for (const fold of [reduce, ttl?.onExpire, ...Object.values(aggregate ?? {})]) {
      refuseAsyncFunction(fold, `state "${name}" of ${call.what}`)
    }
  }
}

/** The operator state of a function as JavaScript may have declared it. */
export function checkOperatorState(
  states: OperatorStateSchema | undefined,
  call: Call,
): OperatorStateSchema {
  for (const [name, descriptor] of Object.entries(states ?? {})) {
    const kind: unknown = descriptor?.kind
    if (kind === 'operator-list' || kind === 'union-list') continue
    const cure = 'declare it with operatorListState or unionListState'
    throw invalid(call, `: "${name}" is no declared operator state`, cure)
  }
  return states ?? {}
}

/** A function made by `keyedProcess` may bring the types of its key and input. */
export function declaredTypes(fn: object): {
  readonly key?: Type<unknown>
  readonly input?: Type<unknown>
} {
  return fn
}

/** The key as a function declares it, where keyBy does not. */
export function keyAs(
  key: KeySelector,
  declared: Type<unknown> | undefined,
  call: Call,
): KeySelector {
  if (declared === undefined || declared === key.type) return key
  if (isDynamic(key.type)) return { ...key, type: declared }
  const [own, other] = [key.type.schema, declared.schema].map((s) => JSON.stringify(s))
  if (own === other) return key
  const problem = `declares the key ${other}, but keyBy declares ${own}`
  throw invalid(call, problem, 'make the two types equal, or leave one out')
}
