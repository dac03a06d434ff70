import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driver, OPTIONS, errorData, kindsOf } from './protocol-driver.ts'

test('requests that wait share one checkpoint, and are answered when it is committed', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.request(1, 'manual')
  driver.request(2, 'manual')
  driver.complete(1)
  assert.deepEqual(driver.of('resolve'), [])
  assert.equal(driver.of('trigger')[1]?.purpose, 'manual')
  driver.prepare(2)
  driver.confirm(2)
  assert.deepEqual(driver.of('resolve'), [])
  driver.commit(2)
  const outcome = { checkpointId: 2, sequence: 102, committed: true, savepoint: undefined }
  assert.deepEqual(driver.of('resolve'), [
    { kind: 'resolve', requestId: 1, outcome },
    { kind: 'resolve', requestId: 2, outcome },
  ])
})

test('a failed request is rejected and does not count as a failure of the job', () => {
  const driver = new Driver({ options: { ...OPTIONS, tolerableFailures: 0 } }).start()
  driver.request(1, 'manual')
  const error = errorData('full')
  driver.take({ kind: 'decline', checkpointId: 1, vertex: 1, subtaskIndex: 0, error })
  assert.equal(driver.of('reject')[0]?.error.code, 'CHECKPOINT_FAILED')
  assert.deepEqual(driver.of('fail-job'), [])
})

test('when all tasks have ended a final checkpoint and all commits precede the end', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.endTasks()
  assert.equal(driver.of('trigger').length, 1, 'the running one goes on first')
  driver.complete(1)
  assert.deepEqual(driver.of('trigger')[1], {
    kind: 'trigger',
    checkpointId: 2,
    purpose: 'final',
    stopAfter: true,
    full: false,
  })
  driver.prepare(2)
  assert.equal(driver.of('write-manifest')[1]?.finished, true)
  driver.confirm(2)
  driver.request(1, 'manual')
  assert.deepEqual(driver.of('ended'), [])
  driver.commit(2)
  assert.equal(driver.of('resolve')[0]?.outcome.checkpointId, 2)
  assert.deepEqual(driver.of('ended'), [{ kind: 'ended', how: 'finished', checkpointId: 2 }])
})

test('a failed final checkpoint is tried again', () => {
  const driver = new Driver().start()
  driver.endTasks()
  const error = errorData('full')
  driver.take({ kind: 'decline', checkpointId: 1, vertex: 1, subtaskIndex: 0, error })
  driver.tick(499)
  assert.equal(driver.of('trigger').length, 1, 'but not at once')
  driver.tick(500)
  assert.equal(driver.of('trigger')[1]?.purpose, 'final')
})

test('a final checkpoint that fails more often than is tolerated fails the job', () => {
  const driver = new Driver({ options: { ...OPTIONS, tolerableFailures: 1 } }).start()
  driver.endTasks()
  const decline = { vertex: 1, subtaskIndex: 0, error: errorData('full') }
  driver.take({ kind: 'decline', checkpointId: 1, ...decline })
  assert.deepEqual(driver.of('fail-job'), [])
  driver.tick(500)
  driver.take({ kind: 'decline', checkpointId: 2, ...decline })
  assert.equal(driver.of('fail-job').length, 1)
})

test('a drain is answered by the final checkpoint, with its savepoint', () => {
  const driver = new Driver().start()
  driver.request(1, 'drain', '/save')
  assert.deepEqual(driver.of('trigger'), [], 'the input has not ended yet')
  driver.request(2, 'manual')
  assert.equal(driver.of('trigger')[0]?.purpose, 'manual', 'others need not wait for that')
  driver.complete(1)
  driver.endTasks()
  assert.equal(driver.of('trigger')[1]?.purpose, 'final')
  const error = errorData('full')
  driver.take({ kind: 'decline', checkpointId: 2, vertex: 1, subtaskIndex: 0, error })
  assert.deepEqual(driver.of('reject'), [])
  driver.tick(driver.state.nextFinalAtMs)
  driver.prepare(3)
  driver.confirm(3)
  driver.commit(3)
  assert.equal(driver.of('write-savepoint')[0]?.directory, '/save')
  assert.deepEqual(driver.of('ended'), [], 'not before the savepoint is written')
  driver.take({ kind: 'savepoint-written', checkpointId: 3 })
  assert.equal(driver.of('resolve')[1]?.outcome.savepoint, '/save')
  assert.deepEqual(driver.of('ended'), [{ kind: 'ended', how: 'finished', checkpointId: 3 }])
})

