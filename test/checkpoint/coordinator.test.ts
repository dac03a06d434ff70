import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeSavepoint } from '../../src/checkpoint/savepoint.ts'
import { MillraceError, isMillraceError } from '../../src/errors.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { FaultyBlobStore } from '../../src/testing/faulty-store.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { until } from '../runtime/doubles.ts'
import { Attempt, checkpointsIn } from './attempt.ts'

test('a request makes a checkpoint: the manifest says all there is to say', async () => {
  const store = new MemoryBlobStore()
  const attempt = await Attempt.lead({ store, firstCheckpointId: 5 })
  attempt.coordinator.start()
  const outcome = await attempt.coordinator.request('manual')
  assert.deepEqual(outcome, {
    checkpointId: 5,
    sequence: 2,
    committed: true,
    savepoint: undefined,
  })
  const [trigger] = attempt.sent
  assert.ok(trigger?.kind === 'trigger' && !trigger.aligned, 'it may go past records')
  const [link] = await checkpointsIn(store)
  assert.ok(link !== undefined)
  const { purpose, params, processingTime, sources, maxParallelism, leaderEpoch } = link
  assert.deepEqual(
    { purpose, params, processingTime, maxParallelism, leaderEpoch },
    {
      purpose: 'manual',
      params: { input: 'x' },
      processingTime: 42,
      maxParallelism: 128,
      leaderEpoch: 1,
    },
  )
  assert.deepEqual(sources, [{ uid: 'in', pending: [{ id: 'rest' }], finished: [] }])
  assert.deepEqual(attempt.points.slice(0, 2), ['before-manifest', 'after-manifest'])
  assert.deepEqual(
    attempt.sent.map((message) => message.kind),
    ['trigger', 'complete'],
  )
  assert.equal(attempt.coordinator.nextCheckpointId, 6)
  assert.equal(attempt.coordinator.head.sequence, 2)
  await attempt.coordinator.close()
})

test('periodic checkpoints come by the clock, and old ones are deleted', async () => {
  const store = new MemoryBlobStore()
  const attempt = await Attempt.lead({ store, keep: 2, options: { intervalMs: 100 } })
  attempt.coordinator.start()
  for (let id = 1; id <= 4; id++) {
    attempt.clock.advance(100)
    await until(() => attempt.points.filter((point) => point === 'gc-begin').length === id)
  }
  await attempt.coordinator.close()
  const links = await checkpointsIn(store)
  assert.deepEqual(
    links.map((link) => [link.checkpointId, link.purpose]),
    [
      [3, 'periodic'],
      [4, 'periodic'],
    ],
  )
  assert.deepEqual(
    (await store.list('runs/')).map((blob) => blob.name),
    ['runs/1-3-v0-s0.run', 'runs/1-4-v0-s0.run'],
  )
  assert.deepEqual(
    attempt.coordinator.links.map((link) => link.sequence),
    [4, 5],
  )
})

test('until the restored checkpoint is verified nothing older is deleted', async () => {
  const store = new MemoryBlobStore()
  const first = await Attempt.lead({ store, keep: 1 })
  first.coordinator.start()
  await first.coordinator.request('manual')
  await first.coordinator.close()
  const restored = { checkpointId: 1, sequence: 2, finished: false }
  const second = await Attempt.lead({ store, keep: 1, restored, firstCheckpointId: 2 })
  second.coordinator.start()
  assert.deepEqual(second.sent, [{ kind: 'complete', checkpointId: 1, commit: true }])
  await second.coordinator.request('manual')
  await second.coordinator.request('manual')
  assert.equal((await checkpointsIn(store)).length, 3)
  second.coordinator.restoreVerified()
  await second.coordinator.request('manual')
  await second.coordinator.close()
  assert.equal((await checkpointsIn(store)).length, 1)
})

