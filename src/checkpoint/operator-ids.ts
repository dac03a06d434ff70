/**
 * The small integers that stand for operators and states in every entry. They are allotted once per
 * job, carried from manifest to manifest by uid and name, and never given to another: old runs
 * still hold entries under them. So are the ages of an operator's types: where a type changes, a
 * new age begins, and the record keeps what it was.
 */
import { MillraceError } from '../errors.ts'
import type { JobPlan, PlanNode } from '../graph/plan.ts'
import type { FormerTypes, OperatorRecord, StateRecord } from '../state/snapshot.ts'
import { sameSchema } from '../types/describe.ts'
import type { TypeSchema } from '../types/type.ts'

/** An entry's key has two bytes for it. */
export const OPERATOR_ID_MAX = 0xffff
/** Each is named in every manifest. */
const FORMER_TYPES_MAX = 1_000

/**
 * A record for each node of the plan that has a uid, in the plan's order, then those of operators
 * that are no longer there. A uid that comes back after it was dropped gets a new id, so that it
 * does not find what it held before.
 *
 * @param previous `operators` of the checkpoint that is restored; empty for a fresh start.
 * @param formerPlan its plan, which says the types of states without keys.
 */
export function operatorIds(
  previous: readonly OperatorRecord[],
  plan: JobPlan,
  formerPlan?: JobPlan,
): readonly OperatorRecord[] {
  const formerNodes = new Map(formerPlan?.nodes.map((node) => [node.uid, node]))
  const live = new Map<string, OperatorRecord>()
  let lastId = 0
  for (const record of previous) {
    lastId = Math.max(lastId, record.id)
    if (record.dropped !== true) live.set(record.uid, record)
  }
  const records: OperatorRecord[] = []
  for (const node of plan.nodes) {
    if (node.uid === undefined) continue
    const former = live.get(node.uid)
    const record = recordOf(node, node.uid, former?.id ?? ++lastId, former)
    records.push(withAge(record, node, former, formerNodes.get(node.uid)))
  }
  if (lastId > OPERATOR_ID_MAX) {
    const message = `this job has had over ${OPERATOR_ID_MAX} operators with a uid in its life`
    throw new MillraceError('JOB_GRAPH_INVALID', message, {
      cure: 'start it with --fresh, and give operators uids that stay the same',
    })
  }
  const kept = new Set(records.map((record) => record.id))
  for (const record of previous) {
    if (!kept.has(record.id)) records.push({ ...record, dropped: true })
  }
  return records
}

function recordOf(
  node: PlanNode,
  uid: string,
  id: number,
  former: OperatorRecord | undefined,
): OperatorRecord {
  const formerIds = new Map((former?.states ?? []).map((state) => [state.name, state.id]))
  const highestBefore = Math.max(former?.highestStateId ?? 0, 0, ...formerIds.values())
  let lastId = highestBefore
  const states: StateRecord[] = []
  for (const state of node.states) {
    const { name, kind, type, keyType } = state
    const stateId = formerIds.get(name) ?? ++lastId
    states.push({ id: stateId, name, kind, type, ...(keyType === undefined ? {} : { keyType }) })
  }
  const highestNow = Math.max(0, ...states.map((state) => state.id))
  return {
    id,
    uid,
    ...(node.keyType === undefined ? {} : { keyType: node.keyType }),
    states,
    ...(node.timers === undefined ? {} : { timers: node.timers }),
    ...(node.shredded === true ? { shredded: node.shredded } : {}),
    ...(lastId > highestNow ? { highestStateId: lastId } : {}),
  }
}

/** The record with the age of its types: the one before, or a new one if a type has changed. */
function withAge(
  record: OperatorRecord,
  node: PlanNode,
  former: OperatorRecord | undefined,
  formerNode: PlanNode | undefined,
): OperatorRecord {
  if (former === undefined) return record
  const { schemaId = 0 } = former
  const ids = new Set(record.states.map((state) => state.id))
  const kept = (former.formerTypes ?? []).flatMap((each) => ofLiveStates(each, ids))
  const changed = changedTypes(schemaId, record, node, former, formerNode)
  const formerTypes = changed === undefined ? kept : [...kept, changed]
  if (formerTypes.length > FORMER_TYPES_MAX) {
    const message = `the types of "${record.uid}" have changed over ${FORMER_TYPES_MAX} times`
    throw new MillraceError('JOB_GRAPH_INVALID', message, {
      cure: 'write its state anew with writeSavepoint and start from that',
    })
  }
  const age = changed === undefined ? schemaId : schemaId + 1
  return {
    ...record,
    ...(age === 0 ? {} : { schemaId: age }),
    ...(formerTypes.length === 0 ? {} : { formerTypes }),
  }
}

function changedTypes(
  id: number,
  record: OperatorRecord,
  node: PlanNode,
  former: OperatorRecord,
  formerNode: PlanNode | undefined,
): FormerTypes | undefined {
  // The elements of sets are in keys, whose bytes are the same under all types that may follow.
  const states = former.states
    .filter((before) => {
      const now = record.states.find((state) => state.id === before.id)
      return now !== undefined && before.kind !== 'set' && !sameSchema(before.type, now.type)
    })
    .map((state) => ({ id: state.id, type: state.type }))
  const payloads = (timers: OperatorRecord['timers']): readonly NamedType[] =>
    (timers ?? []).flatMap(({ name, payload: type }) => (type === undefined ? [] : { name, type }))
  const timers = changedNames(payloads(former.timers), payloads(node.timers))
  const operatorStates = changedNames(formerNode?.operatorStates ?? [], node.operatorStates ?? [])
  if (states.length + timers.length + operatorStates.length === 0) return undefined
  return {
    id,
    ...(states.length === 0 ? {} : { states }),
    ...(timers.length === 0 ? {} : { timers }),
    ...(operatorStates.length === 0 ? {} : { operatorStates }),
  }
}

interface NamedType {
  readonly name: string
  readonly type: TypeSchema
}

/** Those of the former ones that have another type now. */
function changedNames(
  before: readonly NamedType[],
  now: readonly NamedType[],
): readonly NamedType[] {
  const types = new Map(now.map(({ name, type }) => [name, type]))
  return before.flatMap(({ name, type }) => {
    const other = types.get(name)
    return other === undefined || sameSchema(type, other) ? [] : { name, type }
  })
}

function ofLiveStates(former: FormerTypes, ids: ReadonlySet<number>): readonly FormerTypes[] {
  const { states = [], ...others } = former
  const live = states.filter((state) => ids.has(state.id))
  const isEmpty = live.length === 0 && others.timers === undefined
  if (isEmpty && others.operatorStates === undefined) return []
  return [live.length === 0 ? others : { ...others, states: live }]
}
