/** From what was chosen for windows to their operator, and to the states that it declares. */
import type { StateSchema } from '../../state/descriptors.ts'
import type { OperatorContext } from '../operator.ts'
import { AlignedWindowOperator } from './aligned-operator.ts'
import type { WindowOperator, WindowSpec } from './operator.ts'
import { SessionWindowOperator, sessionStates } from './session-operator.ts'
import { triggerStates } from './trigger-context.ts'

export function windowStates(spec: WindowSpec): StateSchema {
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
): WindowOperator {
  const { assigner } = spec
  return assigner.kind === 'session'
    ? new SessionWindowOperator(context, what, spec, assigner)
    : new AlignedWindowOperator(context, what, spec, assigner)
}
