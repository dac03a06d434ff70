/**
 * The small integers that stand for operators and states in every entry. They are allotted once per
 * job, carried from manifest to manifest by uid and name, and never given to another: old runs
 * still hold entries under them.
 */
import { MillraceError } from '../errors.ts'
import type { JobPlan, PlanNode } from '../graph/plan.ts'
import type { OperatorRecord, StateRecord } from '../state/snapshot.ts'

/** An entry's key has two bytes for it. */
export const OPERATOR_ID_MAX = 0xffff

/**
 * A record for each node of the plan that has a uid, in the plan's order, then those of operators
 * that are no longer there. A uid that comes back after it was dropped gets a new id, so that it
 * does not find what it held before.
 *
 * @param previous `operators` of the checkpoint that is restored; empty for a fresh start.
 */
export function operatorIds(
  previous: readonly OperatorRecord[],
  plan: JobPlan,
): readonly OperatorRecord[] {
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
    records.push(recordOf(node, node.uid, former?.id ?? ++lastId, former))
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
    ...(lastId > highestNow ? { highestStateId: lastId } : {}),
  }
}