test('a savepoint that is asked for at the very end is a copy of the last checkpoint', () => {
  const driver = new Driver().start()
  driver.request(1, 'stop')
  driver.prepare(1)
  driver.confirm(1)
  driver.request(2, 'savepoint', '/save')
  driver.request(3, 'savepoint', '/other')
  assert.deepEqual(
    driver.of('write-savepoint').map(({ directory }) => directory),
    ['/save'],
  )
  assert.equal(driver.of('reject')[0]?.requestId, 3)
  driver.commit(1)
  assert.deepEqual(driver.of('ended'), [])
  driver.take({ kind: 'savepoint-written', checkpointId: 1 })
  assert.deepEqual(driver.of('ended'), [{ kind: 'ended', how: 'stopped', checkpointId: 1 }])
})

test('stop ends the job with a committed checkpoint', () => {
  const driver = new Driver().start()
  driver.request(1, 'stop')
  assert.equal(driver.of('trigger')[0]?.stopAfter, true)
  driver.complete(1)
  assert.equal(driver.of('resolve')[0]?.outcome.committed, true)
  assert.deepEqual(driver.of('ended'), [{ kind: 'ended', how: 'stopped', checkpointId: 1 }])
})

test('a stop that fails is rejected, and the job goes on', () => {
  const driver = new Driver().start()
  driver.request(1, 'stop')
  const error = errorData('full')
  driver.take({ kind: 'decline', checkpointId: 1, vertex: 1, subtaskIndex: 0, error })
  assert.deepEqual(kindsOf(driver.effects).slice(-4), [
    'send-abort',
    'reject',
    'report',
    'schedule-tick',
  ])
  driver.tick(1000)
  assert.equal(driver.of('trigger')[1]?.purpose, 'periodic')
})

test('a savepoint is copied after the checkpoint is complete, and answered after both', () => {
  const driver = new Driver().start()
  driver.request(1, 'savepoint', '/save')
  driver.prepare(1)
  driver.confirm(1)
  assert.deepEqual(driver.of('write-savepoint'), [
    { kind: 'write-savepoint', checkpointId: 1, sequence: 101, directory: '/save' },
  ])
  driver.commit(1)
  assert.deepEqual(driver.of('resolve'), [])
  driver.take({ kind: 'savepoint-written', checkpointId: 1 })
  assert.equal(driver.of('resolve')[0]?.outcome.savepoint, '/save')
})

test('a savepoint that cannot be written fails only its request', () => {
  const driver = new Driver().start()
  driver.request(1, 'savepoint', '/save')
  driver.prepare(1)
  driver.confirm(1)
  driver.commit(1)
  driver.take({ kind: 'savepoint-failed', checkpointId: 1, error: errorData('occupied') })
  assert.match(driver.of('reject')[0]?.error.message ?? '', /no savepoint was written: occupied/)
  assert.equal(driver.state.stage, 'running')
  assert.equal(driver.state.completing.length, 0)
})

