import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '../../../src/state/backend.ts'
import { beginRowKey, endScalarRowKey } from '../../../src/state/runs/entry.ts'
import { RunSet, mergeRuns, restoreStream } from '../../../src/state/runs/run-set.ts'
import { RunWriter } from '../../../src/state/runs/run-writer.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { writeKey } from '../../../src/types/keys.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'
import { METADATA, collect, liveValue } from './entries.ts'

const ALL = { start: 0, end: 127 }
const SLICE = { monotonic: () => 0, budgetMs: 1, yield: () => Promise.resolve() }

function keyOf(operatorId: number): Uint8Array {
  const out = new ByteWriter()
  beginRowKey(out, 7, operatorId)
  writeKey('k', out)
  endScalarRowKey(out)
  return out.copy()
}

/** A run in which the key of each operator has this value. */
async function write(store: MemoryBlobStore, name: string, value: string, operators: number[]) {
  const writer = await RunWriter.create(store, name, METADATA)
  for (const id of operators) writer.add({ key: keyOf(id), value: liveValue(value) })
  return writer.close()
}

const texts = (entries: readonly Entry[]) =>
  entries.map(({ value }) => Buffer.from(value.subarray(4)).toString())

test('entries of operators that a reference does not name are not there', async () => {
  const store = new MemoryBlobStore()
  // Operators 1 and 2 were in one task, then apart, and are together again: the old run is in the
  // lists of both, and its copy of 1 lies on top of what 1 has written since.
  const old = await write(store, 'runs/1-1-v0-s0.run', 'old', [1, 2])
  const first = await write(store, 'runs/1-2-v0-s0.run', 'new', [1])
  const second = await write(store, 'runs/1-2-v1-s0.run', 'new', [2])
  const runs = [{ ...old, operators: [1] }, first, { ...old, operators: [2] }, second]
  assert.deepEqual(texts(await collect(restoreStream(store, runs, ALL))), ['new', 'new'])

  const set = await RunSet.open(store, runs.slice(0, 3))
  assert.deepEqual(await set.get(keyOf(1)), Buffer.from(liveValue('new')))
  assert.deepEqual(await set.get(keyOf(2)), Buffer.from(liveValue('old')))
  assert.deepEqual(texts(await collect(set.prefix(keyOf(1)))), ['new'])

  const merged = await mergeRuns({
    store,
    runs: runs.slice(0, 3),
    keyGroups: ALL,
    dropTombstones: true,
    name: 'runs/1-3-v0-s0-m1.run',
    metadata: METADATA,
    slice: SLICE,
  })
  assert.equal(merged.operators, undefined)
  assert.deepEqual(texts(await collect(restoreStream(store, [merged], ALL))), ['new', 'old'])
})
