import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry, EntryStream, StateCut } from '../../../src/state/backend.ts'
import { tombstoneValue } from '../../../src/state/runs/entry-value.ts'
import type { Slice } from '../../../src/state/runs/pace.ts'
import { mergeRuns, restoreStream, RunSet } from '../../../src/state/runs/run-set.ts'
import { readRecords } from '../../../src/state/runs/snapshot-reader.ts'
import { writeSnapshot, type WrittenSnapshot } from '../../../src/state/runs/snapshot-writer.ts'
import { streamOf } from '../../../src/state/runs/stream.ts'
import type { OperatorStateEntry, RunReference } from '../../../src/state/snapshot.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { collect, liveValue, METADATA, rangeTombstone, rowKey } from './entries.ts'

const ALL = { start: 0, end: 127 }

/** A slice whose clock moves by one with each look, and that counts how often it gave way. */
function countingSlice(budgetMs = 1000): Slice & { yields: number } {
  let now = 0
  return {
    yields: 0,
    budgetMs,
    monotonic: () => now++,
    async yield() {
      this.yields++
    },
  }
}

function cutOf(entries: Iterable<Entry | undefined>, spilled: readonly Entry[][] = []): StateCut {
  return {
    dirtyEntries: 0,
    entries: () => entries,
    spilled: spilled.map(streamOf),
    confirm() {},
    abort() {},
  }
}

let names = 0

function write(
  store: MemoryBlobStore,
  cut: StateCut | undefined,
  records: readonly OperatorStateEntry[] = [],
  slice = countingSlice(),
): Promise<WrittenSnapshot> {
  const name = `runs/${++names}.run`
  return writeSnapshot({ cut, records, subtaskIndex: 3, store, name, metadata: METADATA, slice })
}

function put(keyGroup: number, key: unknown, payload: string): Entry {
  return { key: rowKey(keyGroup, key), value: liveValue(payload) }
}

function drop(keyGroup: number, key: unknown): Entry {
  return { key: rowKey(keyGroup, key), value: tombstoneValue('point') }
}

async function keyedRun(store: MemoryBlobStore, entries: readonly Entry[]): Promise<RunReference> {
  const { keyed } = await write(store, cutOf(entries))
  assert.ok(keyed !== undefined)
  return keyed
}

test('a cut without a change and without records writes no file', async () => {
  const store = new MemoryBlobStore()
  assert.deepEqual(await write(store, cutOf([undefined])), {})
  assert.deepEqual(await write(store, undefined), {})
  assert.deepEqual(await store.list(''), [])
})

test('keyed changes and records share one file and are read apart', async () => {
  const store = new MemoryBlobStore()
  const records: OperatorStateEntry[] = [
    { operatorId: 2, kind: 'split', name: 'b', value: new Uint8Array([1]) },
    { operatorId: 1, kind: 'broadcast', name: 'rules', value: new Uint8Array([9, 0]) },
    { operatorId: 2, kind: 'split', name: 'a\0', value: new Uint8Array() },
    { operatorId: 2, kind: 'split', name: 'b', value: new Uint8Array([0]) },
  ]
  const entries = [put(1, 'x', 'one'), put(2, 'y', 'two')]
  const written = await write(store, cutOf(entries), records)
  assert.ok(written.keyed !== undefined && written.records !== undefined)
  assert.deepEqual(written.keyed, written.records)
  assert.deepEqual(await collect(restoreStream(store, [written.keyed], ALL)), entries)
  const order = [1, 2, 0, 3]
  assert.deepEqual(
    await readRecords(store, written.records),
    order.map((index) => ({ subtaskIndex: 3, ...records[index] })),
  )
  const only = await write(store, cutOf([]), records)
  assert.equal(only.keyed, undefined)
  assert.ok(only.records !== undefined)
})

test('spilled segments lie below what is still in memory, older below newer', async () => {
  const store = new MemoryBlobStore()
  const cut = cutOf(
    [put(1, 2, 'held'), undefined, drop(1, 4)],
    [[put(1, 1, 'first'), put(1, 2, 'first'), put(1, 4, 'first')], [put(1, 1, 'second')]],
  )
  const { keyed } = await write(store, cut)
  assert.ok(keyed !== undefined)
  const restored = await collect(restoreStream(store, [keyed], ALL))
  assert.deepEqual(restored, [put(1, 1, 'second'), put(1, 2, 'held')])
})

