/** Checkpoints that take long: what the tasks say of themselves, and when people are told. */
import { type Draft, inProgress, replace, report } from './decisions-draft.ts'
import { explain, type MissingTask } from './explain.ts'
import type { TaskProgress } from './messages.ts'
import type {
  ActiveCheckpoint,
  ProtocolOptions,
  ProtocolState,
  SlowCheckpoint,
} from './protocol.ts'
import { taskKey } from './protocol.ts'

/** No checkpoint is called slow before. */
const SLOW_AFTER_MS = 10_000

/** After that time a checkpoint is slow: it delays the next one, or is on its way to fail. */
export function slowAfterMs({ intervalMs, timeoutMs }: ProtocolOptions): number {
  return Math.min(timeoutMs / 2, Math.max(SLOW_AFTER_MS, intervalMs))
}

/** What the tasks of a worker said; those it does not name have nothing to say. */
export function heardProgress(
  draft: Draft,
  worker: number,
  tasks: readonly TaskProgress[],
  atMs: number,
): void {
  draft.workersHeardAtMs = new Map(draft.workersHeardAtMs).set(worker, atMs)
  if (tasks.length === 0) return
  const heard = new Map(draft.progress)
  // The oldest checkpoint is what the others wait for, so it is what counts of a task.
  for (const progress of tasks.toReversed()) heard.set(taskKey(progress), { progress, atMs })
  draft.progress = heard
}

/** Tells of checkpoints that are slow, once and each time that has doubled. */
export function reportSlow(draft: Draft, atMs: number): void {
  if (draft.stage !== 'running') return
  for (const active of inProgress(draft)) {
    if (atMs < active.slowAtMs) continue
    const { checkpointId, purpose, decidedAtMs } = active
    replace(draft, { ...active, slowAtMs: decidedAtMs + 2 * (atMs - decidedAtMs) })
    const slow = slowness(draft, active, atMs)
    report(draft, { checkpointId, purpose, outcome: 'slow', slow })
  }
}

/** What a checkpoint before its commit point waits for. */
export function slowness(
  state: Pick<ProtocolState, 'setup' | 'progress' | 'workersHeardAtMs'>,
  active: ActiveCheckpoint,
  atMs: number,
): SlowCheckpoint {
  const { tasks } = state.setup
  const { checkpointId, purpose, phase, acknowledged, decidedAtMs } = active
  const facts = {
    checkpointId,
    purpose,
    phase,
    runningMs: atMs - decidedAtMs,
    acknowledged: acknowledged.size,
    tasks: tasks.length,
  }
  if (phase === 'confirm') {
    const reasons = ['the storage has not answered to the manifest']
    return { ...facts, reasons, cure: 'check that the checkpoint storage answers' }
  }
  if (acknowledged.size === tasks.length) {
    const reasons = ['all tasks have acknowledged: it waits for the one before it to be confirmed']
    return { ...facts, reasons, cure: 'raise checkpointing.interval, or lower maxConcurrent' }
  }
  const missing = tasks.filter((task) => !acknowledged.has(taskKey(task)))
  const told = missing.map((task): MissingTask => {
    const heard = state.progress.get(taskKey(task))
    return {
      task,
      heard: heard?.progress.checkpointId === checkpointId ? heard : undefined,
      // Subtask n of every vertex runs in worker n.
      workerHeardAtMs: Math.max(state.workersHeardAtMs.get(task.subtaskIndex) ?? 0, decidedAtMs),
    }
  })
  return { ...facts, ...explain(told, atMs) }
}
