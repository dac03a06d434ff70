/**
 * Writes what one cut holds as a run, in slices, while records go on: the keyed changes (spilled
 * segments below, what is still in memory above) and after them the non-keyed records. No change
 * and no record: no file.
 */
import { Buffer } from 'node:buffer'
import type { BlobStore } from '../../storage/blob-store.ts'
import { assert } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { Entry, StateCut } from '../backend.ts'
import { EntrySeal } from '../sealed/entry-seal.ts'
import { Sealing } from '../sealed/sealing.ts'
import type { OperatorRecord, OperatorStateEntry, RunReference } from '../snapshot.ts'
import { compareBytes, writeRecordKey } from './entry.ts'
import { copyOf } from './entry-range.ts'
import { writeHeader } from './entry-value.ts'
import { IterableCursor, MergeCore } from './merge-core.ts'
import { StreamCursor } from './merge.ts'
import { Pacer, type Slice } from './pace.ts'
import type { RunMetadata } from './run-format.ts'
import { RunWriter, type RunWriterOptions } from './run-writer.ts'

export interface SnapshotOptions extends RunWriterOptions {
  /** Keyed changes, if the task has keyed state. Consumed; others confirm or abort it. */
  readonly cut?: StateCut | undefined
  /** Non-keyed records, in any order; those of equal operator, kind and name keep theirs. */
  readonly records: readonly OperatorStateEntry[]
  readonly subtaskIndex: number
  readonly store: BlobStore
  /** A name that was never used before. */
  readonly name: string
  readonly metadata: RunMetadata
  readonly slice: Slice
  /** A named place where a fault may strike. */
  readonly at?: (point: string) => void | Promise<void>
}

/** The one run of a cut, once as that of its keyed entries and once as that of its records. */
export interface WrittenSnapshot {
  readonly keyed?: RunReference
  readonly records?: RunReference
}

/**
 * Writes a cut. Works synchronously for at most about `slice.budgetMs` at a time. If it throws,
 * nothing is visible under `name`.
 */
export async function writeSnapshot(options: SnapshotOptions): Promise<WrittenSnapshot> {
  const { cut, records, subtaskIndex, metadata, at } = options
  const run = new LazyRun(options)
  try {
    const sealing = cut === undefined ? undefined : sealingOf(cut, options.store)
    const keyed = cut === undefined ? 0 : await writeCut(cut, run, options.slice, sealing)
    for (const entry of recordEntries(records, subtaskIndex, metadata.operators))
      await run.add(entry)
    if (run.writer === undefined) return {}
    await at?.('run-before-close')
    const reference = await run.writer.close()
    await at?.('run-after-close')
    return {
      ...(keyed === 0 ? {} : { keyed: reference }),
      ...(records.length === 0 ? {} : { records: reference }),
    }
  } catch (error) {
    await run.writer?.abort()
    throw error
  }
}

/** A run that comes into being with its first entry. */
class LazyRun {
  writer: RunWriter | undefined
  readonly #options: SnapshotOptions

  constructor(options: SnapshotOptions) {
    this.#options = options
  }

  /** Adds an entry; a promise only if something has to be waited for. */
  add(entry: Entry): Promise<void> | undefined {
    if (this.writer === undefined) return this.#begin(entry)
    this.writer.add(entry)
    return this.writer.flushIfFull()
  }

  async #begin(reused: Entry): Promise<void> {
    const entry = copyOf(reused)
    const { store, name, metadata, at } = this.#options
    this.writer = await RunWriter.create(store, name, metadata, this.#options)
    this.writer.add(entry)
    await at?.('run-write')
  }
}

/** Writes the keyed changes; gives their number. */
async function writeCut(
  cut: StateCut,
  run: LazyRun,
  slice: Slice,
  sealing: Sealing | undefined,
): Promise<number> {
  const pacer = new Pacer(slice)
  const spilled = cut.spilled.map((stream, age) => new StreamCursor(age, stream))
  if (spilled.length === 0 && sealing === undefined) return writeHeld(cut, run, pacer)
  // With segments below, an entry may have to wait for them, while records go on.
  const entries = spilled.length === 0 ? cut.entries() : copied(cut.entries())
  const held = new IterableCursor(spilled.length, entries)
  const core = new MergeCore([...spilled, held], { dropTombstones: false })
  let count = 0
  try {
    for (;;) {
      const entry = core.next()
      if (entry !== undefined) {
        count++
        if (sealing === undefined) {
          const pause = run.add(entry) ?? pacer.worked()
          if (pause !== undefined) await pause
        } else await addAll(sealing.take(entry), run, pacer)
      } else if (core.blocked === undefined) {
        if (sealing !== undefined) await addAll(sealing.rest(), run, pacer)
        return count
      } else {
        const pause = core.blocked.refill() ?? pacer.look()
        if (pause !== undefined) await pause
      }
    }
  } finally {
    held.close()
    for (const cursor of spilled) await cursor.close()
  }
}

/** Of one stream every entry is as it stays: nothing is older or newer. */
async function writeHeld(cut: StateCut, run: LazyRun, pacer: Pacer): Promise<number> {
  let count = 0
  for (const entry of cut.entries()) {
    let pause: Promise<void> | undefined
    if (entry === undefined) pause = pacer.look()
    else {
      count++
      pause = run.add(entry) ?? pacer.worked()
    }
    if (pause !== undefined) await pause
  }
  return count
}

/** What seals entries of a cut, if any are to be sealed. */
function sealingOf({ shredded }: StateCut, { subjects, location }: BlobStore): Sealing | undefined {
  if (shredded === undefined || shredded.size === 0) return undefined
  assert(subjects !== undefined, `no keys of subjects belong to ${location}`)
  return new Sealing(new EntrySeal(subjects), shredded)
}

async function addAll(entries: Iterable<Entry>, run: LazyRun, pacer: Pacer): Promise<void> {
  for (const entry of entries) {
    const full = run.add(entry) ?? pacer.worked()
    if (full !== undefined) await full
  }
  // Sealing takes many times what encoding does.
  const pause = pacer.look()
  if (pause !== undefined) await pause
}

function* copied(entries: Iterable<Entry | undefined>): Generator<Entry | undefined> {
  for (const entry of entries) yield entry === undefined ? undefined : copyOf(entry)
}

/**
 * The entries of records, in key order; the index in the key is the place among equal names. What
 * does not say of which age it is, is of that of its operator in `operators`.
 */
export function recordEntries(
  records: readonly OperatorStateEntry[],
  subtaskIndex: number,
  operators: readonly OperatorRecord[] = [],
): readonly Entry[] {
  const ages = new Map(operators.map(({ id, schemaId }) => [id, schemaId]))
  const indexes = new Map<string, number>()
  const out = new ByteWriter()
  const entries = records.map(({ operatorId, kind, name, value, schemaId }) => {
    const identity = `${operatorId} ${kind} ${name}`
    const index = indexes.get(identity) ?? 0
    indexes.set(identity, index + 1)
    out.reset()
    writeRecordKey(out, operatorId, kind, subtaskIndex, Buffer.from(name, 'utf8'), index)
    const key = out.copy()
    out.reset()
    writeHeader(out, 0, schemaId ?? ages.get(operatorId) ?? 0)
    out.raw(value)
    return { key, value: out.copy() }
  })
  return entries.sort((a, b) => compareBytes(a.key, b.key))
}
