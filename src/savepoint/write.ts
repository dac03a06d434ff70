/**
 * Writes savepoints: made of iterables, of other snapshots, or of one with changes. What no change
 * concerns is copied file by file; the rest is streamed in key order. The manifest comes last, so a
 * savepoint is whole or not there.
 */
import { requireNothingInFlight } from '../checkpoint/in-flight-plan.ts'
import type { LinkBody } from '../checkpoint/chain.ts'
import { copyRun } from '../checkpoint/copy-run.ts'
import { runName } from '../checkpoint/layout.ts'
import type { CheckpointLink, TaskRecord } from '../checkpoint/manifest.ts'
import { occupied } from '../checkpoint/savepoint.ts'
import { MillraceError } from '../errors.ts'
import { MAX_PARALLELISM_DEFAULT } from '../state/key-groups.ts'
import { storedStream } from '../state/runs/run-set.ts'
import type { RunMetadata } from '../state/runs/run-format.ts'
import { readRecords } from '../state/runs/snapshot-reader.ts'
import { recordEntries } from '../state/runs/snapshot-writer.ts'
import type { RunReference } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { openBlobStore } from '../storage/open.ts'
import { systemClock } from '../util/clock.ts'
import { systemRandom } from '../util/random.ts'
import { completeSavepoint } from './complete.ts'
import type { OperatorChange } from './changes.ts'
import { newEntries } from './new-entries.ts'
import { newRecords } from './new-operator.ts'
import { draftOf, type Addition, type Draft } from './draft.ts'
import { rewritten, type Rewrite } from './rewritten.ts'
import type { Snapshot } from './snapshot.ts'
import { writeRun, writeSorted } from './sorted-entries.ts'

export interface SavepointSpec {
  /** What is changed; everything in it that `operators` does not name is taken over. */
  readonly from?: Snapshot
  /** Default: that of `from`. */
  readonly jobName?: string
  /** Number of key groups; that of the job that starts from it. Default: of `from`, else 128. */
  readonly maxParallelism?: number
  /** By uid. */
  readonly operators?: Readonly<Record<string, OperatorChange>>
  /** How much of what comes in any order is sorted in memory at once. Default: 64 MiB. */
  readonly memoryBytes?: number
}

/**
 * Writes a savepoint that `run --from` starts from, on any backend, at any parallelism.
 *
 * @param location a folder or URL that is new or empty, or a store, which stays the caller's.
 * @throws `STORAGE_CONFLICT` if something is there already; `STATE_UNKNOWN` for a uid or state that
 *   `from` does not have; `CHECKPOINT_INCOMPATIBLE` if numbers of key groups differ,
 *   or records were in flight;
 *   `TYPE_MISMATCH` if a value does not fit its type. Then nothing is left behind.
 * @example
 * await writeSavepoint('backup/seeded', {
 *   jobName: 'orders',
 *   operators: { totals: fromIterable(totals, [{ key: 'ann', states: { sum: 12 } }]) },
 * })
 */
export async function writeSavepoint(
  location: string | URL | BlobStore,
  spec: SavepointSpec,
): Promise<void> {
  if (spec.from !== undefined) requireNothingInFlight(spec.from.link)
  const isStore = typeof location === 'object' && 'putIfAbsent' in location
  const store = isStore ? location : await openBlobStore(String(location))
  try {
    if ((await store.list('')).length > 0) throw occupied(store)
    await new SavepointWriter(store, spec).write()
  } finally {
    if (!isStore) await store.close()
  }
}

class SavepointWriter {
  readonly #store: BlobStore
  readonly #spec: SavepointSpec
  readonly #jobName: string
  readonly #maxParallelism: number
  readonly #checkpointId: number
  readonly #leaderEpoch: number
  readonly #draft: Draft
  /** Of files that it has written: the others of the place are of somebody else. */
  readonly #names = new Set<string>()

  constructor(store: BlobStore, spec: SavepointSpec) {
    const { from, jobName = from?.jobName, operators = {} } = spec
    if (jobName === undefined) {
      throw new MillraceError('CONFIG_INVALID', 'a savepoint needs the name of its job', {
        cure: 'give jobName',
      })
    }
    const maxParallelism = spec.maxParallelism ?? from?.maxParallelism ?? MAX_PARALLELISM_DEFAULT
    this.#store = store
    this.#spec = spec
    this.#jobName = jobName
    this.#maxParallelism = maxParallelism
    this.#checkpointId = from?.checkpointId ?? 1
    // No run of the snapshot can have this epoch in its name.
    this.#leaderEpoch = (from?.link.leaderEpoch ?? 0) + 1
    this.#draft = draftOf(from, jobName, maxParallelism, operators)
  }

