/** What is checked of windows when they are chained, and what is chosen where nothing is said. */
import type { OutputTag } from '../operators/output-tag.ts'
import type { MergingWindowAssigner, WindowAssigner } from '../operators/windows/assigners.ts'
import {
  eventTimeTrigger,
  processingTimeTrigger,
  type Trigger,
} from '../operators/windows/triggers.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { Type } from '../types/type.ts'
import { checkStates } from './process-node.ts'
import { type Call, invalid, requireFunction } from './site.ts'

/** By name, or open: whatever is read. */
export type SideOutputs = ReadonlyMap<string, Type<unknown>> | 'those that are read'

const KINDS: ReadonlySet<unknown> = new Set([
  'tumbling',
  'sliding',
  'cumulative',
  'session',
  'global',
])
const OWN_STATES = /^(window|session)[-:]/

type AnyAssigner = WindowAssigner | MergingWindowAssigner<unknown>

export function checkAssigner(assigner: AnyAssigner, call: Call): void {
  if (KINDS.has(assigner?.kind) && typeof assigner.assign === 'function') return
  const cure = 'pass tumblingWindow(…), sessionWindow(…) or another'
  throw invalid(call, 'got something that assigns no windows', cure)
}

export function checkTrigger(trigger: Trigger, { kind }: AnyAssigner, call: Call): void {
  for (const part of ['onElement', 'onEventTime', 'onProcessingTime', 'clear'] as const) {
    requireFunction(trigger?.[part], call, `a trigger with ${part}`)
  }
  if (kind !== 'session') return
  const cure = 'add it, or use windows that do not merge'
  if (trigger.onMerge === undefined) {
    throw invalid(call, 'has no onMerge, which session windows need', cure)
  }
  if (trigger.state !== undefined && trigger.mergeState === undefined) {
    throw invalid(call, 'has state and no mergeState, which session windows need', cure)
  }
}

/** Nothing is late in processing time. */
export function refuseLateness({ time }: AnyAssigner, call: Call): void {
  if (time === 'event') return
  throw invalid(call, 'is of no use: in processing time no record is late', 'leave it out')
}

export function defaultTrigger({ kind, time }: AnyAssigner, call: Call): Trigger {
  if (time === 'processing') return processingTimeTrigger()
  if (kind !== 'global') return eventTimeTrigger()
  const cure = 'choose one: .trigger(countTrigger(100)), or eventTimeTrigger() for the end of input'
  throw invalid(call, 'has a global window without trigger, which never fires', cure)
}

export function withLate(
  outputs: SideOutputs,
  lateTag: OutputTag<unknown> | undefined,
  call: Call,
): SideOutputs {
  if (lateTag === undefined || typeof outputs === 'string') return outputs
  if (outputs.has(lateTag.name)) {
    const problem = `declares two side outputs "${lateTag.name}"`
    throw invalid(call, problem, 'give late data a tag of its own')
  }
  return new Map([...outputs, [lateTag.name, lateTag.type]])
}

export function checkWindowStates(
  fn: { readonly state?: StateSchema; readonly windowState?: StateSchema },
  kind: string,
  call: Call,
): void {
  checkStates(fn.windowState, call)
  for (const [name, state] of Object.entries(fn.windowState ?? {})) {
    if (state.kind === 'value') continue
    throw invalid(call, `: the window state "${name}" is no value state`, 'use valueState')
  }
  // Two windows with a value each would become one with none or two.
  if (kind === 'session' && Object.keys(fn.windowState ?? {}).length > 0) {
    const cure = 'keep it per key, in state'
    throw invalid(call, 'has window state, which windows that merge cannot have', cure)
  }
  for (const name of Object.keys(fn.state ?? {})) {
    if (!OWN_STATES.test(name)) continue
    throw invalid(call, `: the name of state "${name}" is taken by windows`, 'rename it')
  }
}
