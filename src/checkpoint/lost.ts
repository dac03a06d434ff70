/**
 * What is lost with a damaged run, in words a user knows: which tasks, operators and key groups of
 * a checkpoint. A run has no owner of its own; the checkpoint says whose it is.
 */
import type { KeyGroupRange } from '../state/key-groups.ts'
import type { LostEntries } from '../state/runs/run-survey.ts'
import type { CheckpointLink, TaskRecord } from './manifest.ts'

/** What one task of a checkpoint lacks. */
export interface Loss {
  /** Such as `counts[0]`. */
  readonly task: string
  /** Uids of operators whose state is concerned. */
  readonly operators: readonly string[]
  /** Ranges of key groups, ascending; empty if no keyed state is lost. */
  readonly keyGroups: readonly KeyGroupRange[]
  /** Positions of sources, state that belongs to no key, or output that is not committed. */
  readonly records: boolean
}

/**
 * What the tasks of a checkpoint lose with a run, or, if only parts of it are damaged, with these.
 */
export function lossesOf(
  link: CheckpointLink,
  runName: string,
  parts?: readonly LostEntries[],
): readonly Loss[] {
  const losses: Loss[] = []
  for (const task of link.tasks) {
    const { vertex, subtaskIndex } = task
    const found = link.plan.vertices.find((candidate) => candidate.id === vertex)
    const name = `${found?.name ?? vertex}[${subtaskIndex}]`
    const keyed = keyedLoss(link, task, runName, parts)
    const records = task.records?.name === runName
    if (!records && keyed.keyGroups.length === 0) continue
    losses.push({ task: name, ...keyed, records })
  }
  return losses
}

function keyedLoss(
  link: CheckpointLink,
  task: TaskRecord,
  runName: string,
  parts: readonly LostEntries[] | undefined,
): Pick<Loss, 'operators' | 'keyGroups'> {
  const keyGroups: KeyGroupRange[] = []
  const operators = new Set<string>()
  for (const run of task.runs.filter(({ name }) => name === runName)) {
    for (const part of parts ?? [WHOLE]) {
      const start = Math.max(run.keyGroups.start, part.keyGroups.start)
      const end = Math.min(run.keyGroups.end, part.keyGroups.end)
      if (start > end) continue
      keyGroups.push({ start, end })
      const ids = part.operators ?? run.operators
      for (const uid of keyedUids(link, task.vertex, ids)) operators.add(uid)
    }
  }
  const ordered = keyGroups.toSorted((a, b) => a.start - b.start)
  return { operators: [...operators], keyGroups: joined(ordered) }
}

const WHOLE: LostEntries = { keyGroups: { start: 0, end: 0xffff }, operators: undefined }

/** Uids of the operators of a vertex that keep keyed state; of these ids, if they are given. */
function keyedUids(
  { plan, operators }: CheckpointLink,
  vertex: number,
  ids: readonly number[] | undefined,
): readonly string[] {
  if (ids !== undefined) {
    return operators.filter(({ id }) => ids.includes(id)).map(({ uid }) => uid)
  }
  const nodes = plan.vertices.find((candidate) => candidate.id === vertex)?.nodes ?? []
  return nodes.flatMap((id) => {
    const node = plan.nodes.find((candidate) => candidate.id === id)
    const isKeyed = node !== undefined && (node.states.length > 0 || node.usesTimers)
    return isKeyed && node.uid !== undefined ? [node.uid] : []
  })
}

/** Ranges that touch or overlap as one. */
function joined(ordered: readonly KeyGroupRange[]): readonly KeyGroupRange[] {
  const ranges: KeyGroupRange[] = []
  for (const range of ordered) {
    const last = ranges.at(-1)
    if (last === undefined || range.start > last.end + 1) ranges.push(range)
    else ranges[ranges.length - 1] = { start: last.start, end: Math.max(last.end, range.end) }
  }
  return ranges
}

/** `key groups 0-63 of counts[0] (operators counts, totals)`. */
export function describeLoss({ task, operators, keyGroups, records }: Loss): string {
  const of = operators.length === 0 ? '' : ` (${operators.join(', ')})`
  const keyed = `key groups ${keyGroups.map(describeRange).join(', ')} of ${task}${of}`
  const unkeyed = `positions and output of ${task}`
  if (keyGroups.length === 0) return unkeyed
  return records ? `${keyed} and ${unkeyed}` : keyed
}

function describeRange({ start, end }: KeyGroupRange): string {
  return start === end ? `${start}` : `${start}-${end}`
}
