// After the commit point: who is answered when, and what is said again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driver, errorData, kindsOf, OPTIONS } from './protocol-driver.ts'

const NO_INTERVAL = { options: { ...OPTIONS, intervalMs: 0 } }

test('a savepoint that fails beside other requests rejects its own only', () => {
  const driver = new Driver(NO_INTERVAL).start()
  driver.request(1, 'stop')
  driver.prepare(1)
  driver.confirm(1)
  driver.request(2, 'savepoint', '/save')
  driver.request(3, 'manual')
  driver.request(4, 'savepoint', '/other')
  assert.deepEqual(
    driver.of('reject').map(({ requestId }) => requestId),
    [4],
    'one savepoint can be written of the last checkpoint',
  )
  driver.commit(1)
  assert.deepEqual(driver.of('ended'), [], 'the savepoint is being written')
  driver.take({ kind: 'savepoint-failed', checkpointId: 1, error: errorData('occupied') })
  assert.deepEqual(
    driver.of('reject').map(({ requestId }) => requestId),
    [4, 2],
  )
  assert.deepEqual(
    driver.of('resolve').map(({ requestId }) => requestId),
    [1, 3],
  )
  assert.deepEqual(driver.of('ended'), [{ kind: 'ended', how: 'stopped', checkpointId: 1 }])
})

test('the outcome of one savepoint says nothing of another', () => {
  const driver = new Driver(NO_INTERVAL).start()
  for (const id of [1, 2]) {
    driver.request(id, 'savepoint', `/save${id}`)
    driver.prepare(id)
    driver.confirm(id)
    driver.commit(id)
  }
  driver.take({ kind: 'savepoint-failed', checkpointId: 2, error: errorData('occupied') })
  assert.deepEqual(
    driver.of('reject').map(({ requestId }) => requestId),
    [2],
  )
  assert.deepEqual(driver.of('resolve'), [])
  driver.take({ kind: 'savepoint-written', checkpointId: 1 })
  assert.equal(driver.of('resolve')[0]?.outcome.savepoint, '/save1')
})

test('complete is said again at its time and not before, nor when all have committed', () => {
  const driver = new Driver(NO_INTERVAL).start()
  driver.request(1, 'savepoint', '/save')
  driver.prepare(1)
  driver.at(1_000)
  driver.confirm(1)
  const dueMs = 1_000 + OPTIONS.timeoutMs
  const said = (atMs: number) =>
    kindsOf(driver.tick(atMs)).filter((kind) => kind === 'send-complete').length
  assert.equal(said(dueMs - 1), 0)
  assert.equal(said(dueMs), 1)
  assert.equal(said(dueMs + 1), 0, 'it is given its time again')
  assert.equal(said(dueMs + OPTIONS.timeoutMs), 1)
  driver.commit(1)
  assert.equal(said(dueMs + 9 * OPTIONS.timeoutMs), 0, 'only the savepoint is awaited')
})

test('what was not to be confirmed, and workers that there are not, are mistakes', () => {
  const driver = new Driver(NO_INTERVAL).start()
  driver.request(1, 'manual')
  assert.throws(() => driver.confirm(1), /was not to be confirmed/, 'nobody has acknowledged')
  driver.prepare(1)
  assert.throws(() => driver.confirm(2), /checkpoint 2 was not to be confirmed/)
  driver.confirm(1)
  for (const worker of [-1, 2]) {
    assert.throws(
      () => driver.take({ kind: 'committed', checkpointId: 1, worker }),
      /there is no worker/,
    )
  }
  assert.throws(() => driver.request(9, 'savepoint'), /a savepoint has a place/)
})

test('a drain waits for the end of input, and nobody waits for the drain', () => {
  const driver = new Driver(NO_INTERVAL).start()
  driver.request(1, 'drain')
  assert.deepEqual(driver.of('trigger'), [], 'a drain waits for the end of input')
  driver.request(2, 'manual')
  assert.equal(driver.of('trigger')[0]?.purpose, 'manual')
  driver.complete(1)
  assert.deepEqual(
    driver.of('resolve').map(({ requestId }) => requestId),
    [2],
  )
  driver.endTasks()
  assert.equal(driver.of('trigger').at(-1)?.purpose, 'final')
  driver.complete(2)
  assert.deepEqual(
    driver.of('resolve').map(({ requestId }) => requestId),
    [2, 1],
  )
})
