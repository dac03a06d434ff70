/**
 * The runs of one task together, oldest first: restored as one stream, merged into fewer, asked for
 * one key. Which of a run's entries count is what its reference says, not what the file holds.
 */
import type { BlobStore } from '../../storage/blob-store.ts'
import type { Entry } from '../backend.ts'
import { intersect, type KeyGroupRange } from '../key-groups.ts'
import { EntrySeal, isSealed } from '../sealed/entry-seal.ts'
import { openedBatches, type OpeningOptions } from '../sealed/opening.ts'
import type { RunReference } from '../snapshot.ts'
import { keyGroupOfKey, operatorOfKey } from './entry.ts'
import { FLAG_ANY_TOMBSTONE, flagsOf } from './entry-value.ts'
import { mergeEntries } from './merge.ts'
import { Pacer, type Slice } from './pace.ts'
import type { RunMetadata } from './run-format.ts'
import { RunReader } from './run-reader.ts'
import { RunWriter, type RunWriterOptions } from './run-writer.ts'
import { EntryBatches, type EntryBatch } from './stream.ts'

export { planMerge, type MergePlan } from './merge-plan.ts'

/**
 * What the runs hold for the wanted key groups: merged, without tombstones, each run clipped to its
 * reference, sealed entries opened. The runs are opened when the stream is read. Throws
 * `STORAGE_CORRUPT` on damage, `KEY_NOT_FOUND` for sealed entries in a store without their keys.
 */
export function restoreStream(
  store: BlobStore,
  runs: readonly RunReference[],
  keyGroups: KeyGroupRange,
  { order = 'within key groups', onErased }: Partial<Omit<OpeningOptions, 'seal'>> = {},
): EntryBatches {
  const merged = mergedRuns(store, runs, keyGroups, true)
  const seal = sealOf(store)
  return new EntryBatches(() => openedBatches(merged.batches(), { seal, order, onErased }))
}

/** The same with sealed entries as they are: for who moves them and need not read them. */
export function storedStream(
  store: BlobStore,
  runs: readonly RunReference[],
  keyGroups: KeyGroupRange,
): EntryBatches {
  return mergedRuns(store, runs, keyGroups, true)
}

/** What opens sealed entries of a store; undefined if it has no keys of subjects. */
export function sealOf({ subjects }: BlobStore): EntrySeal | undefined {
  return subjects && new EntrySeal(subjects)
}

function mergedRuns(
  store: BlobStore,
  runs: readonly RunReference[],
  keyGroups: KeyGroupRange,
  dropTombstones: boolean,
): EntryBatches {
  return new EntryBatches(async function* (): AsyncGenerator<EntryBatch> {
    const streams: EntryBatches[] = []
    for (const reference of runs) {
      const range = intersect(reference.keyGroups, keyGroups)
      if (range === undefined) continue
      const reader = await RunReader.open(store, reference)
      streams.push(counted(reference, reader.scan(range)))
    }
    yield* mergeEntries(streams, { dropTombstones }).batches()
  })
}

/** Without the entries of operators that the reference does not mean. */
function counted(reference: RunReference, stream: EntryBatches): EntryBatches {
  if (reference.operators === undefined) return stream
  return new EntryBatches(async function* (): AsyncGenerator<EntryBatch> {
    for await (const batch of stream.batches()) {
      const kept = batch.filter(({ key }) => means(reference, operatorOfKey(key)))
      if (kept.length > 0) yield kept
    }
  })
}

function means(reference: RunReference, operatorId: number): boolean {
  return reference.operators === undefined || reference.operators.includes(operatorId)
}

export interface MergeRunsOptions extends RunWriterOptions {
  readonly store: BlobStore
  /** Oldest first. */
  readonly runs: readonly RunReference[]
  /** The task's; what lies outside is not taken over. */
  readonly keyGroups: KeyGroupRange
  /** True only if the first of `runs` is the oldest of its task. */
  readonly dropTombstones: boolean
  readonly name: string
  readonly metadata: RunMetadata
  readonly slice: Slice
  /** What is to stand for an entry, with the same key; `seal` opens and seals what is sealed. */
  readonly renewed?: (entry: Entry, seal: EntrySeal | undefined) => Entry
  /** A named place where a fault may strike. */
  readonly at?: (point: string) => void | Promise<void>
}

/**
 * Writes the one run that may replace `runs` in a manifest. Records (what is not keyed) are not
 * taken over, nor is what is sealed of erased subjects. If it fails, nothing is visible.
 */
export async function mergeRuns(options: MergeRunsOptions): Promise<RunReference> {
  const { store, runs, keyGroups, dropTombstones, name, metadata, slice, at, renewed } = options
  const pacer = new Pacer(slice)
  const writer = await RunWriter.create(store, name, { ...metadata, keyGroups }, options)
  const seal = sealOf(store)
  try {
    await at?.('merge')
    for await (const batch of mergedRuns(store, runs, keyGroups, dropTombstones).batches()) {
      for (const entry of batch) {
        if (seal !== undefined && isSealed(entry) && seal.isErased(entry)) continue
        writer.add(renewed === undefined ? entry : renewed(entry, seal))
        const pause = writer.flushIfFull() ?? pacer.worked()
        if (pause !== undefined) await pause
      }
      const pause = pacer.look()
      if (pause !== undefined) await pause
    }
    await at?.('merge-before-close')
    return await writer.close()
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** Look-ups of single keys in a set of runs, newest first. */
export class RunSet {
  readonly #readers: readonly RunReader[]

  private constructor(readers: readonly RunReader[]) {
    this.#readers = readers
  }

  /** Opens all runs; `runs` are oldest first. */
  static async open(store: BlobStore, runs: readonly RunReference[]): Promise<RunSet> {
    const readers: RunReader[] = []
    for (const reference of runs) readers.push(await RunReader.open(store, reference))
    return new RunSet(readers)
  }

  get readers(): readonly RunReader[] {
    return this.#readers
  }

  /** The live value of a key, its header included. A view: copy what is kept. */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const keyGroup = keyGroupOfKey(key)
    for (let index = this.#readers.length - 1; index >= 0; index--) {
      const reader = this.#readers[index]
      const range = reader?.reference.keyGroups
      if (reader === undefined || range === undefined) continue
      if (keyGroup < range.start || keyGroup > range.end) continue
      if (!means(reader.reference, operatorOfKey(key))) continue
      const value = await reader.get(key)
      if (value !== undefined)
        return (flagsOf(value) & FLAG_ANY_TOMBSTONE) === 0 ? value : undefined
      if (reader.deletesOlder(key)) return undefined
    }
    return undefined
  }

  /** The live entries under a prefix that lies within one key group and operator. */
  prefix(prefix: Uint8Array): EntryBatches {
    const keyGroup = keyGroupOfKey(prefix)
    const readers = this.#readers.filter(({ reference }) => {
      const { start, end } = reference.keyGroups
      return keyGroup >= start && keyGroup <= end && means(reference, operatorOfKey(prefix))
    })
    // A range tombstone over the whole prefix is not among a run's entries under it.
    const from = readers.findLastIndex((reader) => reader.deletesOlder(prefix))
    const streams = readers.slice(Math.max(0, from)).map((reader) => reader.prefix(prefix))
    return mergeEntries(streams, { dropTombstones: true })
  }
}
