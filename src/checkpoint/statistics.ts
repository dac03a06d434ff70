/**
 * Figures of one checkpoint: T = T_init + T_prepare + T_confirm + T_complete, and the sums over its
 * tasks. Those in the manifest were taken before it was written, so its later phases are 0 there
 * and follow in the next one (`laterPhasesOf`).
 */
import type {
  CheckpointLink,
  CheckpointStatistics,
  LaterPhases,
  ManifestLink,
  TaskStatistics,
} from './manifest.ts'
import type { ActiveCheckpoint } from './protocol.ts'

/** When all tasks have acknowledged. */
function checkpointStatistics(active: ActiveCheckpoint): CheckpointStatistics {
  const tasks = [...active.acknowledged.values()]
    .map((acknowledgement) => acknowledgement.statistics)
    .toSorted((a, b) => a.vertex - b.vertex || a.subtaskIndex - b.subtaskIndex)
  let bytes = 0
  let dirtyEntries = 0
  for (const task of tasks) {
    bytes += task.bytes
    dirtyEntries += task.dirtyEntries
  }
  return {
    initMs: active.triggeredAtMs - active.decidedAtMs,
    prepareMs: active.acknowledgedAtMs - active.triggeredAtMs,
    confirmMs: 0,
    completeMs: 0,
    bytes,
    dirtyEntries,
    tasks,
  }
}

/** For its own manifest, which also tells how those before it ended. */
export function manifestStatistics(active: ActiveCheckpoint): CheckpointStatistics {
  const { toldPhases: former } = active
  return { ...checkpointStatistics(active), ...(former.length === 0 ? {} : { former }) }
}

/** When the manifest is written. */
export function confirmedStatistics(active: ActiveCheckpoint, atMs: number): CheckpointStatistics {
  return { ...checkpointStatistics(active), confirmMs: atMs - active.acknowledgedAtMs }
}

/** When all output is committed. */
export function completedStatistics(
  statistics: CheckpointStatistics,
  completeMs: number,
): CheckpointStatistics {
  return { ...statistics, completeMs }
}

/** How a checkpoint ended, if a later link tells; `links` oldest first. */
export function laterPhasesOf(
  links: readonly ManifestLink[],
  { checkpointId, leaderEpoch, sequence }: CheckpointLink,
): LaterPhases | undefined {
  for (const link of links) {
    if (link.kind !== 'checkpoint' || link.leaderEpoch !== leaderEpoch) continue
    if (link.sequence <= sequence) continue
    const found = link.statistics.former?.find((phases) => phases.checkpointId === checkpointId)
    if (found !== undefined) return found
  }
  return undefined
}

/** Parts of a task's checkpoint, in their order. */
export type TaskPart = 'barrier' | 'alignment' | 'cut' | 'sinks' | 'write'

/** How long each took; what an older version did not measure is 0. */
export function partsOf(task: TaskStatistics): Readonly<Record<TaskPart, number>> {
  const { startDelayMs = 0, alignmentMs, syncMs, sinkMs = 0, asyncMs } = task
  return {
    barrier: startDelayMs,
    alignment: alignmentMs,
    cut: syncMs,
    sinks: sinkMs,
    write: Math.max(0, asyncMs - sinkMs),
  }
}

/** From the trigger to the acknowledgement. */
export function totalMsOf(task: TaskStatistics): number {
  const sum = Object.values(partsOf(task)).reduce((total, part) => total + part, 0)
  return task.acknowledgedMs ?? sum
}

/** The task that was last, and what took it longest; undefined of a single task. */
export function slowestTask(
  tasks: readonly TaskStatistics[],
): { readonly task: TaskStatistics; readonly part: TaskPart } | undefined {
  const [first, ...others] = tasks
  if (first === undefined || others.length === 0) return undefined
  const task = others.reduce((a, b) => (totalMsOf(b) > totalMsOf(a) ? b : a), first)
  const parts = partsOf(task)
  const names: readonly TaskPart[] = ['barrier', 'alignment', 'cut', 'sinks', 'write']
  return { task, part: names.reduce((a, b) => (parts[b] > parts[a] ? b : a)) }
}