test('a full disk fails the checkpoint, and the job goes on', async () => {
  const inner = new MemoryBlobStore()
  let full = true
  const store = new FaultyBlobStore(inner, {
    random: new SeededRandom(1),
    at: (point, name) => {
      if (full && point === 'put-before' && name.endsWith('2.manifest')) throw new Error('ENOSPC')
    },
  })
  const attempt = await Attempt.lead({ store })
  attempt.coordinator.start()
  await assert.rejects(attempt.coordinator.request('manual'), (error) => {
    assert.ok(isMillraceError(error) && error.code === 'CHECKPOINT_FAILED')
    assert.equal(error.message, 'checkpoint 1 failed in phase confirm: ENOSPC')
    return true
  })
  assert.deepEqual(attempt.failures, [])
  assert.equal(attempt.sent.at(-1)?.kind, 'abort')
  full = false
  assert.equal((await attempt.coordinator.request('manual')).checkpointId, 2)
  await attempt.coordinator.close()
  assert.deepEqual(
    (await checkpointsIn(inner)).map((link) => link.checkpointId),
    [2],
  )
})

test('a put whose answer is lost ends the attempt; the next one finds the checkpoint', async () => {
  const inner = new MemoryBlobStore()
  const store = new FaultyBlobStore(inner, {
    random: new SeededRandom(1),
    at: (point, name) => {
      if (point === 'put-after' && name.endsWith('2.manifest')) throw new Error('connection lost')
    },
  })
  const attempt = await Attempt.lead({ store })
  attempt.coordinator.start()
  await assert.rejects(attempt.coordinator.request('manual'), /may have been written/)
  assert.equal(attempt.failures[0]?.code, 'CHECKPOINT_FAILED')
  assert.ok(!attempt.sent.some((message) => message.kind === 'abort'))
  await attempt.coordinator.close()
  assert.equal((await checkpointsIn(inner)).length, 1)
})

test('a leader that is replaced ends itself at its next checkpoint', async () => {
  const store = new MemoryBlobStore()
  const old = await Attempt.lead({ store })
  old.coordinator.start()
  await old.coordinator.request('manual')
  const young = await Attempt.lead({ store, firstCheckpointId: 2 })
  await assert.rejects(old.coordinator.request('manual'), { code: 'LEADERSHIP_LOST' })
  assert.equal(old.failures[0]?.code, 'LEADERSHIP_LOST')
  assert.equal(old.failures[0]?.retryable, false)
  young.coordinator.start()
  await young.coordinator.request('manual')
  await Promise.all([old.coordinator.close(), young.coordinator.close()])
  const links = await checkpointsIn(store)
  assert.deepEqual(
    links.map((link) => [link.leaderEpoch, link.checkpointId]),
    [
      [1, 1],
      [2, 2],
    ],
  )
})

test('stop and end of input end the attempt when all is committed', async () => {
  const stopping = await Attempt.lead()
  stopping.coordinator.start()
  stopping.commits = false
  const stop = stopping.coordinator.request('stop')
  await until(() => stopping.sent.some((message) => message.kind === 'complete'))
  assert.deepEqual(stopping.ends, [])
  stopping.coordinator.receive(0, { kind: 'committed', checkpointId: 1 })
  assert.equal((await stop).committed, true)
  assert.deepEqual(stopping.ends, ['stopped 1'])
  await stopping.coordinator.close()

  const store = new MemoryBlobStore()
  const ending = await Attempt.lead({ store })
  ending.coordinator.start()
  ending.coordinator.receive(0, { kind: 'ended', vertex: 0, subtaskIndex: 0 })
  await until(() => ending.ends.length > 0)
  assert.deepEqual(ending.ends, ['finished 1'])
  await ending.coordinator.close()
  assert.equal((await checkpointsIn(store))[0]?.finished, true)
})

test('a savepoint is a directory of its own with a chain of one link', async () => {
  const attempt = await Attempt.lead()
  attempt.coordinator.start()
  await attempt.coordinator.request('manual')
  const outcome = await attempt.coordinator.request('savepoint', '/save')
  assert.equal(outcome.savepoint, '/save')
  assert.deepEqual(
    attempt.sent.flatMap((message) => (message.kind === 'trigger' ? [message.aligned] : [])),
    [false, true],
    'what is kept has no records in flight',
  )
  const target = attempt.savepoints.get('/save')
  assert.ok(target !== undefined)
  const [link] = await checkpointsIn(target)
  assert.equal(link?.sequence, 1)
  assert.equal(link?.purpose, 'savepoint')
  assert.deepEqual(
    (await target.list('runs/')).map((blob) => blob.name),
    ['runs/1-2-v0-s0.run'],
  )
  await assert.rejects(writeSavepoint(target, link, target), { code: 'STORAGE_CONFLICT' })
  await attempt.coordinator.close()
})

