/**
 * Who needs which run. A run belongs to no checkpoint: it lives as long as any retained link names
 * it, and incremental checkpoints name most runs of their predecessors.
 */
import type { RunReference } from '../state/snapshot.ts'
import type { CheckpointLink, ManifestLink } from './manifest.ts'

/** Every run file a checkpoint needs, once each, though several subtasks may share it. */
export function runsOf(link: CheckpointLink): readonly RunReference[] {
  const runs = new Map<string, RunReference>()
  for (const task of link.tasks) {
    for (const run of task.runs) runs.set(run.name, run)
    if (task.records !== undefined) runs.set(task.records.name, task.records)
  }
  return [...runs.values()]
}

/** The names of all runs that any of these links needs. */
export function runNamesOf(links: readonly ManifestLink[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const link of links) {
    if (link.kind === 'checkpoint') for (const run of runsOf(link)) names.add(run.name)
  }
  return names
}
