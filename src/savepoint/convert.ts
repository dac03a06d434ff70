/**
 * Rewrites a snapshot for another number of key groups. Every keyed entry moves to the group that
 * its key has now, so all of them are sorted anew: in pieces that fit into memory, merged from
 * files. State without keys, positions and output that is not committed are taken over as they are.
 */
import { Buffer } from 'node:buffer'
import { requireNothingInFlight } from '../checkpoint/in-flight-plan.ts'
import { runName } from '../checkpoint/layout.ts'
import type { CheckpointLink, TaskRecord } from '../checkpoint/manifest.ts'
import { occupied } from '../checkpoint/savepoint.ts'
import { MillraceError } from '../errors.ts'
import type { Entry } from '../state/backend.ts'
import {
  MAX_PARALLELISM_LIMIT,
  intersect,
  keyGroupOf,
  keyGroupRangeOf,
} from '../state/key-groups.ts'
import { KEY_HEAD_BYTES, SECTION_ROWS, operatorOfKey, sectionOfKey } from '../state/runs/entry.ts'
import { readTimeKey } from '../state/runs/entry-key.ts'
import type { RunMetadata } from '../state/runs/run-format.ts'
import { sealOf, storedStream } from '../state/runs/run-set.ts'
import { type EntrySeal, isSealed } from '../state/sealed/entry-seal.ts'
import { requireSeal } from '../state/sealed/opening.ts'
import { readRecords } from '../state/runs/snapshot-reader.ts'
import { recordEntries } from '../state/runs/snapshot-writer.ts'
import type { RunReference } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { openBlobStore } from '../storage/open.ts'
import { readKey, routeHash } from '../types/keys.ts'
import { ByteReader } from '../util/bytes.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { completeSavepoint } from './complete.ts'
import { liveOperators } from './raw-rows.ts'
import type { Snapshot } from './snapshot.ts'
import { writeRun, writeSorted } from './sorted-entries.ts'

export interface ConversionSpec {
  readonly from: Snapshot
  /** Number of key groups, the highest parallelism ever, of the savepoint: 1 to 32768. */
  readonly maxParallelism: number
  /** How much is sorted in memory at once. Default: 64 MiB. */
  readonly memoryBytes?: number
  /** For the time that the savepoint bears. Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>
  /** Told now and then how many entries of about how many have been read. */
  readonly onProgress?: (done: number, of: number) => void
}

/** What a conversion has written. */
export interface Conversion {
  readonly entries: number
  readonly bytes: number
}

/** Told after so many entries. */
const PROGRESS_ENTRIES = 10_000

/**
 * Writes a savepoint with another number of key groups, for a job that declares that number. The
 * memory it takes does not depend on the size of the snapshot.
 *
 * @param location a folder or URL that is new or empty, or a store, which stays the caller's.
 * @throws `STORAGE_CONFLICT` if something is there already; `CONFIG_INVALID` for a number of key
 *   groups that cannot be; `CHECKPOINT_INCOMPATIBLE` for an unaligned checkpoint with records in
 *   flight; `STORAGE_CORRUPT` if the snapshot is damaged. Nothing is left behind.
 * @example
 * await using from = await Snapshot.open('.millrace/orders/checkpoints')
 * await convertSavepoint('backup/wider', { from, maxParallelism: 1024 })
 */
export async function convertSavepoint(
  location: string | URL | BlobStore,
  spec: ConversionSpec,
): Promise<Conversion> {
  const { maxParallelism } = spec
  if (!(
    Number.isSafeInteger(maxParallelism) &&
    maxParallelism >= 1 &&
    maxParallelism <= MAX_PARALLELISM_LIMIT
  )) {
    throw new MillraceError('CONFIG_INVALID', `maxParallelism cannot be ${maxParallelism}`, {
      cure: `give a whole number from 1 to ${MAX_PARALLELISM_LIMIT}`,
    })
  }
  requireNothingInFlight(spec.from.link)
  const isStore = typeof location === 'object' && 'putIfAbsent' in location
  const store = isStore ? location : await openBlobStore(String(location))
  try {
    if ((await store.list('')).length > 0) throw occupied(store)
    return await new Converter(store, spec).convert()
  } finally {
    if (!isStore) await store.close()
  }
}

class Converter {
  readonly #store: BlobStore
  readonly #spec: ConversionSpec
  readonly #link: CheckpointLink
  /** Of files that it has written: the others of the place are of somebody else. */
  readonly #names = new Set<string>()
  readonly #total: number
  readonly #seal: EntrySeal | undefined
  #done = 0