  /** Writes files, then the manifest; if it fails, the files are deleted again. */
  async write(): Promise<void> {
    try {
      await completeSavepoint(this.#store, await this.#write(), this.#names)
    } catch (error) {
      for (const name of this.#names) await this.#store.delete(name)
      throw error
    }
  }

  async #write(): Promise<LinkBody> {
    const { from } = this.#spec
    const tasks: TaskRecord[] = []
    for (const task of from?.link.tasks ?? []) {
      const written = await this.#taskOf(task)
      if (written !== undefined) tasks.push(written)
    }
    for (const addition of this.#draft.additions) tasks.push(await this.#added(addition))
    const { plan, operators, sources } = this.#draft
    const isSealed = operators.some(({ shredded, dropped }) => shredded === true && !dropped)
    const subjects = isSealed ? from?.link.subjects : undefined
    const empty = { initMs: 0, prepareMs: 0, confirmMs: 0, completeMs: 0, bytes: 0 }
    return {
      kind: 'checkpoint',
      jobName: this.#jobName,
      lineage: from?.link.lineage ?? systemRandom().id(),
      leaderEpoch: this.#leaderEpoch,
      writtenAt: systemClock.now(),
      checkpointId: this.#checkpointId,
      purpose: 'savepoint',
      finished: from?.link.finished ?? false,
      params: from?.link.params ?? {},
      plan,
      operators,
      parallelism: plan.parallelism,
      maxParallelism: this.#maxParallelism,
      tasks,
      sources,
      processingTime: from?.link.processingTime ?? 0,
      ...(subjects === undefined ? {} : { subjects }),
      statistics: from?.link.statistics ?? { ...empty, dirtyEntries: 0, tasks: [] },
    }
  }

  /** A task of the snapshot: copied, or written anew if a change concerns its vertex. */
  async #taskOf(task: TaskRecord): Promise<TaskRecord | undefined> {
    const { from } = this.#spec
    const { rewrites, droppedVertices, changedVertices, sourceUids } = this.#draft
    if (from === undefined || droppedVertices.has(task.vertex)) return undefined
    const { source, records, runs, keyGroups, vertex, subtaskIndex } = task
    const uid = source === undefined ? undefined : sourceUids.get(source.uid)
    const own = {
      vertex,
      subtaskIndex,
      keyGroups,
      ...(source === undefined || uid === undefined ? {} : { source: { ...source, uid } }),
    }
    if (!changedVertices.has(vertex)) {
      const files = [...runs, ...(records === undefined ? [] : [records])]
      for (const run of files) {
        const copy = { from: from.store, name: run.name, to: this.#store, run }
        if (await copyRun(copy)) this.#names.add(run.name)
      }
      return { ...own, runs, ...(records === undefined ? {} : { records }) }
    }
    const entries = rewritten(storedStream(from.store, runs, keyGroups), rewrites)
    const keyed = await this.#run({ vertex, subtaskIndex }, keyGroups, entries)
    const loose = records === undefined ? [] : await readRecords(from.store, records)
    const kept = loose.filter(({ operatorId }) => rewrites.get(operatorId) !== 'drop')
    const place = { vertex, subtaskIndex, merge: 1 }
    const held = await this.#run(place, keyGroups, recordEntries(kept, subtaskIndex))
    return {
      ...own,
      runs: keyed === undefined ? [] : [keyed],
      ...(held === undefined ? {} : { records: held }),
    }
  }

  /** The one task of an operator that the snapshot did not have. */
  async #added(addition: Addition): Promise<TaskRecord> {
    const { vertex, record } = addition
    const keyGroups = { start: 0, end: this.#maxParallelism - 1 }
    const own = { vertex, subtaskIndex: 0, keyGroups }
    if (addition.from === undefined) {
      const run = await writeSorted(newEntries(record, addition.change, this.#maxParallelism), {
        store: this.#store,
        metadata: this.#metadata(keyGroups),
        nameOf: (merge) => this.#nameOf({ vertex, subtaskIndex: 0, merge: merge + 1 }),
        onFile: (name) => this.#names.add(name),
        uid: record.uid,
        ...(this.#spec.memoryBytes === undefined ? {} : { memoryBytes: this.#spec.memoryBytes }),
      })
      const made = recordEntries(await newRecords(record, addition.change), 0)
      const held = await this.#run({ vertex, subtaskIndex: 0, merge: 0 }, keyGroups, made)
      return {
        ...own,
        runs: run === undefined ? [] : [run],
        ...(held === undefined ? {} : { records: held }),
      }
    }
    const { snapshot, id, rewriter } = addition.from
    const rewrites = new Map<number, Rewrite>(snapshot.operators.map((each) => [each.id, 'drop']))
    rewrites.set(id, rewriter)
    const place = { vertex, subtaskIndex: 0 }
    const run = await this.#run(place, keyGroups, rewritten(snapshot.all(), rewrites))
    const loose: Parameters<typeof recordEntries>[0][number][] = []
    for await (const { operatorId, kind, name, value, schemaId } of snapshot.reader.records()) {
      const isState = kind === 'operator-list' || kind === 'union-list' || kind === 'broadcast'
      if (operatorId !== id || !isState) continue
      const age = schemaId === undefined ? {} : { schemaId }
      loose.push({ operatorId: record.id, kind, name, value, ...age })
    }
    const entries = recordEntries(loose, 0)
    const records = await this.#run({ ...place, merge: 1 }, keyGroups, entries)
    return {
      ...own,
      runs: run === undefined ? [] : [run],
      ...(records === undefined ? {} : { records }),
    }
  }

  async #run(
    place: { readonly vertex: number; readonly subtaskIndex: number; readonly merge?: number },
    keyGroups: RunMetadata['keyGroups'],
    entries: Parameters<typeof writeRun>[3],
  ): Promise<RunReference | undefined> {
    const metadata = this.#metadata(keyGroups)
    const run = await writeRun(this.#store, this.#nameOf(place), metadata, entries)
    if (run !== undefined) this.#names.add(run.name)
    return run
  }

  #nameOf(place: Omit<Parameters<typeof runName>[0], 'leaderEpoch' | 'checkpointId'>): string {
    const [leaderEpoch, checkpointId] = [this.#leaderEpoch, this.#checkpointId]
    return runName({ leaderEpoch, checkpointId, ...place })
  }

  #metadata(keyGroups: CheckpointLink['tasks'][number]['keyGroups']): RunMetadata {
    return {
      jobName: this.#jobName,
      checkpointId: this.#checkpointId,
      leaderEpoch: this.#leaderEpoch,
      maxParallelism: this.#maxParallelism,
      keyGroups,
      operators: this.#draft.operators.filter(({ dropped }) => dropped !== true),
    }
  }
}