test('a checkpoint that takes too long is aborted by the clock', async () => {
  const attempt = await Attempt.lead()
  attempt.acknowledges = false
  attempt.coordinator.start()
  const request = attempt.coordinator.request('manual')
  attempt.clock.advance(1000)
  await assert.rejects(request, /0 of 1 tasks have acknowledged: count\[0\] has not said/)
  // A late acknowledgement is ignored.
  await attempt.acknowledge(1)
  assert.deepEqual(attempt.points, [])
  await attempt.coordinator.close()
})

test('too many declined checkpoints in a row fail the attempt once', async () => {
  const attempt = await Attempt.lead({ options: { intervalMs: 100 } })
  attempt.declines = true
  attempt.coordinator.start()
  for (let turn = 0; turn < 5; turn++) attempt.clock.advance(100)
  assert.equal(attempt.failures.length, 1)
  assert.match(attempt.failures[0]?.message ?? '', /2 checkpoints in a row failed/)
  assert.equal(attempt.reports.filter((report) => report.outcome === 'failed').length, 2)
  await attempt.coordinator.close()
})

test('close rejects who waits, is no failure, and may be called twice', async () => {
  const attempt = await Attempt.lead()
  attempt.acknowledges = false
  attempt.coordinator.start()
  const request = attempt.coordinator.request('manual')
  const rejected = assert.rejects(request, { code: 'JOB_CANCELLED' })
  await attempt.coordinator.close()
  await attempt.coordinator.close()
  await rejected
  assert.deepEqual(attempt.failures, [])
  assert.equal(attempt.clock.waiting, 0)
  await assert.rejects(attempt.coordinator.request('manual'), { code: 'CHECKPOINT_FAILED' })
})

test('close waits for a manifest on its way', async () => {
  const inner = new MemoryBlobStore()
  let letGo = (): void => undefined
  const held = new Promise<void>((resolve) => (letGo = resolve))
  const store = new FaultyBlobStore(inner, {
    random: new SeededRandom(1),
    at: (point, name) => (point === 'put-before' && name.endsWith('2.manifest') ? held : undefined),
  })
  const attempt = await Attempt.lead({ store })
  attempt.coordinator.start()
  const request = attempt.coordinator.request('manual')
  await until(() => attempt.points.includes('before-manifest'))
  attempt.coordinator.fail(new MillraceError('WORKER_LOST', 'gone'))
  assert.equal(attempt.failures.length, 1)
  let closed = false
  const closing = attempt.coordinator.close().then(() => (closed = true))
  assert.equal(closed, false)
  letGo()
  await closing
  assert.equal((await request).committed, false)
  assert.equal((await checkpointsIn(inner)).length, 1)
})

test('sources that cannot be cut fail the checkpoint, and the job goes on', async () => {
  const attempt = await Attempt.lead()
  attempt.coordinator.start()
  attempt.cutError = new Error('no position')
  await assert.rejects(attempt.coordinator.request('manual'), (error) => {
    assert.ok(isMillraceError(error) && error.code === 'CHECKPOINT_FAILED')
    assert.equal(error.message, 'checkpoint 1 failed in phase init: no position')
    assert.ok(isMillraceError(error.cause) && error.cause.code === 'CHECKPOINT_FAILED')
    return true
  })
  attempt.cutError = undefined
  assert.equal((await attempt.coordinator.request('manual')).checkpointId, 2)
  assert.deepEqual(attempt.failures, [])
  await attempt.coordinator.close()
})

test("a programmer's error while a manifest is written ends the attempt", async () => {
  const attempt = await Attempt.lead()
  attempt.coordinator.start()
  attempt.crash = { at: 'before-manifest', error: new TypeError('not a function') }
  await assert.rejects(attempt.coordinator.request('manual'), /not a function/)
  assert.match(attempt.failures[0]?.message ?? '', /not a function/)
  await attempt.coordinator.close()
})
