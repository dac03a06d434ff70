/**
 * Figures of one checkpoint: T = T_init + T_prepare + T_confirm + T_complete, and the sums over its
 * tasks. Those in the manifest were taken before it was written, so its later phases are 0 there.
 */
import type { CheckpointStatistics } from './manifest.ts'
import type { ActiveCheckpoint } from './protocol.ts'

/** When all tasks have acknowledged. */
export function checkpointStatistics(active: ActiveCheckpoint): CheckpointStatistics {
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
