// What comes late, twice or out of turn: it changes nothing, and nobody is answered twice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driver, OPTIONS, TASKS, errorData, kindsOf } from './protocol-driver.ts'

const [first = assert.fail(), second = assert.fail(), third = assert.fail()] = TASKS
const failed = { kind: 'trigger-failed', checkpointId: 1, error: errorData('no barrier') } as const

/** One whose manifest is being written. */
function confirming(): Driver {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.prepare(1)
  return driver
}

test('what is said of a manifest under way changes nothing', () => {
  const driver = confirming()
  const before = driver.state
  const decline = { checkpointId: 1, vertex: 0, subtaskIndex: 0, error: errorData('late') }
  driver.at(1500)
  assert.deepEqual(driver.take({ ...decline, kind: 'decline' }), [])
  assert.deepEqual(driver.take({ kind: 'triggered', checkpointId: 1 }), [])
  assert.deepEqual(driver.take(failed), [])
  assert.deepEqual(driver.acknowledge(1, first), [])
  assert.deepEqual(driver.state.active, before.active)
})

test('the first acknowledgement of a task counts', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  driver.at(1010).acknowledge(1, second)
  const { active } = driver.state
  assert.deepEqual(driver.at(1900).acknowledge(1, second), [])
  assert.deepEqual(driver.state.active, active)
  driver.at(1020).acknowledge(1, first)
  const [write] = driver.at(1030).acknowledge(1, third)
  assert.ok(write?.kind === 'write-manifest')
  assert.deepEqual(
    write.statistics.tasks.map(({ vertex, subtaskIndex, acknowledgedMs }) => {
      return [vertex, subtaskIndex, acknowledgedMs]
    }),
    [
      [0, 0, 20],
      [0, 1, 10],
      [1, 0, 30],
    ],
  )
})

test('a manifest that failed is one that was asked for', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  const error = errorData('disk full')
  const late = { kind: 'confirm-failed', checkpointId: 1, error, mayBeWritten: true } as const
  assert.deepEqual(driver.take(late), [])
  assert.equal(driver.state.stage, 'running')
})

test('a trigger that cannot be sent fails the checkpoint in phase init', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  const effects = driver.take(failed)
  assert.deepEqual(kindsOf(effects).slice(0, 2), ['send-abort', 'report'])
  const reported = effects[1]
  assert.ok(reported?.kind === 'report' && reported.report.outcome === 'failed')
  assert.deepEqual(reported.report.error.details, { checkpointId: 1, phase: 'init' })
  assert.deepEqual(driver.take(failed), [], 'it is gone')
})

test('after a periodic checkpoint that failed the pause counts from its failure', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  const decline = { checkpointId: 1, vertex: 0, subtaskIndex: 0, error: errorData('full') }
  driver.at(1950).take({ ...decline, kind: 'decline' })
  assert.equal(driver.state.nextPeriodicAtMs, 2050)
})

test('a manual checkpoint that is given up with a region does not put off the periodic one', () => {
  const driver = new Driver().start()
  driver.at(950).request(1, 'manual')
  driver.take({ kind: 'triggered', checkpointId: 1 })
  driver.take({ kind: 'tasks-lost', tasks: [first], error: errorData('thrown') })
  assert.equal(driver.state.nextPeriodicAtMs, 1000)
})

test('of three under way the second goes on when the third fails', () => {
  const options = { ...OPTIONS, minPauseMs: 0, maxConcurrent: 3 }
  const driver = new Driver({ options }).start()
  for (let id = 1; id <= 3; id++) {
    driver.tick(1000 * id)
    driver.take({ kind: 'triggered', checkpointId: id })
  }
  const decline = { checkpointId: 3, vertex: 0, subtaskIndex: 0, error: errorData('full') }
  driver.take({ ...decline, kind: 'decline' })
  for (const id of [1, 2]) {
    for (const task of TASKS) driver.acknowledge(id, task)
    driver.confirm(id)
  }
  const written = driver.of('write-manifest').map(({ checkpointId }) => checkpointId)
  assert.deepEqual(written, [1, 2])
})

test('a slow manifest is told as the storage, not as the tasks', () => {
  const driver = confirming()
  driver.tick(3500)
  const slow = driver.of('report')[0]?.report
  assert.ok(slow?.outcome === 'slow')
  assert.deepEqual(slow.slow.reasons, ['the storage has not answered to the manifest'])
})

test('an attempt that is closing answers at once, and a savepoint is refused once', () => {
  const driver = new Driver().start()
  driver.request(1, 'savepoint', '/save')
  driver.prepare(1)
  driver.take({ kind: 'close', error: errorData('cancelled') })
  driver.request(2, 'manual')
  const refused = () => driver.of('reject').map(({ requestId }) => requestId)
  assert.deepEqual(refused(), [2])
  driver.confirm(1)
  assert.deepEqual(refused(), [2, 1])
  assert.deepEqual(driver.of('resolve'), [])
})

test('a savepoint that an attempt leaves unwritten is refused; its checkpoint is not', () => {
  const driver = new Driver().start()
  driver.request(1, 'savepoint', '/save')
  driver.prepare(1)
  driver.confirm(1)
  driver.take({ kind: 'worker-lost', error: errorData('gone', { code: 'WORKER_LOST' }) })
  const [refused] = driver.of('reject')
  assert.equal(refused?.requestId, 1)
  assert.deepEqual(driver.of('resolve'), [])
  const manual = new Driver().start()
  manual.request(1, 'manual')
  manual.prepare(1)
  manual.confirm(1)
  manual.take({ kind: 'worker-lost', error: errorData('gone', { code: 'WORKER_LOST' }) })
  assert.deepEqual(manual.of('reject'), [])
  assert.equal(manual.of('resolve')[0]?.outcome.committed, false)
})

test('when all have committed, nobody is asked again while the savepoint is written', () => {
  const driver = new Driver({ options: { ...OPTIONS, intervalMs: 0 } }).start()
  driver.request(1, 'savepoint', '/save')
  driver.prepare(1)
  driver.confirm(1)
  driver.commit(1)
  assert.deepEqual(driver.of('resolve'), [])
  const before = driver.of('send-complete').length
  const scheduled = driver.of('schedule-tick').length
  driver.tick(6000)
  assert.equal(driver.of('send-complete').length, before)
  assert.equal(driver.of('schedule-tick').length, scheduled, 'nothing is waited for by time')
})

test('an acknowledgement of a task that there is not is a mistake of the caller', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  assert.throws(() => driver.acknowledge(1, { ...first, subtaskIndex: 77 }), /there is no task/)
})
