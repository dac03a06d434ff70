import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChainHead, appendLink, fence, headAt, readChain } from '../../src/checkpoint/chain.ts'
import {
  type ChoiceOptions,
  type RunVerifier,
  chooseCheckpoint,
  verifyCheckpoint,
} from '../../src/checkpoint/damage.ts'
import { linkName } from '../../src/checkpoint/layout.ts'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { MillraceError, isMillraceError } from '../../src/errors.ts'
import type { PlanNode } from '../../src/graph/plan.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { FaultyBlobStore } from '../../src/testing/faulty-store.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { checkpoint, checkpointBody, node, plan, run } from './links.ts'

const exactSink = node(5, 'out', { kind: 'sink', states: [], guarantee: 'exactly-once' })

/** Here a run is sound if it is there. */
const exists: RunVerifier = async (store, { name }) => void (await store.stat(name))

class Job {
  readonly store = new MemoryBlobStore('memory:job')
  head: ChainHead = { sequence: 0, hash: '', lengthBytes: 0, leaderEpoch: 0 }
  readonly problems: string[] = []

  async fence(restores: number): Promise<void> {
    const identity = { jobName: 'test', writtenAt: 0 }
    const { chain } = await fence(this.store, identity, () => ({ restores, lineage: 'a' }))
    this.head = chain.head
  }

  /** A checkpoint whose tasks name these runs, which are written. */
  async checkpoint(id: number, runs: readonly string[], sinks: PlanNode[] = []): Promise<void> {
    for (const name of runs) await this.store.putIfAbsent(name, new Uint8Array(1))
    const tasks = runs.map((name, index) => ({
      vertex: 0,
      subtaskIndex: index,
      runs: [run(name, index * 64, index * 64 + 63)],
      keyGroups: { start: index * 64, end: index * 64 + 63 },
    }))
    const jobPlan = plan(runs.length, [[node(0, 'count'), ...sinks]])
    const { leaderEpoch } = this.head
    const body = checkpointBody(id, { plan: jobPlan, tasks, leaderEpoch })
    const entry = await appendLink(this.store, this.head, body)
    assert.ok(entry !== 'lost')
    this.head = headAt(entry)
  }

  async damage(sequence: number): Promise<void> {
    await this.store.delete(linkName(sequence))
    await this.store.putIfAbsent(linkName(sequence), new Uint8Array(10))
  }

  async choose(options: ChoiceOptions = {}) {
    return chooseCheckpoint(this.store, await readChain(this.store), {
      verifyRun: exists,
      onDamage: (problem) => this.problems.push(problem),
      ...options,
    })
  }
}

const idOf = (link: CheckpointLink | undefined) => link?.checkpointId

test('the newest sound checkpoint is chosen; an empty or fresh chain has none', async () => {
  const job = new Job()
  assert.equal(await job.choose(), undefined)
  await job.fence(0)
  assert.equal(await job.choose(), undefined)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'])
  await job.checkpoint(2, ['runs/1-2-v0-s0.run'])
  assert.equal(idOf(await job.choose()), 2)
  await job.fence(0)
  assert.equal(await job.choose(), undefined)
  assert.deepEqual(job.problems, [])
})

test('a checkpoint with a damaged run is passed over, loudly', async () => {
  const job = new Job()
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'])
  await job.checkpoint(2, ['runs/1-2-v0-s0.run'])
  await job.store.delete('runs/1-2-v0-s0.run')
  assert.equal(idOf(await job.choose()), 1)
  assert.equal(job.problems.length, 1)
  assert.match(
    job.problems[0] ?? '',
    /^checkpoint 2 lacks key groups 0-63 of count\[0\] \(count\): /,
  )
})

test('if all checkpoints need the damaged file the error names the lost key groups', async () => {
  const job = new Job()
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run', 'runs/1-1-v0-s1.run'])
  await job.checkpoint(2, ['runs/1-2-v0-s0.run', 'runs/1-1-v0-s1.run'])
  await job.store.delete('runs/1-1-v0-s1.run')
  await assert.rejects(job.choose(), (error) => {
    assert.ok(isMillraceError(error) && error.code === 'CHECKPOINT_DAMAGED')
    assert.match(error.message, /checkpoint 2 lacks key groups 64-127 of count\[1\] \(count\)/)
    assert.match(error.message, /checkpoint 1 lacks key groups 64-127 of count\[1\] \(count\)/)
    assert.doesNotMatch(error.message, /more/)
    return true
  })
})