test('a writer may reuse the bytes of an entry for the next one', async () => {
  const store = new MemoryBlobStore()
  const originals = [1, 2, 3, 4].map((key) => put(1, key, `value ${key}`))
  const [key, value] = [Buffer.alloc(32), Buffer.alloc(32)]
  function* reused(): Generator<Entry> {
    for (const original of originals) {
      key.fill(0xee).set(original.key)
      value.fill(0xee).set(original.value)
      yield {
        key: key.subarray(0, original.key.length),
        value: value.subarray(0, original.value.length),
      }
    }
  }
  const plain = await write(store, cutOf(reused()))
  const segment = [put(1, 0, 'below'), put(1, 9, 'below')]
  const above = await write(store, cutOf(reused(), [segment]))
  assert.ok(plain.keyed !== undefined && above.keyed !== undefined)
  assert.deepEqual(await collect(restoreStream(store, [plain.keyed], ALL)), originals)
  assert.deepEqual(await collect(restoreStream(store, [above.keyed], ALL)), [
    segment[0],
    ...originals,
    segment[1],
  ])
})

test('an entry that waits for what was spilled is kept although its bytes are reused', async () => {
  const store = new MemoryBlobStore()
  const held = put(1, 1, 'held')
  const [key, value] = [Buffer.from(held.key), Buffer.from(held.value)]
  // While a segment is read the record loop goes on, and writes its next entry into the same bytes.
  async function* slow(): EntryStream {
    yield put(1, 0, 'below')
    await new Promise(setImmediate)
    key.fill(0xee)
    value.fill(0xee)
    yield put(1, 2, 'below')
  }
  const cut = { ...cutOf([{ key, value }]), spilled: [slow()] }
  const { keyed } = await write(store, cut)
  assert.ok(keyed !== undefined)
  const restored = await collect(restoreStream(store, [keyed], ALL))
  assert.deepEqual(restored, [put(1, 0, 'below'), held, put(1, 2, 'below')])
})

test('a long cut gives way to the record loop each time its slice is over', async () => {
  const store = new MemoryBlobStore()
  const slice = countingSlice(5)
  const entries = Array.from({ length: 32 * 100 }, (_, index) => put(1, index, ''))
  await write(store, cutOf(entries), [], slice)
  assert.ok(slice.yields >= 10, `${slice.yields} times`)
})

test('a merge that meets damage gives its new file up', async () => {
  const store = new MemoryBlobStore()
  const whole = await keyedRun(store, [put(1, 1, 'x'.repeat(500))])
  const bytes = await store.read(whole.name)
  await store.delete(whole.name)
  await store.putIfAbsent(whole.name, Buffer.from(bytes).fill(0, 20, 30))
  let abandoned = 0
  const create = store.create.bind(store)
  store.create = async (name) => {
    const blob = await create(name)
    const abort = async () => {
      abandoned++
      await blob.abort()
    }
    return { write: (part) => blob.write(part), close: () => blob.close(), abort }
  }
  const merged = mergeRuns({
    store,
    runs: [whole],
    keyGroups: ALL,
    dropTombstones: true,
    name: 'runs/merged.run',
    metadata: METADATA,
    slice: countingSlice(),
  })
  await assert.rejects(merged, { code: 'STORAGE_CORRUPT' })
  assert.equal(abandoned, 1)
  assert.deepEqual(
    (await store.list('')).map(({ name }) => name),
    [whole.name],
  )
})

test('a snapshot that fails leaves nothing behind', async () => {
  const store = new MemoryBlobStore()
  function* broken(): Generator<Entry> {
    yield put(1, 1, 'x')
    throw new Error('no more')
  }
  await assert.rejects(write(store, cutOf(broken())), /no more/)
  assert.deepEqual(await store.list(''), [])
})

