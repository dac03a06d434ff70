// How many checkpoints a job keeps, and what becomes of them when it is cancelled.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { job, run } from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'
import { type Chain, readChain } from '../../src/checkpoint/chain.ts'
import { LINKS_DELETED_NAME, linkName } from '../../src/checkpoint/layout.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { until } from './doubles.ts'

const directory = mkdtempSync(join(tmpdir(), 'millrace-retained-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const ticking = (name: string) =>
  job(name, (env) => {
    env
      .fromSource('ticks', dataGenerator({ generate: (index) => index, ratePerSecond: 500 }))
      .keyBy((tick) => tick % 3)
      .count('counts')
      .sinkTo('out', sink({ name: 'out', write: () => undefined }))
  })

const chainOf = async (name: string): Promise<Chain> => {
  const store = await openBlobStore(join(directory, name, 'checkpoints'))
  const chain = await readChain(store)
  await store.close()
  return chain
}

const checkpointsOf = async (name: string): Promise<readonly number[]> => {
  const { entries } = await chainOf(name)
  return entries.flatMap(({ link }) => (link.kind === 'checkpoint' ? [link.checkpointId] : []))
}

test('the newest checkpoints are kept, as many as stated, also after a cancel', async () => {
  const checkpointing = { interval: '1 h', keep: 2 } as const
  const handle = await run(ticking('kept'), { directory, checkpointing })
  for (let id = 1; id <= 5; id++) await handle.checkpoint({ full: id === 4 })
  const isCollected = async (): Promise<boolean> => (await checkpointsOf('kept')).length === 2
  let done = false
  void (async () => {
    while (!(await isCollected())) await new Promise((resolve) => setTimeout(resolve, 10))
    done = true
  })()
  await until(() => done)
  assert.deepEqual(await checkpointsOf('kept'), [4, 5])
  await handle.cancel()
  assert.deepEqual(await checkpointsOf('kept'), [4, 5])
  await using again = await run(ticking('kept'), { directory, checkpointing })
  assert.equal(again.status.restoredFrom, 5)
})

test('a job that is told so gives its state up when it is cancelled, and not before', async () => {
  const checkpointing = { interval: '1 h', onCancel: 'delete' } as const
  const stopped = await run(ticking('given-up'), { directory, checkpointing })
  await stopped.stop()
  const [kept] = await checkpointsOf('given-up')
  assert.ok(kept !== undefined, 'a stop is no cancel')
  const cancelled = await run(ticking('given-up'), { directory, checkpointing })
  assert.equal(cancelled.status.restoredFrom, kept)
  await cancelled.checkpoint()
  await cancelled.cancel()
  // The one that says so stays: numbers go on after it, and whoever slept finds its own taken.
  const place = join(directory, 'given-up', 'checkpoints')
  const left = readdirSync(place, { recursive: true, withFileTypes: true })
  const files = left.filter((entry) => entry.isFile()).map(({ name }) => name)
  const { entries } = await chainOf('given-up')
  const fence = entries[0]?.link
  assert.ok(fence?.kind === 'fence' && fence.givesUp?.highestCheckpointId === kept + 1)
  const link = linkName(fence.sequence).replace('chain/', '')
  assert.deepEqual(files.toSorted(), [link, LINKS_DELETED_NAME])
  await using fresh = await run(ticking('given-up'), { directory, checkpointing })
  assert.equal(fresh.status.restoredFrom, undefined)
  assert.equal((await fresh.checkpoint()).checkpointId, kept + 2)
  assert.equal((await chainOf('given-up')).head.sequence, fence.sequence + 2)
})
