// Several checkpoints under way: confirmed in order, given up together, and which go alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driver, OPTIONS, TASKS, errorData } from './protocol-driver.ts'

const twoAtATime = (changes = {}): Driver =>
  new Driver({ options: { ...OPTIONS, minPauseMs: 0, maxConcurrent: 2, ...changes } }).start()

test('the next checkpoint begins while one is under way, and says on which it builds', () => {
  const driver = twoAtATime()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  assert.equal(driver.state.tickAtMs, 2000)
  driver.tick(2000)
  driver.take({ kind: 'triggered', checkpointId: 2 })
  assert.deepEqual(
    driver.of('trigger').map(({ checkpointId, after }) => [checkpointId, after]),
    [
      [1, undefined],
      [2, 1],
    ],
  )
  driver.tick(3000)
  assert.equal(driver.of('trigger').length, 2)
})

test('links are written strictly in order, whoever acknowledges first', () => {
  const driver = twoAtATime()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  driver.tick(2000)
  driver.prepare(2)
  assert.equal(driver.of('write-manifest').length, 0)
  driver.at(2100)
  for (const task of TASKS) driver.acknowledge(1, task)
  assert.deepEqual(
    driver.of('write-manifest').map(({ checkpointId }) => checkpointId),
    [1],
  )
  driver.at(2150).confirm(1)
  assert.deepEqual(
    driver.of('write-manifest').map(({ checkpointId }) => checkpointId),
    [1, 2],
  )
  driver.at(2160).confirm(2)
  const confirmed = driver.of('report').map(({ report }) => report)
  assert.ok(confirmed[1]?.outcome === 'confirmed')
  const { prepareMs, confirmMs } = confirmed[1].statistics
  assert.deepEqual([prepareMs, confirmMs], [0, 160], 'the wait for its turn is part of confirm')
  assert.equal(driver.state.nextPeriodicAtMs, 3000, 'counted from the start of the last one')
})

test('when one fails, those that build on it are given up with it, and count for nothing', () => {
  const driver = twoAtATime({ maxConcurrent: 3, tolerableFailures: 1 })
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  driver.tick(2000)
  driver.take({ kind: 'triggered', checkpointId: 2 })
  driver.request(9, 'manual')
  driver.take({ kind: 'triggered', checkpointId: 3 })
  const error = errorData('no space')
  driver.take({ kind: 'decline', checkpointId: 1, vertex: 0, subtaskIndex: 0, error })
  assert.deepEqual(
    driver.of('send-abort').map(({ checkpointId }) => checkpointId),
    [1, 2, 3],
  )
  assert.equal(driver.state.consecutiveFailures, 1)
  assert.deepEqual(driver.of('reject'), [], 'who asked is served by the next one')
  assert.deepEqual(driver.of('trigger').at(-1), {
    kind: 'trigger',
    checkpointId: 4,
    purpose: 'manual',
    stopAfter: false,
    full: false,
  })
  for (const task of TASKS) driver.acknowledge(2, task)
  assert.equal(driver.of('write-manifest').length, 0, 'late answers are ignored')
  driver.complete(4)
  assert.equal(driver.of('resolve')[0]?.requestId, 9)
})

test('when a younger one fails, the older one goes on', () => {
  const driver = twoAtATime()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  driver.tick(2000)
  driver.take({ kind: 'triggered', checkpointId: 2 })
  const error = errorData('no space')
  driver.take({ kind: 'decline', checkpointId: 2, vertex: 0, subtaskIndex: 0, error })
  assert.deepEqual(
    driver.of('send-abort').map(({ checkpointId }) => checkpointId),
    [2],
  )
  for (const task of TASKS) driver.acknowledge(1, task)
  assert.equal(driver.of('write-manifest')[0]?.checkpointId, 1)
})

test('stops, savepoints, full and final checkpoints go alone, and are not overtaken', () => {
  for (const [purpose, savepoint, full] of [
    ['stop', undefined, false],
    ['savepoint', '/save', false],
    ['manual', undefined, true],
  ] as const) {
    const driver = twoAtATime()
    driver.tick(1000)
    driver.take({ kind: 'triggered', checkpointId: 1 })
    driver.request(7, purpose, savepoint, full)
    driver.tick(2000)
    assert.equal(driver.of('trigger').length, 1, 'it waits, and so does the next periodic one')
    driver.complete(1)
    assert.equal(driver.of('trigger')[1]?.purpose, purpose)
    driver.take({ kind: 'triggered', checkpointId: 2 })
    driver.tick(3000)
    assert.equal(driver.of('trigger').length, 2)
  }
  const ending = twoAtATime()
  ending.tick(1000)
  ending.take({ kind: 'triggered', checkpointId: 1 })
  ending.endTasks()
  ending.tick(2000)
  assert.equal(ending.of('trigger').length, 1)
  ending.complete(1)
  assert.equal(ending.of('trigger')[1]?.purpose, 'final')
})

test('the end of an attempt answers those who wait for a younger checkpoint, too', () => {
  const driver = twoAtATime()
  driver.tick(1000)
  driver.prepare(1)
  driver.request(5, 'manual')
  assert.equal(driver.state.overlapping.length, 1)
  driver.take({ kind: 'close', error: errorData('cancelled') })
  assert.deepEqual(
    driver.of('reject').map(({ requestId }) => requestId),
    [5],
  )
  assert.equal(driver.state.stage, 'closing')
  driver.confirm(1)
  assert.equal(driver.state.stage, 'closed')
  assert.equal(driver.of('write-manifest').length, 1, 'the younger one is gone')
})
