/** What is checked of a process function when it is chained, keyed or not. */
import type { KeyedProcessFunction } from '../operators/functions.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import { refuseAsyncFunction } from '../operators/synchronous.ts'
import { STATE_KINDS, type StateSchema } from '../state/descriptors.ts'
import type { Type } from '../types/type.ts'
import { type Call, invalid, requireFunction } from './site.ts'

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
  fn: KeyedProcessFunction<unknown, unknown, unknown, StateSchema, unknown>,
  call: Call,
): void {
  requireFunction(fn?.processElement, call, 'a processElement function')
  if (fn.onTimer !== undefined) requireFunction(fn.onTimer, call, 'an onTimer function')
  checkStates(fn.state, call)
}

/** The states of a function as JavaScript may have declared them. */
export function checkStates(states: StateSchema | undefined, call: Call): void {
  for (const [name, descriptor] of Object.entries(states ?? {})) {
    if (!KINDS.has(descriptor?.kind)) {
      const cure = 'declare it with valueState, listState, mapState, …'
      throw invalid(call, `: state "${name}" is no declared state`, cure)
    }
    const { reduce, aggregate } = descriptor
    for (const fold of [reduce, ...Object.values(aggregate ?? {})]) {
      refuseAsyncFunction(fold, `state "${name}" of ${call.what}`)
    }
  }
}