test('of very many problems the first are told, and how many there are beside them', async () => {
  const job = new Job()
  await job.fence(0)
  for (let id = 1; id <= 12; id++) {
    const runs = [0, 1].map((subtask) => `runs/1-${id}-v0-s${subtask}.run`)
    await job.checkpoint(id, runs)
    for (const name of runs) await job.store.delete(name)
  }
  await assert.rejects(job.choose(), (error) => {
    assert.ok(isMillraceError(error) && error.code === 'CHECKPOINT_DAMAGED')
    assert.equal(error.message.split(' lacks key groups ').length - 1, 20)
    assert.match(error.message, /\n {2}- 4 more\n/)
    return true
  })
})

test('a job never starts empty because its links are damaged', async () => {
  const job = new Job()
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'])
  await job.damage(1)
  await job.damage(2)
  await assert.rejects(job.choose(), { code: 'CHECKPOINT_DAMAGED' })
})

test('going back below output that may be visible needs consent', async () => {
  const job = new Job()
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'], [exactSink])
  await job.checkpoint(2, ['runs/1-2-v0-s0.run'], [exactSink])
  await job.store.delete('runs/1-2-v0-s0.run')
  await assert.rejects(job.choose(), (error) => {
    assert.ok(isMillraceError(error) && error.code === 'OUTPUT_MAY_REPEAT')
    assert.match(error.message, /newer than checkpoint 1 .*"out"/)
    assert.match(error.cure, /--accept-duplicates/)
    return true
  })
  assert.equal(idOf(await job.choose({ acceptDuplicates: true })), 1)
})

test('a sink that can withdraw its output, or promises nothing, needs no consent', async () => {
  for (const change of [{ canWithdraw: true }, { guarantee: 'at-least-once' as const }]) {
    const job = new Job()
    await job.fence(0)
    await job.checkpoint(1, ['runs/1-1-v0-s0.run'], [{ ...exactSink, ...change }])
    await job.checkpoint(2, ['runs/1-2-v0-s0.run'], [{ ...exactSink, ...change }])
    await job.store.delete('runs/1-2-v0-s0.run')
    assert.equal(idOf(await job.choose()), 1)
  }
})

test('a damaged link may have been a checkpoint with output', async () => {
  const job = new Job()
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'], [exactSink])
  await job.checkpoint(2, ['runs/1-2-v0-s0.run'], [exactSink])
  await job.damage(3)
  await assert.rejects(job.choose(), { code: 'OUTPUT_MAY_REPEAT' })
  assert.equal(idOf(await job.choose({ acceptDuplicates: true })), 1)
  assert.match(job.problems[0] ?? '', /^chain\/000000000003\.manifest has no line/)
})

test('a sink that finds its newer output needs consent only if it was renamed', async () => {
  const job = new Job()
  const finder = { ...exactSink, canWithdraw: true, findsNewerOutput: true }
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'], [finder])
  await job.checkpoint(2, ['runs/1-2-v0-s0.run'], [finder])
  await job.damage(3)
  assert.equal(idOf(await job.choose({ formerNames: ['other'] })), 1)
  await assert.rejects(job.choose({ formerNames: ['out'] }), { code: 'OUTPUT_MAY_REPEAT' })
})

test('damage among abandoned or forgotten links does not matter', async () => {
  const job = new Job()
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'], [exactSink])
  await job.checkpoint(2, ['runs/1-2-v0-s0.run'], [exactSink])
  await job.fence(2)
  await job.checkpoint(3, ['runs/2-3-v0-s0.run'], [exactSink])
  await job.damage(3)
  assert.equal(idOf(await job.choose()), 3)
  assert.deepEqual(job.problems, [])
  await job.fence(0)
  await job.damage(2)
  assert.equal(await job.choose(), undefined)
})

test('a damaged link that was left behind may have output not taken back yet', async () => {
  const job = new Job()
  const withdrawing = { ...exactSink, canWithdraw: true }
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'], [withdrawing])
  await job.checkpoint(2, ['runs/1-2-v0-s0.run'], [withdrawing])
  await job.fence(2)
  assert.equal(idOf(await job.choose()), 1)
  await job.damage(3)
  await assert.rejects(job.choose(), { code: 'OUTPUT_MAY_REPEAT' })
  assert.equal(idOf(await job.choose({ acceptDuplicates: true })), 1)
  await job.checkpoint(3, ['runs/2-3-v0-s0.run'], [withdrawing])
  assert.equal(idOf(await job.choose()), 3)
})

