/**
 * What run files cost: a million small entries (number keys, 16-byte values) written, scanned,
 * merged and looked up on the local disk. Medians of rounds, in millions of entries per second.
 * Run with `node --conditions=millrace-source bench/runs.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Entry } from '../src/state/backend.ts'
import { beginRowKey, endScalarRowKey } from '../src/state/runs/entry.ts'
import { beginField, endField, writeHeader } from '../src/state/runs/entry-value.ts'
import { mergeEntries } from '../src/state/runs/merge.ts'
import type { RunMetadata } from '../src/state/runs/run-format.ts'
import { RunReader } from '../src/state/runs/run-reader.ts'
import { RunWriter, type RunWriterOptions } from '../src/state/runs/run-writer.ts'
import type { RunReference } from '../src/state/snapshot.ts'
import { LocalBlobStore } from '../src/storage/local.ts'
import { writeKey } from '../src/types/keys.ts'
import { ByteWriter } from '../src/util/bytes.ts'

const ENTRIES = 1_000_000
const ROUNDS = 5
const LOOK_UPS = 2000
const KEY_GROUPS = 128

const METADATA: RunMetadata = {
  jobName: 'bench',
  checkpointId: 1,
  leaderEpoch: 1,
  maxParallelism: KEY_GROUPS,
  keyGroups: { start: 0, end: KEY_GROUPS - 1 },
  operators: [],
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const store = new LocalBlobStore(folder)
const key = new ByteWriter()
const value = new ByteWriter()

function writeEntryKey(index: number): void {
  key.reset()
  beginRowKey(key, Math.floor((index * KEY_GROUPS) / ENTRIES), 1)
  writeKey(index, key)
  endScalarRowKey(key)
}

/** Every `step`-th entry from `first` on; the bytes are reused, as a table does. */
function* entries(step = 1, first = 0): Generator<Entry> {
  for (let index = first; index < ENTRIES; index += step) {
    writeEntryKey(index)
    value.reset()
    writeHeader(value, 0, 0)
    const start = beginField(value, 1)
    value.float64LE(index * 1.1)
    value.uint32LE(Math.imul(index, 2654435761))
    value.uint32LE(index)
    endField(value, start)
    yield { key: key.view(), value: value.view() }
  }
}

async function write(name: string, source: Iterable<Entry>, options?: RunWriterOptions) {
  await store.delete(name)
  const writer = await RunWriter.create(store, name, METADATA, options)
  for (const entry of source) {
    writer.add(entry)
    const pause = writer.flushIfFull()
    if (pause !== undefined) await pause
  }
  return writer.close()
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    await action()
    times.push(performance.now() - start)
  }
  return median(times)
}

const millionsPerSecond = (ms: number) => `${(ENTRIES / ms / 1000).toFixed(2)} M/s`

async function drain(batches: AsyncIterable<readonly Entry[]>): Promise<void> {
  let count = 0
  for await (const batch of batches) count += batch.length
  if (count !== ENTRIES) throw new Error(`${count} entries`)
}

async function measure(name: string, options: RunWriterOptions): Promise<void> {
  let reference: RunReference | undefined
  const writing = await timed(async () => (reference = await write(name, entries(), options)))
  if (reference === undefined) return
  const reader = await RunReader.open(store, reference)
  const scanning = await timed(() => drain(reader.scan().batches()))
  const looking = await timed(async () => {
    const cold = await RunReader.open(store, reference ?? reader.reference)
    for (let index = 0; index < LOOK_UPS; index++) {
      writeEntryKey((index * 618_033) % ENTRIES)
      if ((await cold.get(key.view())) === undefined) throw new Error('not found')
    }
  })
  const missing = await timed(async () => {
    for (let index = 0; index < LOOK_UPS; index++) {
      writeEntryKey(((index * 618_033) % ENTRIES) + 0.5)
      if ((await reader.get(key.view())) !== undefined) throw new Error('found')
    }
  })
  const perLookUp = (ms: number) => `${((ms / LOOK_UPS) * 1000).toFixed(0)} µs`
  console.log(
    [
      name.padEnd(10),
      `write ${millionsPerSecond(writing)}`,
      `scan ${millionsPerSecond(scanning)}`,
      `get ${perLookUp(looking)}`,
      `get of a missing key ${perLookUp(missing)}`,
      `${(reference.lengthBytes / ENTRIES).toFixed(1)} bytes per entry`,
    ].join(' · '),
  )
}

async function measureMerge(count: number): Promise<void> {
  const streams: ReturnType<RunReader['scan']>[] = []
  for (let index = 0; index < count; index++) {
    const reference = await write(`merge-${index}`, entries(count, index))
    streams.push((await RunReader.open(store, reference)).scan())
  }
  const merging = await timed(() =>
    drain(mergeEntries(streams, { dropTombstones: true }).batches()),
  )
  console.log(`merge of ${count} interleaved runs ${millionsPerSecond(merging)}`)
}

console.log(
  `# ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}, medians of ${ROUNDS}`,
)
try {
  await measure('zstd-32k', {})
  await measure('zstd-16k', { blockBytes: 16 * 1024 })
  await measure('zstd-8k', { blockBytes: 8 * 1024 })
  await measure('none-32k', { compression: 'none' })
  await measureMerge(2)
  await measureMerge(8)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
