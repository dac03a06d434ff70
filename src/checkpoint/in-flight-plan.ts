/**
 * Records in flight find their nodes again in the present plan: by uid, and without one by the
 * place in the graph, as long as what stands there is the same.
 */
import { MillraceError } from '../errors.ts'
import type { JobPlan, PlanNode } from '../graph/plan.ts'
import { uidBeforeDrop } from './adapt.ts'
import type { CheckpointLink } from './manifest.ts'
import type { InFlightRestore } from './messages.ts'

type WithInFlight = Pick<CheckpointLink, 'checkpointId' | 'plan' | 'tasks'>

/**
 * What was in flight when a checkpoint was taken; undefined: nothing.
 *
 * @throws `CHECKPOINT_INCOMPATIBLE` if the job no longer has a node that records were on their way
 *   to, and it was not given up by name.
 */
export function planInFlight(link: WithInFlight, plan: JobPlan): InFlightRestore | undefined {
  const holders = link.tasks.filter(({ inFlight = [] }) => inFlight.length > 0)
  if (holders.length === 0) return undefined
  const ids = new Set(holders.flatMap(({ inFlight = [] }) => inFlight))
  const nodes = [...ids]
    .toSorted((a, b) => a - b)
    .flatMap((former) => {
      const now = nodeNow(link, plan, former)
      return now === undefined ? [] : [{ former, now }]
    })
  return { records: holders.flatMap(({ records }) => records ?? []), nodes }
}

/** Undefined if it was given up. */
function nodeNow(link: WithInFlight, plan: JobPlan, id: number): number | undefined {
  const former = link.plan.nodes.find((node) => node.id === id)
  if (former === undefined) throw lost(link, `node ${id}`)
  const { uid, label } = former
  if (uid === undefined) {
    const now = plan.nodes.find((node) => node.id === id)
    if (now === undefined || !isSame(former, now)) throw lost(link, label)
    return now.id
  }
  const now = plan.nodes.find((node) => node.uid === uid)
  if (now !== undefined && now.inputs.length >= former.inputs.length) return now.id
  const before = uidBeforeDrop(uid)
  if (before === undefined) throw lost(link, label)
  if (plan.nodes.every((node) => node.uid !== before)) return undefined
  // Only its state was given up; but by its new key records might belong to other subtasks.
  throw lost(link, label, 'which begins anew')
}

function isSame(former: PlanNode, now: PlanNode): boolean {
  if (now.uid !== undefined || now.operation !== former.operation) return false
  return now.inputs.join() === former.inputs.join()
}

function lost(
  { checkpointId }: WithInFlight,
  label: string,
  why = 'which the job no longer has',
): MillraceError {
  const message = `checkpoint ${checkpointId} holds records on their way to ${label}, ${why}`
  return new MillraceError('CHECKPOINT_INCOMPATIBLE', message, {
    cure:
      'run the former code once more and stop it with `millrace stop --savepoint`: nothing is in ' +
      'flight then',
    details: { checkpointId },
  })
}

/**
 * For what copies or rewrites state and knows no channels.
 *
 * @throws `CHECKPOINT_INCOMPATIBLE` if records were in flight when the checkpoint was taken.
 */
export function requireNothingInFlight({
  checkpointId,
  tasks,
}: Pick<CheckpointLink, 'checkpointId' | 'tasks'>): void {
  if (tasks.every(({ inFlight = [] }) => inFlight.length === 0)) return
  const message = `checkpoint ${checkpointId} is unaligned: it holds records in flight`
  throw new MillraceError('CHECKPOINT_INCOMPATIBLE', message, {
    cure: 'use a savepoint, of `millrace savepoint` or `millrace stop --savepoint`: it never does',
    details: { checkpointId },
  })
}
