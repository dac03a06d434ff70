/**
 * From a checkpoint to the tasks of a new attempt, at any parallelism and chaining. Vertices are
 * matched by the uids of their operators, never by number: a new vertex takes, of every former
 * vertex that held any of its operators, the runs of its key groups and the records of all
 * subtasks. Splits go back to the coordinator, which hands them out anew.
 */
import { MillraceError } from '../errors.ts'
import type { JobPlan, PlanVertex } from '../graph/plan.ts'
import { type KeyGroupRange, intersect, keyGroupRangeOf } from '../state/key-groups.ts'
import type { OperatorRecord, RunReference } from '../state/snapshot.ts'
import { planInFlight } from './in-flight-plan.ts'
import type { CheckpointLink, SourceRecord, SplitRecord, TaskRecord } from './manifest.ts'
import type { TaskRestore } from './messages.ts'

export { operatorIds } from './operator-ids.ts'

export interface RestorePlan {
  /** One for each subtask of each vertex, ordered by both. */
  readonly restores: readonly TaskRestore[]
  /** All splits of all sources: those in progress first, then those not yet begun. */
  readonly sources: readonly SourceRecord[]
}

/**
 * Plans the restore of `link` under the plan of a job.
 *
 * @throws `CHECKPOINT_INCOMPATIBLE` if the number of key groups differs; `CHECKPOINT_DAMAGED` if
 *   the manifest lacks a task or has a split twice.
 */
export function planRestore(
  link: CheckpointLink,
  { plan }: { readonly plan: JobPlan },
): RestorePlan {
  if (link.maxParallelism !== plan.maxParallelism) {
    const { maxParallelism: was, checkpointId } = link
    const is = plan.maxParallelism
    const message = `checkpoint ${checkpointId} has ${was} key groups, the job ${is}`
    throw new MillraceError('CHECKPOINT_INCOMPATIBLE', message, {
      cure:
        `set maxParallelism to ${was}, rewrite the state with \`millrace checkpoint convert\`, ` +
        `or start without it with --fresh`,
      details: { checkpointId },
    })
  }
  const former = formerVertices(link)
  const inFlight = planInFlight(link, plan)
  const restores = plan.vertices
    .toSorted((a, b) => a.id - b.id)
    .flatMap((vertex) => restoresOf(vertex, plan, former))
    .map((restore) => (inFlight === undefined ? restore : { ...restore, inFlight }))
  return { restores, sources: sourcesOf(link) }
}

interface FormerVertex {
  readonly uids: ReadonlySet<string>
  /** By uid: the ids under which its entries are. */
  readonly ids: ReadonlyMap<string, number>
  readonly parallelism: number
  /** By subtask. */
  readonly tasks: readonly TaskRecord[]
}

function formerVertices(link: CheckpointLink): readonly FormerVertex[] {
  const ids = new Map<string, number>()
  for (const record of liveOperators(link.operators)) ids.set(record.uid, record.id)
  return link.plan.vertices.map((vertex) => {
    const tasks = link.tasks
      .filter((task) => task.vertex === vertex.id)
      .toSorted((a, b) => a.subtaskIndex - b.subtaskIndex)
    if (tasks.length !== vertex.parallelism) {
      const found = `${tasks.length} of ${vertex.parallelism} subtasks of "${vertex.name}"`
      throw new MillraceError(
        'CHECKPOINT_DAMAGED',
        `checkpoint ${link.checkpointId} holds only ${found}`,
        { details: { checkpointId: link.checkpointId } },
      )
    }
    const uids = uidsOf(vertex, link.plan)
    const own = new Map([...ids].filter(([uid]) => uids.has(uid)))
    return { uids, ids: own, parallelism: vertex.parallelism, tasks }
  })
}

function liveOperators(operators: readonly OperatorRecord[]): readonly OperatorRecord[] {
  return operators.filter((record) => record.dropped !== true)
}

function uidsOf(vertex: PlanVertex, plan: JobPlan): ReadonlySet<string> {
  const uids = new Set<string>()
  for (const node of plan.nodes) {
    if (node.uid !== undefined && vertex.nodes.includes(node.id)) uids.add(node.uid)
  }
  return uids
}

function restoresOf(
  vertex: PlanVertex,
  plan: JobPlan,
  former: readonly FormerVertex[],
): readonly TaskRestore[] {
  const uids = uidsOf(vertex, plan)
  const sources = former.filter((candidate) => !candidate.uids.isDisjointFrom(uids))
  return Array.from({ length: vertex.parallelism }, (_, subtaskIndex) => {
    const keyGroups = keyGroupRangeOf(subtaskIndex, plan.maxParallelism, vertex.parallelism)
    const from = sources.flatMap((source) => {
      const operators = operatorsTaken(source, uids)
      return source.tasks
        .map((task) => clipTask(task, keyGroups, operators))
        .filter((task) => task.runs.length > 0 || task.records !== undefined)
    })
    const formerParallelism = Math.max(0, ...sources.map((source) => source.parallelism))
    return { vertex: vertex.id, subtaskIndex, from, formerParallelism }
  })
}

/**
 * The operators whose entries count, or undefined for all. When a vertex is split up, each part
 * must forget the others' entries: they will change elsewhere, and this copy of them would come
 * back, out of date, when the parts are joined again.
 */
function operatorsTaken(
  source: FormerVertex,
  uids: ReadonlySet<string>,
): readonly number[] | undefined {
  if (source.uids.isSubsetOf(uids)) return undefined
  return [...source.ids].filter(([uid]) => uids.has(uid)).map(([, id]) => id)
}

/** What of a former task concerns these key groups and operators. */
function clipTask(
  task: TaskRecord,
  keyGroups: KeyGroupRange,
  operators: readonly number[] | undefined,
): TaskRecord {
  const { vertex, subtaskIndex, records } = task
  const own = intersect(task.keyGroups, keyGroups)
  const runs: RunReference[] = []
  for (const run of task.runs) {
    const clipped = own === undefined ? undefined : intersect(run.keyGroups, own)
    if (clipped === undefined) continue
    if (operators === undefined) {
      runs.push({ ...run, keyGroups: clipped })
      continue
    }
    const counted = run.operators?.filter((id) => operators.includes(id)) ?? operators
    if (counted.length > 0) runs.push({ ...run, keyGroups: clipped, operators: counted })
  }
  return {
    vertex,
    subtaskIndex,
    runs,
    keyGroups: own ?? { start: keyGroups.start, end: keyGroups.start - 1 },
    ...(records === undefined ? {} : { records }),
  }
}

/** Per source, everything that is known of its splits; tasks no longer hold any. */
function sourcesOf(link: CheckpointLink): readonly SourceRecord[] {
  const uids = new Set<string>()
  const held: SourceRecord[] = []
  for (const { source } of link.tasks) if (source !== undefined) held.push(source)
  const all = [...held, ...link.sources]
  for (const record of all) uids.add(record.uid)
  return [...uids].toSorted().map((uid) => {
    const records = all.filter((record) => record.uid === uid)
    const finished = new Set(records.flatMap((record) => record.finished))
    const pending = new Map<string, SplitRecord>()
    for (const split of records.flatMap((record) => record.pending)) {
      if (pending.has(split.id) || finished.has(split.id)) {
        const message = `checkpoint ${link.checkpointId} has split "${split.id}" of "${uid}" twice`
        throw new MillraceError('CHECKPOINT_DAMAGED', message, { details: { uid } })
      }
      pending.set(split.id, split)
    }
    return { uid, pending: [...pending.values()], finished: [...finished].toSorted() }
  })
}