  constructor(store: BlobStore, spec: ConversionSpec) {
    this.#store = store
    this.#spec = spec
    this.#link = spec.from.link
    this.#seal = sealOf(spec.from.store)
    const runs = this.#link.tasks.flatMap((task) => task.runs)
    this.#total = [...new Map(runs.map((run) => [run.name, run.entries])).values()].reduce(
      (sum, entries) => sum + entries,
      0,
    )
  }

  /** Writes files, then the manifest; if it fails, the files are deleted again. */
  async convert(): Promise<Conversion> {
    try {
      const tasks: TaskRecord[] = []
      for (const { id } of this.#link.plan.vertices) tasks.push(...(await this.#vertex(id)))
      const { maxParallelism } = this.#spec
      const {
        sequence: _sequence,
        previousHash: _hash,
        formatVersion: _version,
        ...body
      } = this.#link
      const plan = { ...body.plan, maxParallelism }
      const facts = {
        purpose: 'savepoint',
        leaderEpoch: this.#leaderEpoch,
        maxParallelism,
      } as const
      const writtenAt = (this.#spec.clock ?? systemClock).now()
      const written = { ...body, ...facts, plan, tasks, writtenAt }
      await completeSavepoint(this.#store, written, this.#names)
      const runs = new Map(
        tasks
          .flatMap((task) => [...task.runs, ...(task.records === undefined ? [] : [task.records])])
          .map((run) => [run.name, run]),
      )
      const all = [...runs.values()]
      return {
        entries: all.reduce((sum, run) => sum + run.entries, 0),
        bytes: all.reduce((sum, run) => sum + run.lengthBytes, 0),
      }
    } catch (error) {
      for (const name of this.#names) await this.#store.delete(name)
      throw error
    }
  }

  /** No run of the snapshot has this epoch in its name. */
  get #leaderEpoch(): number {
    return this.#link.leaderEpoch + 1
  }

  /** One run holds the keyed state of all subtasks of a vertex; each counts its own groups. */
  async #vertex(vertex: number): Promise<readonly TaskRecord[]> {
    const { maxParallelism, memoryBytes } = this.#spec
    const former = this.#link.tasks.filter((task) => task.vertex === vertex)
    const run = await writeSorted(this.#moved(former), {
      store: this.#store,
      metadata: this.#metadata(maxParallelism - 1),
      nameOf: (file) => this.#nameOf({ vertex, subtaskIndex: 0, merge: file + 1 }),
      onFile: (name) => this.#names.add(name),
      uid: this.#link.plan.vertices.find(({ id }) => id === vertex)?.name ?? String(vertex),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    })
    const tasks: TaskRecord[] = []
    for (const task of former) {
      const { subtaskIndex, source } = task
      const keyGroups = keyGroupRangeOf(subtaskIndex, maxParallelism, former.length)
      const own = run === undefined ? undefined : intersect(run.keyGroups, keyGroups)
      const records = await this.#records(task)
      tasks.push({
        vertex,
        subtaskIndex,
        keyGroups,
        runs: run === undefined || own === undefined ? [] : [{ ...run, keyGroups: own }],
        ...(records === undefined ? {} : { records }),
        ...(source === undefined ? {} : { source }),
      })
    }
    return tasks
  }

  /** All entries of these tasks, under the key groups that they have from now on. */
  async *#moved(tasks: readonly TaskRecord[]): AsyncGenerator<Entry> {
    const { from, maxParallelism, onProgress } = this.#spec
    const live = new Set(liveOperators(this.#link.operators).map(({ id }) => id))
    for (const { runs, keyGroups } of tasks) {
      for await (const batch of storedStream(from.store, runs, keyGroups).batches()) {
        for (const { key, value } of batch) {
          this.#done++
          if (this.#done % PROGRESS_ENTRIES === 0) onProgress?.(this.#done, this.#total)
          if (!live.has(operatorOfKey(key))) continue
          const plain = this.#plainKeyOf({ key, value })
          if (plain === undefined) continue
          const moved = Buffer.from(key)
          moved.writeUInt16BE(keyGroupOf(routeHash(userKeyOf(plain)), maxParallelism), 0)
          yield { key: moved, value: Buffer.from(value) }
        }
      }
    }
    onProgress?.(this.#total, this.#total)
  }

  /** What is sealed stays so; undefined if its subject was erased. */
  #plainKeyOf(entry: Entry): Uint8Array | undefined {
    return isSealed(entry) ? requireSeal(this.#seal).open(entry)?.key : entry.key
  }

  async #records({ vertex, subtaskIndex, records }: TaskRecord): Promise<RunReference | undefined> {
    if (records === undefined) return undefined
    const loose = await readRecords(this.#spec.from.store, records)
    const name = this.#nameOf({ vertex, subtaskIndex })
    const entries = recordEntries(loose, subtaskIndex)
    const metadata = this.#metadata(this.#spec.maxParallelism - 1)
    const written = await writeRun(this.#store, name, metadata, entries)
    if (written !== undefined) this.#names.add(name)
    return written
  }

  #nameOf(place: Omit<Parameters<typeof runName>[0], 'leaderEpoch' | 'checkpointId'>): string {
    const { checkpointId } = this.#link
    return runName({ leaderEpoch: this.#leaderEpoch, checkpointId, ...place })
  }

  #metadata(end: number): RunMetadata {
    const { jobName, checkpointId, operators } = this.#link
    return {
      jobName,
      checkpointId,
      leaderEpoch: this.#leaderEpoch,
      maxParallelism: end + 1,
      keyGroups: { start: 0, end },
      operators: liveOperators(operators),
    }
  }
}

const input = new ByteReader(new Uint8Array(0))

function userKeyOf(key: Uint8Array): unknown {
  if (sectionOfKey(key) !== SECTION_ROWS) return readTimeKey(key).key
  input.reset(key, KEY_HEAD_BYTES)
  return readKey(input)
}
