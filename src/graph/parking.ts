/**
 * Where an operator with the policy `park` keeps what is parked: in a node behind it, in the same
 * task, with the same keys, that gets no records. So its state is state like any other, to
 * checkpoints, plans and tools.
 */
import { BaseOperator } from '../operators/base.ts'
import { parkedRecordType, parkedStates } from '../operators/failures/parked-states.ts'
import { dynamicType } from '../types/dynamic.ts'
import type { Type } from '../types/type.ts'
import { required } from '../util/assert.ts'
import type { OperatorNode } from './job-graph.ts'

/** What plans call such a node. */
export const PARKED_OPERATION = 'parked'
/** The side output between the two; nothing is ever emitted to it. */
export const PARKED_OUTPUT = 'millrace:parked'
/** Behind the uid of the operator; in every snapshot, so it never changes. */
const SUFFIX = '.parked'

/** Of the node where an operator keeps what it has parked. */
export function parkedUidOf(uid: string): string {
  return `${uid}${SUFFIX}`
}

class ParkedOperator extends BaseOperator {
  processElement(): void {}
}

/** The type of what waits for an operator. */
export function parkedTypeOf({ inputs, secondKey }: OperatorNode) {
  const [first, second] = [0, 1].map((input) =>
    commonTypeOf(inputs.filter((edge) => edge.input === input).map(({ type }) => type)),
  )
  return parkedRecordType(first ?? dynamicType(), secondKey === undefined ? undefined : second)
}

/** @param operator of which it keeps what is parked; it has a key. */
export function parkingNode(id: number, operator: OperatorNode): OperatorNode {
  const { label, location } = operator
  const uid = parkedUidOf(required(operator.uid, 'keyed operators have a uid'))
  const key = required(operator.key, 'only keys can be parked')
  const type = dynamicType()
  return Object.freeze<OperatorNode>({
    id,
    kind: 'operator',
    operation: PARKED_OPERATION,
    uid,
    label: `${label}${SUFFIX}`,
    location,
    inputs: [
      { from: operator.id, tag: PARKED_OUTPUT, input: 0, partitioning: 'forward', key, type },
    ],
    key,
    states: parkedStates(parkedTypeOf(operator)),
    usesTimers: false,
    outputType: type,
    sideOutputs: new Map(),
    isParking: true,
    create: (context) => new ParkedOperator(context, label),
  })
}

/** The one that all have; dynamic if they differ. */
function commonTypeOf([first, ...others]: readonly Type<unknown>[]): Type<unknown> {
  if (first === undefined) return dynamicType()
  const text = JSON.stringify(first.schema)
  const isSame = others.every((type) => JSON.stringify(type.schema) === text)
  return isSame ? first : dynamicType()
}