test('runs are restored newest over oldest, clipped to their references', async () => {
  const store = new MemoryBlobStore()
  const base = await keyedRun(store, [put(1, 'a', '1'), put(1, 'b', '1'), put(5, 'c', '1')])
  const next = await keyedRun(store, [drop(1, 'a'), put(1, 'b', '2'), put(5, 'c', '2')])
  const both = await collect(restoreStream(store, [base, next], ALL))
  assert.deepEqual(both, [put(1, 'b', '2'), put(5, 'c', '2')])
  const narrowed = { ...next, keyGroups: { start: 0, end: 4 } }
  const clipped = await collect(restoreStream(store, [base, narrowed], ALL))
  assert.deepEqual(clipped, [put(1, 'b', '2'), put(5, 'c', '1')])
  const wanted = await collect(restoreStream(store, [base, next], { start: 2, end: 9 }))
  assert.deepEqual(wanted, [put(5, 'c', '2')])
})

test('a merged run stands for the runs it replaces', async () => {
  const store = new MemoryBlobStore()
  const rowsOfGroup2 = rangeTombstone(rowKey(2, 0).subarray(0, 5))
  const runs = [
    await keyedRun(store, [put(1, 'a', '1'), put(2, 'b', '1'), put(3, 'c', '1')]),
    await keyedRun(store, [put(1, 'a', '2'), put(2, 'd', '2')]),
    await keyedRun(store, [drop(1, 'a'), rowsOfGroup2, put(2, 'e', '3')]),
    await keyedRun(store, [put(3, 'f', '4')]),
  ]
  const expected = [put(2, 'e', '3'), put(3, 'c', '1'), put(3, 'f', '4')]
  assert.deepEqual(await collect(restoreStream(store, runs, ALL)), expected)
  for (let from = 0; from < runs.length; from++) {
    for (let to = from + 1; to <= runs.length; to++) {
      const merged = await mergeRuns({
        store,
        runs: runs.slice(from, to),
        keyGroups: ALL,
        dropTombstones: from === 0,
        name: `merged-${from}-${to}`,
        metadata: METADATA,
        slice: countingSlice(2),
      })
      const replaced = [...runs.slice(0, from), merged, ...runs.slice(to)]
      assert.deepEqual(await collect(restoreStream(store, replaced, ALL)), expected)
    }
  }
})

test('a merge names the places where a fault may strike it, and leaves no file there', async () => {
  const store = new MemoryBlobStore()
  const runs = [await keyedRun(store, [put(1, 'a', '1')]), await keyedRun(store, [drop(1, 'a')])]
  const names = async () => (await store.list('')).map(({ name }) => name)
  const before = await names()
  const points: string[] = []
  const merged = (name: string, broken?: string) =>
    mergeRuns({
      store,
      runs,
      keyGroups: ALL,
      dropTombstones: true,
      name,
      metadata: METADATA,
      slice: countingSlice(),
      at: (point) => {
        points.push(point)
        if (point === broken) throw new Error('struck')
      },
    })
  await assert.rejects(merged('runs/merged.run', 'merge'), /struck/)
  await assert.rejects(merged('runs/merged.run', 'merge-before-close'), /struck/)
  assert.deepEqual(await names(), before)
  await merged('runs/merged.run')
  const all = ['merge', 'merge-before-close']
  assert.deepEqual(points, ['merge', ...all, ...all])
  assert.deepEqual(await names(), [...before, 'runs/merged.run'].toSorted())
})

test('single keys and prefixes of a set of runs are what a restore holds', async () => {
  const store = new MemoryBlobStore()
  const runs = [
    await keyedRun(store, [put(1, 'a', '1'), put(2, 'b', '1'), put(3, 'c', '1')]),
    await keyedRun(store, [rangeTombstone(rowKey(2, 0).subarray(0, 5)), put(2, 'd', '2')]),
    await keyedRun(store, [drop(1, 'a'), put(3, 'c', '3')]),
  ]
  const set = await RunSet.open(store, runs)
  assert.equal(await set.get(rowKey(1, 'a')), undefined)
  assert.equal(await set.get(rowKey(2, 'b')), undefined)
  assert.deepEqual(await set.get(rowKey(2, 'd')), liveValue('2'))
  assert.deepEqual(await set.get(rowKey(3, 'c')), liveValue('3'))
  assert.deepEqual(await collect(set.prefix(rowKey(2, 'b'))), [])
  assert.deepEqual(await collect(set.prefix(rowKey(2, 'b').subarray(0, 5))), [put(2, 'd', '2')])
  assert.deepEqual(await collect(set.prefix(rowKey(3, 'c'))), [put(3, 'c', '3')])
})