test('a checkpoint may be asked for by id; newer output then needs consent too', async () => {
  const job = new Job()
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'], [exactSink])
  await job.checkpoint(2, ['runs/1-2-v0-s0.run'], [exactSink])
  assert.equal(idOf(await job.choose({ checkpointId: 2 })), 2)
  await assert.rejects(job.choose({ checkpointId: 1 }), { code: 'OUTPUT_MAY_REPEAT' })
  assert.equal(idOf(await job.choose({ checkpointId: 1, acceptDuplicates: true })), 1)
  await assert.rejects(
    job.choose({ checkpointId: 9 }),
    (error) => isMillraceError(error) && error.cure === 'retained are 1, 2',
  )
})

test('a storage that does not answer is no damage', async () => {
  const job = new Job()
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'])
  const failing: RunVerifier = async () => {
    throw new MillraceError('STORAGE_FAILED', 'no route to host')
  }
  await assert.rejects(verifyCheckpoint(job.store, checkpoint(2), failing), {
    code: 'STORAGE_FAILED',
  })
})

test('a run that is read wrongly only once is no damage', async () => {
  const job = new Job()
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'])
  await job.checkpoint(2, ['runs/1-2-v0-s0.run'])
  let failures = 1
  const flaky: RunVerifier = async () => {
    if (failures-- > 0) throw new MillraceError('STORAGE_CORRUPT', 'a checksum is wrong')
  }
  assert.equal(idOf(await job.choose({ verifyRun: flaky })), 2)
  assert.deepEqual(job.problems, [])
})

test('a link that is read wrongly only once is no damage', async () => {
  const job = new Job()
  await job.fence(0)
  await job.checkpoint(1, ['runs/1-1-v0-s0.run'])
  const store = new FaultyBlobStore(job.store, { random: new SeededRandom(1) })
  const sound = await readChain(store)
  const faults = { left: 1 }
  const read = store.read.bind(store)
  store.read = async (name, offsetBytes, lengthBytes) => {
    store.faults = name === linkName(2) && faults.left-- > 0 ? { flipOnRead: 1 } : {}
    return read(name, offsetBytes, lengthBytes)
  }
  assert.deepEqual(await readChain(store), sound)
  assert.ok(store.struck === 1)
})

test('every damaged run is found, also with many', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `runs/1-${index}-v0-s0.run`)
  const keyGroups = { start: 0, end: 127 }
  const tasks = [{ vertex: 0, subtaskIndex: 0, runs: names.map((n) => run(n)), keyGroups }]
  const store = new MemoryBlobStore()
  for (const name of names.slice(0, 30)) await store.putIfAbsent(name, new Uint8Array(1))
  const damage = await verifyCheckpoint(store, checkpoint(2, { tasks }), exists)
  assert.equal(damage.length, 10)
})

test('a sound run is read once, a damaged one twice; damage is told by name', async () => {
  const names = ['b', 'a', 'c'].map((letter, index) => `runs/1-${index}${letter}`)
  const keyGroups = { start: 0, end: 127 }
  const tasks = [{ vertex: 0, subtaskIndex: 0, runs: names.map((n) => run(n)), keyGroups }]
  const read: string[] = []
  const allButOne: RunVerifier = async (_store, { name }) => {
    read.push(name)
    if (name !== names[2]) throw new MillraceError('STORAGE_CORRUPT', `${name} is damaged`)
  }
  for (const order of [tasks, tasks.map((task) => ({ ...task, runs: task.runs.toReversed() }))]) {
    read.length = 0
    const link = checkpoint(2, { tasks: order })
    const damage = await verifyCheckpoint(new MemoryBlobStore(), link, allButOne)
    assert.deepEqual(
      damage.map(({ run: { name }, problem }) => [name, problem]),
      names.slice(0, 2).map((name) => [name, `${name} is damaged`]),
    )
    assert.deepEqual(
      names.map((name) => read.filter((each) => each === name).length),
      [2, 2, 1],
    )
  }
})
