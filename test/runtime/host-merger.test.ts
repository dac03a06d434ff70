// The thread that merges runs: it gives what a merge gives without it, may fail, end, or be told
// that nobody wants its run any more.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ThreadMerger } from '../../src/runtime/host-merger.ts'
import type { MergeOrder } from '../../src/state/runs/merger.ts'
import { mergeRuns } from '../../src/state/runs/run-set.ts'
import { RunWriter } from '../../src/state/runs/run-writer.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import { LocalBlobStore } from '../../src/storage/local.ts'
import { liveValue, METADATA, rowKey } from '../state/runs/entries.ts'

const KEY_GROUPS = { start: 0, end: 127 }
const SLICE = { monotonic: () => 0, budgetMs: 1, yield: () => Promise.resolve() }
const NEVER = new AbortController().signal

interface World {
  readonly folder: string
  readonly store: LocalBlobStore
  readonly order: MergeOrder
}

/** Two runs of so many rows each, of which every third is in both. */
async function world(test: TestContext, rows = 300): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'mr-merger-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = new LocalBlobStore(folder)
  const runs: RunReference[] = []
  for (const [index, step] of [3, 2].entries()) {
    const writer = await RunWriter.create(store, `runs/${index}.run`, METADATA)
    for (let key = 0; key < rows; key++) {
      const value = liveValue(`value ${key} of ${index} `.repeat(20))
      writer.add({ key: rowKey(7, key * step), value })
    }
    runs.push(await writer.close())
  }
  const { plainLocation } = store
  assert.ok(plainLocation)
  const what = { runs, keyGroups: KEY_GROUPS, dropTombstones: true, metadata: METADATA }
  return { folder, store, order: { ...what, name: 'runs/merged.run', location: plainLocation } }
}

describe('a thread that merges', () => {
  it('writes the run that is written here, byte for byte', async (test) => {
    const { store, order } = await world(test)
    const run = await new ThreadMerger().merge(order, NEVER)
    const here = await mergeRuns({ ...order, name: 'runs/here.run', store, slice: SLICE })
    assert.deepEqual({ ...run, name: here.name }, here)
    assert.deepEqual(await store.read('runs/merged.run'), await store.read('runs/here.run'))
  })

  it('says what a merge throws', async (test) => {
    const { folder, store, order } = await world(test)
    writeFileSync(join(folder, 'runs/0.run'), 'no run at all')
    const merger = new ThreadMerger()
    await assert.rejects(merger.merge(order, NEVER), { code: 'STORAGE_CORRUPT' })
    await assert.rejects(store.stat(order.name), { code: 'STORAGE_NOT_FOUND' })
    const [, second] = order.runs as [RunReference, RunReference]
    // It goes on.
    const run = await merger.merge({ ...order, runs: [second] }, NEVER)
    assert.equal(run?.entries, 300)
  })

  it('that ends leaves its merges, and all later ones, to others', async (test) => {
    const { order } = await world(test)
    const merger = new ThreadMerger(new URL('data:text/javascript,process.exit(1)'))
    const [first, second] = [merger.merge(order, NEVER), merger.merge(order, NEVER)]
    assert.deepEqual(await Promise.all([first, second]), [undefined, undefined])
    assert.equal(await merger.merge(order, NEVER), undefined)
  })

  it('that is ended with its worker leaves what it was asked to nobody', async (test) => {
    const { order } = await world(test, 40_000)
    const merger = new ThreadMerger()
    const merge = merger.merge(order, NEVER)
    merger.end()
    assert.equal(await merge, undefined)
  })

  it('stops when nobody wants the run any more, and leaves nothing', async (test) => {
    const { store, order } = await world(test, 40_000)
    const merger = new ThreadMerger()
    const abort = new AbortController()
    const merge = merger.merge(order, abort.signal)
    abort.abort(new Error('the task ends'))
    await assert.rejects(merge, /the task ends/)
    const names = (await store.list('runs/')).map(({ name }) => name)
    assert.deepEqual(names, ['runs/0.run', 'runs/1.run'])
    await assert.rejects(merger.merge(order, abort.signal), /the task ends/)
    assert.ok(await merger.merge(order, NEVER))
  })
})
