// How a worker sleeps: nothing that happens before or while it falls asleep is lost.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { embeddedWorkerHost } from '../../src/runtime/host-worker-thread.ts'
import { systemClock } from '../../src/util/clock.ts'
import { turns } from './doubles.ts'

const hostOf = (index = 0) =>
  embeddedWorkerHost({ index, send: () => undefined, report: () => undefined })

async function idleMs(host: ReturnType<typeof hostOf>, timeoutMs: number): Promise<number> {
  const startMs = systemClock.monotonic()
  await host.idle(timeoutMs)
  return systemClock.monotonic() - startMs
}

describe('a worker that is idle', () => {
  it('wakes when its time is over', async () => {
    const host = hostOf()
    const takenMs = await idleMs(host, 30)
    assert.ok(takenMs >= 28 && takenMs < 1_000, `${takenMs} ms`)
  })

  it('wakes at once for what happened before', async () => {
    const host = hostOf()
    host.wake()
    assert.ok((await idleMs(host, 5_000)) < 1_000)
    const bell = host.doorbell(0, new SharedArrayBuffer(4))
    bell.ring()
    assert.ok((await idleMs(host, 5_000)) < 1_000)
    assert.ok((await idleMs(host, 30)) >= 28, 'a bell is heard once')
  })

  it('wakes for what happens meanwhile, in its own thread', async () => {
    const host = hostOf()
    const bell = host.doorbell(0, new SharedArrayBuffer(4))
    for (const happen of [() => host.wake(), () => bell.ring()]) {
      const idle = idleMs(host, 5_000)
      await turns()
      happen()
      assert.ok((await idle) < 1_000)
    }
  })

  it('does not hear the bells of others', async () => {
    const host = hostOf(1)
    host.doorbell(1, new SharedArrayBuffer(4))
    host.doorbell(0, new SharedArrayBuffer(4)).ring()
    assert.ok((await idleMs(host, 30)) >= 28)
  })

  it('answers a thousand rings of another thread, one by one', async () => {
    const ours = new SharedArrayBuffer(4)
    const theirs = new SharedArrayBuffer(4)
    const host = hostOf()
    host.doorbell(0, ours)
    const answer = host.doorbell(1, theirs)
    const ringer = new Worker(
      `const { workerData: { ours, theirs } } = require('node:worker_threads')
       const [a, b] = [new Int32Array(ours), new Int32Array(theirs)]
       for (let round = 0; round < 1000; round++) {
         Atomics.add(a, 0, 1)
         Atomics.notify(a, 0)
         if (Atomics.wait(b, 0, round, 5000) === 'timed-out') throw new Error('no answer')
       }`,
      { eval: true, workerData: { ours, theirs } },
    )
    const over = new Promise((resolve, reject) => {
      ringer.on('error', reject)
      ringer.on('exit', resolve)
    })
    for (let round = 0; round < 1_000; round++) {
      assert.ok((await idleMs(host, 5_000)) < 4_000, `round ${round}`)
      answer.ring()
    }
    assert.equal(await over, 0)
  })
})
