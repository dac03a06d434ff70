// Of which operators a run holds timers stands in its footer: others are not looked for in it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '../../../src/state/backend.ts'
import {
  beginKey,
  beginTimeKey,
  compareBytes,
  endOfPrefix,
  SECTION_EXPIRY,
  SECTION_TIMERS,
  writeEscaped,
  writeRecordKey,
} from '../../../src/state/runs/entry.ts'
import { openRestore, RunLookups } from '../../../src/state/runs/run-lookups.ts'
import { mergeRuns } from '../../../src/state/runs/run-set.ts'
import { RunReader } from '../../../src/state/runs/run-reader.ts'
import { RunWriter } from '../../../src/state/runs/run-writer.ts'
import type { RunReference } from '../../../src/state/snapshot.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { writeKey } from '../../../src/types/keys.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'
import { liveValue, METADATA, rowKey } from './entries.ts'

const ALL = { start: 0, end: 127 }
const NAME = new TextEncoder().encode('close')
const SLICE = { monotonic: () => 0, budgetMs: 1, yield: () => Promise.resolve() }

function timeKey(
  section: typeof SECTION_TIMERS | typeof SECTION_EXPIRY,
  group: number,
  id: number,
): Uint8Array {
  const out = new ByteWriter()
  beginTimeKey(out, section, group, id, 0, 1_000)
  writeKey('a key', out)
  writeEscaped(out, NAME)
  return out.copy()
}

function recordKey(id: number): Uint8Array {
  const out = new ByteWriter()
  writeRecordKey(out, id, 'watermark', 0, NAME, 0)
  return out.copy()
}

const live = (key: Uint8Array): Entry => ({ key, value: liveValue('value') })

class CountingStore extends MemoryBlobStore {
  reads = 0

  override readSync(name: string, offsetBytes: number, lengthBytes: number): Uint8Array {
    this.reads++
    return super.readSync(name, offsetBytes, lengthBytes)
  }
}

async function written(
  store: MemoryBlobStore,
  name: string,
  keys: readonly Uint8Array[],
): Promise<RunReference> {
  const writer = await RunWriter.create(store, name, METADATA)
  for (const key of keys.toSorted(compareBytes)) writer.add(live(key))
  return await writer.close()
}

function timersOf(lookups: RunLookups, group: number, id: number): number {
  const out = new ByteWriter()
  beginKey(out, group, id, SECTION_TIMERS)
  const prefix = out.copy()
  return [...lookups.range(prefix, endOfPrefix(prefix))].length
}

async function opened(store: CountingStore, runs: readonly RunReference[]): Promise<RunLookups> {
  const lookups = await openRestore(store, runs, ALL)
  assert.ok(lookups instanceof RunLookups)
  store.reads = 0
  return lookups
}

test('a run tells of which operators it has timers or expiry marks, and of no others', async () => {
  const store = new CountingStore()
  const keys = [
    rowKey(3, 'a key'),
    timeKey(SECTION_TIMERS, 3, 7),
    timeKey(SECTION_TIMERS, 4, 7),
    timeKey(SECTION_EXPIRY, 4, 9),
    recordKey(5),
  ]
  const run = await written(store, 'run', keys)
  assert.deepEqual((await RunReader.open(store, run)).metadata.timedOperators, [7, 9])
})

test('timers are found in each run that has some, and others are not read for them', async () => {
  const store = new CountingStore()
  const rows = Array.from({ length: 128 }, (_, group) => rowKey(group, 'a key'))
  const [timed, more] = [timeKey(SECTION_TIMERS, 3, 1), timeKey(SECTION_TIMERS, 4, 1)]
  const runs = [
    await written(store, 'rows', rows),
    await written(store, 'timers', [...rows, timed]),
    await written(store, 'others', [...rows, timeKey(SECTION_TIMERS, 3, 2)]),
  ]
  const [first] = runs as [RunReference]
  const without = await opened(store, [first])
  for (let group = 0; group < 128; group++) assert.equal(timersOf(without, group, 1), 0)
  assert.equal(store.reads, 0)
  const all = await opened(store, runs)
  for (let group = 0; group < 128; group++) assert.equal(timersOf(all, group, 1), +(group === 3))
  assert.ok(store.reads > 0)
  // A merge tells of what it has taken over, and of what comes with it.
  const merged = await mergeRuns({
    store,
    runs: [...runs, await written(store, 'last', [more])],
    keyGroups: ALL,
    dropTombstones: true,
    name: 'merged',
    metadata: { ...METADATA, timedOperators: [5] },
    slice: SLICE,
  })
  const after = await opened(store, [merged])
  assert.deepEqual(
    [3, 4, 5].map((group) => timersOf(after, group, 1)),
    [1, 1, 0],
  )
  assert.deepEqual((await RunReader.open(store, merged)).metadata.timedOperators, [1, 2])
})
