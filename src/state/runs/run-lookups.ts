/**
 * The runs of one task, open for look-ups while records wait: what a lazy restore reads from. As a
 * stream it is the whole restore, for backends that load everything at once.
 */
import type { BlobStore } from '../../storage/blob-store.ts'
import type { Entry, EntryStream } from '../backend.ts'
import { intersect, type KeyGroupRange } from '../key-groups.ts'
import { isSealed } from '../sealed/entry-seal.ts'
import { openedBatchesSync, openedEntries, type OpeningOptions } from '../sealed/opening.ts'
import type { ShreddedOperator } from '../sealed/subject.ts'
import type { RunReference } from '../snapshot.ts'
import { BlockCache } from './block-cache.ts'
import { SCALAR_SUFFIX } from './entry-key.ts'
import { flagsOfEntry } from './entry-range.ts'
import { FLAG_ANY_TOMBSTONE, flagsOf } from './entry-value.ts'
import { mergeBatchesSync, mergeSync } from './merge.ts'
import { RunLookup } from './run-lookup.ts'
import { RunReader } from './run-reader.ts'
import { restoreStream, sealOf } from './run-set.ts'
import { keyGroupBound } from './search.ts'
import { EntryBatches, type EntryBatch } from './stream.ts'

const NO_ENTRIES: readonly Entry[] = Object.freeze([])

export class RunLookups extends EntryBatches {
  /** Oldest first. */
  readonly #runs: readonly RunLookup[]
  readonly #opening: OpeningOptions

  constructor(
    whole: EntryBatches,
    runs: readonly RunLookup[],
    opening: Pick<OpeningOptions, 'seal' | 'onErased'> = { seal: undefined },
  ) {
    super(() => whole.batches())
    this.#runs = runs
    this.#opening = { ...opening, order: 'within rows' }
  }

  /**
   * The live entries of a row in key order. `isScalar`: there is one at most. `shredded`: whose its
   * key is, if its entries are sealed.
   */
  row(prefix: Uint8Array, isScalar: boolean, shredded?: ShreddedOperator): readonly Entry[] {
    const sealed = shredded === undefined ? prefix : this.#opening.seal?.prefix(prefix, shredded)
    const found = this.#row(sealed ?? prefix, isScalar)
    return found.some(isSealed) ? [...openedEntries(found, this.#opening)] : found
  }

  #row(prefix: Uint8Array, isScalar: boolean): readonly Entry[] {
    if (isScalar) return this.#scalarRow(prefix)
    const runs = this.#covering(prefix)
    // A range tombstone over the whole row is not among a run's entries of it.
    const from = Math.max(
      0,
      runs.findLastIndex((run) => run.deletesOlder(prefix)),
    )
    const parts = runs
      .slice(from)
      .map((run) => run.row(prefix))
      .filter((entries) => entries.length > 0)
    return parts.length === 0 ? NO_ENTRIES : [...mergeSync(parts, { dropTombstones: true })]
  }

  /**
   * The live entries from key `start` to below `end`, which lie within one key group and operator;
   * read as they are asked for.
   */
  *range(start: Uint8Array, end: Uint8Array): Generator<Entry> {
    for (const batch of this.batchesBetween(start, end)) yield* batch
  }

  /** The same in batches, none much larger than a block. */
  batchesBetween(start: Uint8Array, end: Uint8Array): Iterable<EntryBatch> {
    return openedBatchesSync(this.#liveBetween(start, end), this.#opening)
  }

  /** How many entries the largest run has in a range of keys, about. */
  entriesBetween(start: Uint8Array, end: Uint8Array): number {
    return Math.max(0, ...this.#covering(start).map((run) => run.entriesBetween(start, end)))
  }

  /** The operators that have entries in a key group. */
  operatorsOf(keyGroup: number): ReadonlySet<number> {
    return new Set(this.#runs.flatMap((run) => [...run.operatorsOf(keyGroup)]))
  }

  /** What the blocks of a key group take up in the files. */
  bytesOf(keyGroup: number): number {
    const [start, end] = [keyGroupBound(keyGroup), keyGroupBound(keyGroup + 1)]
    if (start === undefined || end === undefined) return 0
    return this.#runs.reduce((sum, run) => sum + run.bytesBetween(start, end), 0)
  }

  bytesOfAll({ start, end }: KeyGroupRange): number {
    let bytes = 0
    for (let keyGroup = start; keyGroup <= end; keyGroup++) bytes += this.bytesOf(keyGroup)
    return bytes
  }

  #scalarRow(prefix: Uint8Array): readonly Entry[] {
    const key = Buffer.concat([prefix, SCALAR_SUFFIX])
    for (let index = this.#runs.length - 1; index >= 0; index--) {
      const run = this.#runs[index]
      if (run?.covers(prefix) !== true) continue
      const value = run.get(key, prefix.length)
      if (value !== undefined) {
        return (flagsOf(value) & FLAG_ANY_TOMBSTONE) === 0 ? [{ key, value }] : NO_ENTRIES
      }
      if (run.deletesOlder(prefix)) return NO_ENTRIES
    }
    return NO_ENTRIES
  }

  *#liveBetween(start: Uint8Array, end: Uint8Array): Generator<EntryBatch> {
    const parts: Iterable<EntryBatch>[] = []
    for (const run of this.#runs) {
      if (!run.mayHoldFrom(start)) continue
      const batches = run.between(start, end)
      const first = batches.next()
      if (first.done !== true) parts.push(startingWith(first.value, batches))
    }
    const [only, ...others] = parts
    if (only === undefined) return
    // A range tombstone deletes nothing of its own run: one alone has nothing to be merged.
    if (others.length === 0) yield* alive(only)
    else yield* mergeBatchesSync(parts, { dropTombstones: true })
  }

  #covering(key: Uint8Array): readonly RunLookup[] {
    return this.#runs.filter((run) => run.covers(key))
  }
}

function* startingWith(first: EntryBatch, others: Iterable<EntryBatch>): Generator<EntryBatch> {
  yield first
  yield* others
}

function* alive(batches: Iterable<EntryBatch>): Generator<EntryBatch> {
  const isAlive = (entry: Entry): boolean => (flagsOfEntry(entry) & FLAG_ANY_TOMBSTONE) === 0
  for (const batch of batches) yield batch.every(isAlive) ? batch : batch.filter(isAlive)
}

/**
 * What a task restores: open for look-ups if the store can read at once, else a stream. Throws
 * `STORAGE_CORRUPT` or `STORAGE_NOT_FOUND` where a run is not what its reference says.
 *
 * @param onErased told of each entry that is passed over because its subject was erased
 */
export async function openRestore(
  store: BlobStore,
  runs: readonly RunReference[],
  keyGroups: KeyGroupRange,
  onErased?: () => void,
): Promise<EntryStream> {
  const whole = restoreStream(store, runs, keyGroups, { order: 'within rows', onErased })
  if (store.readSync === undefined) return whole
  const clipped = runs.flatMap((run): readonly RunReference[] => {
    const range = intersect(run.keyGroups, keyGroups)
    return range === undefined ? [] : [{ ...run, keyGroups: range }]
  })
  const readers = await Promise.all(clipped.map((run) => RunReader.open(store, run)))
  const readSync = store.readSync.bind(store)
  const cache = new BlockCache()
  return new RunLookups(
    whole,
    readers.map((reader) => new RunLookup(reader, readSync, cache)),
    { seal: sealOf(store), onErased },
  )
}
