/**
 * The storage of a job as a worker sees it: runs of a snapshot that is being imported are read
 * where they are; of a storage far away the worker keeps copies of its runs on the local disk, for
 * the next restore. They belong to a lineage and a worker: names are unique within a lineage only,
 * and subtask i will most likely be restored by worker i.
 */
import { RUNS_PREFIX } from '../checkpoint/layout.ts'
import type { ToWorker } from '../checkpoint/messages.ts'
import type { WorkerSettings } from '../checkpoint/settings.ts'
import { RunReader } from '../state/runs/run-reader.ts'
import type { RunReference } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { CopyingStore } from '../storage/copying.ts'
import { LocalCopies } from '../storage/local-copies.ts'
import { OverlayStore } from '../storage/overlay.ts'
import { required } from '../util/assert.ts'
import type { WorkerHost } from './host.ts'

type Deploy = Extract<ToWorker, { kind: 'deploy' }>

export interface WorkerStore {
  readonly store: BlobStore
  /** The one that keeps copies; undefined if the storage is near. */
  readonly copying: CopyingStore | undefined
}

export async function openWorkerStore(
  host: WorkerHost,
  settings: WorkerSettings,
  workerIndex: number,
  deploy: Deploy,
): Promise<WorkerStore> {
  const { storage, localCopies, parallelism } = settings
  const far = await host.openStore(storage)
  const disk = await host.openStore(localCopies.directory)
  const { lineage } = deploy.scope
  // One worker of the first deployment does it for all: nobody has copies for another to delete.
  if (workerIndex === 0 && deploy.round === 0) {
    const keep = localCopies.isOn ? { lineage, workers: parallelism } : undefined
    await deleteStale(disk, keep).catch((error: unknown) => {
      host.report('local-copy-failed', error)
    })
  }
  const restored = runsFor(deploy, workerIndex)
  const copies = localCopies.isOn
    ? new LocalCopies({
        disk,
        prefix: `${lineage}/worker-${workerIndex}/`,
        bytesMax: Math.floor(localCopies.bytesMax / parallelism),
        knows: (name) => restored.has(name),
        async verify(name, path) {
          const run = required(
            restored.get(name),
            `${name} is fetched, and nothing says what it is`,
          )
          const copy = new OverlayStore(disk, disk, new Map([[name, path]]))
          await (await RunReader.open(copy, run)).verify()
        },
        onProblem: (event, error) => host.report(event, error),
      })
    : undefined
  await copies?.open(localCopies.isTrusted ? new Set(restored.keys()) : new Set())
  const copying = copies && new CopyingStore(far, copies, RUNS_PREFIX)
  const own = copying ?? far
  if (copies === undefined) await disk.close()
  const { imports } = deploy
  if (imports === undefined) return { store: own, copying }
  const foreign = await host.openStore(imports.location, 'foreign')
  return { store: new OverlayStore(own, foreign, new Map(imports.names)), copying }
}

/** What this worker is about to restore. */
function runsFor({ restores }: Deploy, workerIndex: number): ReadonlyMap<string, RunReference> {
  const found = new Map<string, RunReference>()
  for (const { subtaskIndex, from, inFlight } of restores) {
    if (subtaskIndex !== workerIndex) continue
    for (const { runs, records } of from) {
      for (const run of runs) found.set(run.name, run)
      if (records !== undefined) found.set(records.name, records)
    }
    // What was in flight is read by whoever it may concern, and names runs of all tasks.
    for (const run of inFlight?.records ?? []) found.set(run.name, run)
  }
  return found
}

/** Copies of other lineages, of workers that there are no more, and those begun by the dead. */
async function deleteStale(
  disk: BlobStore,
  keep: { readonly lineage: string; readonly workers: number } | undefined,
): Promise<void> {
  await disk.cleanTemporary?.()
  const prefixes = Array.from({ length: keep?.workers ?? 0 }, (_, worker) => {
    return `${keep?.lineage}/worker-${worker}/`
  })
  for (const { name } of await disk.list('')) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) await disk.delete(name)
  }
}
