/**
 * Entries that come in any order, as one run: sorted in memory while they fit, else in several
 * runs that are then merged.
 */
import { MillraceError } from '../errors.ts'
import type { Entry } from '../state/backend.ts'
import { keyGroupOf } from '../state/key-groups.ts'
import {
  DOMAIN_EVENT_TIME,
  DOMAIN_PROCESSING_TIME,
  SECTION_TIMERS,
  beginTimeKey,
  compareBytes,
  writeEscaped,
} from '../state/runs/entry.ts'
import { writeHeader } from '../state/runs/entry-value.ts'
import type { RunMetadata } from '../state/runs/run-format.ts'
import { mergeRuns } from '../state/runs/run-set.ts'
import { RunWriter } from '../state/runs/run-writer.ts'
import { writeTimerPayload } from '../state/runs/timer-payload.ts'
import type { RunReference } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { TimerDescriptor } from '../time/descriptors.ts'
import { routeHash, writeKey } from '../types/keys.ts'
import type { ByteSlab } from '../util/byte-slab.ts'
import { ByteWriter } from '../util/bytes.ts'
import { systemClock } from '../util/clock.ts'

const SORTED_BYTES_MAX = 64 * 1024 * 1024
/** What an entry costs in memory besides its bytes. */
const ENTRY_BYTES = 200

export interface SortedRunOptions {
  readonly store: BlobStore
  readonly metadata: RunMetadata
  /** A name for the n-th file of this run, from 0. */
  readonly nameOf: (file: number) => string
  /** Told of each file that was written. */
  readonly onFile: (name: string) => void
  /** For messages. */
  readonly uid: string
  /** How much is sorted in memory. */
  readonly memoryBytes?: number
}

/**
 * Writes the run.
 *
 * @throws `TYPE_MISMATCH` if a key comes twice.
 */
export async function writeSorted(
  entries: AsyncIterable<Entry>,
  options: SortedRunOptions,
): Promise<RunReference | undefined> {
  const { store, metadata, nameOf, onFile, uid, memoryBytes = SORTED_BYTES_MAX } = options
  const files: RunReference[] = []
  let held: Entry[] = []
  let bytes = 0
  const spill = async () => {
    const reference = await writeRun(store, nameOf(files.length), metadata, sorted(held, uid))
    if (reference !== undefined) {
      files.push(reference)
      onFile(reference.name)
    }
    held = []
    bytes = 0
  }
  for await (const entry of entries) {
    held.push(entry)
    bytes += entry.key.length + entry.value.length + ENTRY_BYTES
    if (bytes >= memoryBytes) await spill()
  }
  await spill()
  if (files.length < 2) return files[0]
  const merged = await mergeRuns({
    store,
    runs: files,
    keyGroups: metadata.keyGroups,
    dropTombstones: true,
    name: nameOf(files.length),
    metadata,
    slice: { budgetMs: Infinity, monotonic: () => systemClock.monotonic(), yield: async () => {} },
  })
  onFile(merged.name)
  const given = files.reduce((sum, file) => sum + file.entries, 0)
  if (merged.entries !== given) throw twice(uid)
  for (const { name } of files) await store.delete(name)
  return merged
}

/** Writes entries that are sorted already; none, no run. */
export async function writeRun(
  store: BlobStore,
  name: string,
  metadata: RunMetadata,
  entries: Iterable<Entry> | AsyncIterable<Entry>,
): Promise<RunReference | undefined> {
  let writer: RunWriter | undefined
  try {
    for await (const entry of entries) {
      writer ??= await RunWriter.create(store, name, metadata)
      writer.add(entry)
      await writer.flushIfFull()
    }
    return await writer?.close()
  } catch (error) {
    await writer?.abort()
    throw error
  }
}

/** The entry of a timer. */
export function timerEntry(
  operatorId: number,
  maxParallelism: number,
  timer: {
    readonly key: unknown
    readonly name: string
    readonly timeMs: number
    readonly payload: unknown
  },
  { domain, payload: type }: Pick<TimerDescriptor, 'domain' | 'payload'>,
  slab: ByteSlab,
): Entry {
  const { key, name, timeMs, payload } = timer
  const out = new ByteWriter()
  const number = domain === 'event-time' ? DOMAIN_EVENT_TIME : DOMAIN_PROCESSING_TIME
  const keyGroup = keyGroupOf(routeHash(key), maxParallelism)
  beginTimeKey(out, SECTION_TIMERS, keyGroup, operatorId, number, timeMs)
  writeKey(key, out)
  writeEscaped(out, Buffer.from(name))
  const entryKey = slab.copyOf(out)
  out.reset()
  writeHeader(out, 0, 0)
  if (type !== undefined && payload !== undefined) writeTimerPayload(out, payload, type)
  return { key: entryKey, value: slab.copyOf(out) }
}

function sorted(entries: Entry[], uid: string): Entry[] {
  entries.sort((a, b) => compareBytes(a.key, b.key))
  entries.forEach((entry, index) => {
    const next = entries[index + 1]
    if (next !== undefined && compareBytes(entry.key, next.key) === 0) throw twice(uid)
  })
  return entries
}

function twice(uid: string): MillraceError {
  return new MillraceError('TYPE_MISMATCH', `a key of "${uid}" is given twice`, {
    cure: 'give each key once, with all its states',
    details: { uid },
  })
}
