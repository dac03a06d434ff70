/**
 * The way from a foreign snapshot (a savepoint, another job's checkpoint) into the storage of a
 * job: its runs are copied under names of this job, so that every manifest names only runs inside
 * its own directory.
 */
import { runName } from '../checkpoint/layout.ts'
import type { CheckpointLink, TaskRecord } from '../checkpoint/manifest.ts'
import type { RunReference } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { copyBlob } from '../storage/copy.ts'

export interface CopyOptions {
  readonly from: BlobStore
  readonly to: BlobStore
  readonly link: CheckpointLink
  /** Identity of the copies; in a directory of its own any will do. */
  readonly leaderEpoch: number
  readonly checkpointId: number
}

/** The tasks of a foreign checkpoint with their runs copied under names of this job. */
export async function importTasks(options: CopyOptions): Promise<readonly TaskRecord[]> {
  const copied = new Map<string, string>()
  const own = async (run: RunReference, task: TaskRecord): Promise<RunReference> => {
    const known = copied.get(run.name)
    if (known !== undefined) return { ...run, name: known }
    const { leaderEpoch, checkpointId, from, to } = options
    const { vertex, subtaskIndex } = task
    const merge = copied.size + 1
    const name = runName({ leaderEpoch, checkpointId, vertex, subtaskIndex, merge })
    await copyBlob(from, run.name, to, name)
    copied.set(run.name, name)
    return { ...run, name }
  }
  const tasks: TaskRecord[] = []
  for (const task of options.link.tasks) {
    const runs: RunReference[] = []
    for (const run of task.runs) runs.push(await own(run, task))
    const records = task.records === undefined ? undefined : await own(task.records, task)
    tasks.push({ ...task, runs, ...(records === undefined ? {} : { records }) })
  }
  return tasks
}
