/** From what was chosen for windows to their operator, and to the states that it declares. */
import type { StateSchema } from '../../state/descriptors.ts'
import type { Operator, OperatorContext } from '../operator.ts'
import { AlignedWindowOperator } from './aligned-operator.ts'
import type { WindowSpec } from './operator.ts'
import { SessionWindowOperator, sessionStates } from './session-operator.ts'
import { SliceOperator, type SliceSpec, sliceWindowStates } from './slice-operator.ts'
import { triggerStates } from './trigger-context.ts'
import { eventTimeTrigger } from './triggers.ts'

export function windowStates(spec: WindowSpec): StateSchema {
  const slices = slicesOf(spec)
  if (slices !== undefined) return sliceWindowStates(slices)
  return {
    ...(spec.assigner.kind === 'session' ? sessionStates : {}),
    ...spec.contents.states,
    ...triggerStates(spec.trigger),
    ...spec.emitter.states,
  }
}

export function createWindowOperator(
  context: OperatorContext,
  what: string,
  spec: WindowSpec,
): Operator {
  const slices = slicesOf(spec)
  if (slices !== undefined) return new SliceOperator(context, what, slices)
  const { assigner } = spec
  return assigner.kind === 'session'
    ? new SessionWindowOperator(context, what, spec, assigner)
    : new AlignedWindowOperator(context, what, spec, assigner)
}

/** The same by slices, if that gives the same. */
function slicesOf(spec: WindowSpec): SliceSpec | undefined {
  const { assigner, trigger, fold, emitter } = spec
  if (assigner.kind === 'session' || assigner.slicing === undefined) return undefined
  if (assigner.time === 'processing' || spec.contents.evicts) return undefined
  if (trigger !== eventTimeTrigger() || emitter.keepsWindowState) return undefined
  if (fold?.merge === undefined) return undefined
  return { ...spec, assigner, slicing: assigner.slicing, fold }
}
