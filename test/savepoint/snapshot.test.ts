/** What authors of backends and tools get: a snapshot opened, read, and gone back to. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isMillraceError, job, run, t, valueState } from 'millrace'
import { sink } from 'millrace/connectors'
import { hashmap } from 'millrace/hashmap'
import { routeHash, Snapshot, type ValueState } from 'millrace/spi'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-snapshot-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const words = ['to', 'be', 'or', 'not', 'to', 'be']
const counted = job('counted', (env) => {
  env
    .fromElements('words', words)
    .keyBy((word) => word, t.string)
    .process('counts', {
      state: { count: valueState(t.float64, { initial: 0 }) },
      processElement(_word, ctx) {
        ctx.state.count.update(ctx.state.count.value() + 1)
      },
    })
    .sinkTo('nothing', sink({ write: () => undefined }))
})

async function runToEnd(directory: string): Promise<string> {
  await using handle = await run(counted, { directory, backend: 'hashmap' })
  await handle.finished
  return handle.checkpointLocation
}

test('a snapshot is read without the code of its job', async () => {
  await using snapshot = await Snapshot.open(await runToEnd(join(folder, 'read')))
  const counts = new Map<unknown, unknown>()
  for await (const row of snapshot.reader.rows('counts')) {
    counts.set(row.key, row.states['count'])
  }
  assert.deepEqual(Object.fromEntries(counts), { to: 2, be: 2, or: 1, not: 1 })
  assert.equal((await snapshot.reader.get('counts', 'be'))?.states['count'], 2)
})

test('a backend is opened from a snapshot, and goes back to it', async () => {
  await using snapshot = await Snapshot.open(await runToEnd(join(folder, 'rollback')))
  const keyGroups = { start: 0, end: snapshot.maxParallelism - 1 }
  const backend = hashmap().create({
    keyGroups,
    maxParallelism: snapshot.maxParallelism,
    memoryBytes: 1e7,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
  })
  const record = snapshot.operators.find((operator) => operator.uid === 'counts')
  assert.ok(record !== undefined)
  const descriptors = { count: valueState(t.float64, { initial: 0 }) }
  const table = backend.register({ record, keyType: t.string, descriptors })
  // The handle of a value state of float64, by its descriptor above.
  const count = table.handles['count'] as ValueState<number, never>
  await backend.open(snapshot.entries(keyGroups))

  table.select('be', routeHash('be'))
  assert.equal(count.value(), 2)
  count.update(99)
  table.select('question', routeHash('question'))
  count.update(1)
  await backend.rollback(snapshot.entries(keyGroups))

  table.select('be', routeHash('be'))
  assert.equal(count.value(), 2)
  table.select('question', routeHash('question'))
  assert.equal(count.value(), 0)
  await backend.close()
})

test('a folder without a snapshot says so', async () => {
  await assert.rejects(
    Snapshot.open(join(folder, 'nothing-here')),
    (error: unknown) => isMillraceError(error) && error.code === 'CHECKPOINT_NOT_FOUND',
  )
})
