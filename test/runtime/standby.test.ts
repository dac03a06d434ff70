// Processes that stand by where a job has ended, and where one is cancelled beside them.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { job, type JobHandle, run } from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'
import { encodeContent, markName } from '../../src/checkpoint/lease-marks.ts'
import { fence } from '../../src/checkpoint/chain.ts'
import { silentLogger } from '../../src/metrics/log.ts'
import type { Host } from '../../src/runtime/host.ts'
import { Standby } from '../../src/runtime/standby.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { Gate, ManualClock, turns, until } from './doubles.ts'

const directory = mkdtempSync(join(tmpdir(), 'millrace-standby-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const ticking = (name: string) =>
  job(name, (env) => {
    env
      .fromSource('ticks', dataGenerator({ generate: (index) => index, ratePerSecond: 500 }))
      .keyBy((tick) => tick % 3)
      .count('counts')
      .sinkTo('out', sink({ name: 'out', write: () => undefined }))
  })

/** So long that a test which waits for its end does not end. */
const highAvailability = { lease: '10 min' } as const
const checkpointing = { interval: '1 h', onCancel: 'delete' } as const
const options = { directory, highAvailability, checkpointing }

const leads = (handle: JobHandle) => until(() => handle.status.state === 'running')

test('who stands by where the job was stopped leads at once, and does not stop', async () => {
  await (await run(ticking('stopped'), options)).stop()
  await using standby = await run(ticking('stopped'), { ...options, standby: true })
  await leads(standby)
  const { checkpointId } = await standby.checkpoint()
  assert.equal(checkpointId, (standby.status.restoredFrom ?? 0) + 1)
})

test('who stands by where checkpoints were given up leads at once, from nothing', async () => {
  await (await run(ticking('given-up'), options)).cancel()
  await using standby = await run(ticking('given-up'), { ...options, standby: true })
  await leads(standby)
  assert.equal(standby.status.restoredFrom, undefined)
})

test('a cancelled job that gives its checkpoints up takes who stands by with it', async () => {
  const leader = await run(ticking('both'), options)
  await leader.checkpoint()
  const standby = await run(ticking('both'), { ...options, standby: true })
  assert.equal(standby.status.state, 'standby')
  await leader.cancel()
  assert.equal((await standby.finished).outcome, 'cancelled')
  const place = join(directory, 'both', 'checkpoints')
  const files = readdirSync(place, { recursive: true }).map(String)
  assert.deepEqual(
    files.filter((name) => /\.(manifest|run)$/.test(name)),
    [join('chain', '000000000003.manifest')],
  )
})

test('a standby whose storage was slow hears who leads by now before it takes over', async () => {
  const clock = new ManualClock()
  const slow = new Gate()
  const store = new (class extends MemoryBlobStore {
    isSlow = false
    override async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
      if (this.isSlow && name.endsWith('.standby')) await slow.passed
      return await super.putIfAbsent(name, bytes)
    }
  })()
  const lead = async (holder: string, leaderEpoch: number) => {
    const identity = { jobName: 'a', writtenAt: 0, leader: holder }
    await fence(store, identity, () => ({ restores: 0, lineage: 'l' }))
    const fixed = { kind: 'leader', renewal: 1, leaseMs: 600, state: 'held' } as const
    await store.putIfAbsent(markName({ ...fixed, leaderEpoch, holder }), encodeContent(facts))
  }
  const facts = { host: 'here', pid: 7 }
  const host = { clock, process: facts, owner: async () => undefined }
  const standby = new Standby({
    host: host as Partial<Host> as Host, // what a standby asks of its host
    store,
    logger: silentLogger,
    directory: 'x',
    jobName: 'a',
    id: 's',
    leaseMs: 600,
    requireFitting: () => undefined,
  })
  await lead('a', 1)
  const end = new AbortController()
  const waiting = standby.wait(end.signal, () => undefined)
  await turns(20)
  store.isSlow = true
  clock.advance(600) // it says again that it is there, which takes long
  await turns(20)
  clock.advance(1_300)
  await lead('b', 2)
  slow.open()
  await turns(20)
  end.abort()
  assert.deepEqual(await waiting, { kind: 'aborted' })
})