test('a lost worker ends the attempt: what is confirmed counts, the rest is rejected', () => {
  const driver = new Driver().start()
  driver.request(1, 'manual')
  driver.prepare(1)
  driver.confirm(1)
  driver.request(2, 'manual')
  driver.request(3, 'manual')
  driver.take({ kind: 'worker-lost', error: errorData('gone', { code: 'WORKER_LOST' }) })
  const [resolved] = driver.of('resolve')
  assert.equal(resolved?.requestId, 1)
  assert.equal(resolved?.outcome.committed, false)
  assert.deepEqual(
    driver.of('reject').map((effect) => [effect.requestId, effect.error.code]),
    [
      [2, 'WORKER_LOST'],
      [3, 'WORKER_LOST'],
    ],
  )
  assert.equal(driver.of('fail-job').length, 1)
  driver.request(4, 'manual')
  assert.equal(driver.of('reject')[2]?.requestId, 4)
})

test('a worker lost while the manifest is being written waits for its outcome', () => {
  const lost = { kind: 'worker-lost', error: errorData('gone') } as const
  const confirmed = new Driver().start()
  confirmed.request(1, 'manual')
  confirmed.prepare(1)
  confirmed.take(lost)
  assert.equal(confirmed.state.stage, 'closing')
  assert.deepEqual(confirmed.of('reject'), [])
  confirmed.confirm(1)
  assert.equal(confirmed.of('resolve')[0]?.outcome.committed, false)
  assert.deepEqual(confirmed.of('send-complete'), [])

  const failed = new Driver().start()
  failed.request(1, 'manual')
  failed.prepare(1)
  failed.take(lost)
  const error = errorData('full')
  failed.take({ kind: 'confirm-failed', checkpointId: 1, error, mayBeWritten: true })
  assert.equal(failed.of('reject')[0]?.requestId, 1)
  assert.equal(failed.of('fail-job').length, 1, 'once')
})

test('a deliberate close is no failure', () => {
  const driver = new Driver().start()
  driver.request(1, 'manual')
  driver.take({ kind: 'close', error: errorData('cancelled', { code: 'JOB_CANCELLED' }) })
  assert.deepEqual(driver.of('fail-job'), [])
  assert.equal(driver.of('reject')[0]?.error.code, 'JOB_CANCELLED')
})

test('too many requests are turned away', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  for (let id = 1; id <= 65; id++) driver.request(id, 'manual')
  assert.deepEqual(
    driver.of('reject').map((effect) => effect.requestId),
    [65],
  )
})

test('one full checkpoint answers also those who only want one', () => {
  const driver = new Driver().start()
  driver.request(1, 'manual')
  driver.request(2, 'manual')
  driver.request(3, 'manual', undefined, true)
  driver.complete(1)
  driver.complete(2)
  assert.deepEqual(
    driver.of('trigger').map(({ full }) => full),
    [false, true],
  )
  assert.deepEqual(
    driver.of('resolve').map(({ requestId, outcome }) => [requestId, outcome.checkpointId]),
    [
      [1, 1],
      [2, 2],
      [3, 2],
    ],
  )
})

test('a manifest tells how the checkpoints before it ended, until one of them is written', () => {
  const driver = new Driver({ options: { ...OPTIONS, minPauseMs: 0 } }).start()
  driver.tick(1000)
  driver.at(1010).prepare(1)
  driver.at(1015).confirm(1)
  driver.at(1035).commit(1)
  const former = () => driver.of('write-manifest').at(-1)?.statistics.former
  assert.equal(former(), undefined)
  driver.tick(2000)
  driver.prepare(2)
  const first = { checkpointId: 1, confirmMs: 5, completeMs: 20 }
  assert.deepEqual(former(), [first])
  driver.take({
    kind: 'confirm-failed',
    checkpointId: 2,
    error: errorData('full'),
    mayBeWritten: false,
  })
  driver.tick(3000)
  driver.prepare(3)
  assert.deepEqual(former(), [first], 'nobody has read it in the one that was not written')
  driver.at(3001).confirm(3)
  driver.at(3002).commit(3)
  driver.tick(4000)
  driver.prepare(4)
  assert.deepEqual(former(), [{ checkpointId: 3, confirmMs: 1, completeMs: 1 }])
})
