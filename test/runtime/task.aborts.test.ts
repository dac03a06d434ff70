// A task that is told that its checkpoint was aborted, while it still writes its part.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { job, t } from 'millrace'
import { collect, source } from 'millrace/connectors'
import type { BlobWriter } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { Gate, turns } from './doubles.ts'
import { deploy, theTask } from './tasks.ts'

const counts = job('counts', (env) => {
  const numbers = source<number, number>({
    position: t.float64,
    async *read() {
      yield { values: [1, 2, 3, 4], position: 4 }
    },
  })
  env
    .fromSource('numbers', numbers)
    .keyBy((value) => value % 3)
    .count('counts')
    .sinkTo('out', collect())
})

/** A store whose writers wait at `close` while the gate is shut. */
class SlowStore extends MemoryBlobStore {
  gate: Gate | undefined
  override async create(name: string): Promise<BlobWriter> {
    const writer = await super.create(name)
    return {
      write: (chunk) => writer.write(chunk),
      abort: () => writer.abort(),
      close: async () => {
        await this.gate?.passed
        await writer.close()
      },
    }
  }
}

/** A task whose first checkpoint is given up while it is written, with a barrier behind it. */
async function heldUp() {
  const store = new SlowStore()
  const deployed = await deploy(counts, { store })
  const task = theTask(deployed)
  deployed.assign('a')
  await deployed.settle()
  const slow = new Gate()
  store.gate = slow
  task.trigger({ checkpointId: 1, stopAfter: false })
  await deployed.settle()
  const aborted = task.abort(1)
  task.trigger({ checkpointId: 2, stopAfter: false })
  await deployed.settle()
  return { store, deployed, task, slow, aborted }
}

test('a task forgets a barrier that is aborted while it is held, and takes the next', async () => {
  const { store, deployed, task, slow, aborted: first } = await heldUp()
  const second = task.abort(2)
  store.gate = undefined
  slow.open()
  await Promise.all([first, second])
  await deployed.settle()
  assert.equal(deployed.acknowledged(2).length, 0)
  task.trigger({ checkpointId: 3, stopAfter: false })
  await deployed.settle()
  assert.equal(deployed.acknowledged(3).length, 1)
  await deployed.close()
})

test('a task cuts no more when it ended while the fate of a cut was open', async () => {
  const { store, deployed, slow, aborted } = await heldUp()
  deployed.abort.abort()
  slow.open()
  await aborted
  await turns()
  const said = deployed.host.sent.filter((message) => {
    return 'checkpointId' in message && message.checkpointId === 2
  })
  const runs = (await store.list('runs/')).map(({ name }) => name)
  assert.deepEqual([said, runs.filter((name) => name.startsWith('runs/1-2-'))], [[], []])
  await deployed.close()
})
