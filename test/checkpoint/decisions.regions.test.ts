// What the coordinator decides when some tasks are lost and the others go on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Attempt } from './attempt.ts'
import { Driver, TASKS, errorData, kindsOf } from './protocol-driver.ts'

const [first = assert.fail(), second = assert.fail()] = TASKS
const lost = { kind: 'tasks-lost', tasks: [first], error: errorData('thrown') } as const
const back = { kind: 'tasks-restored' } as const

test('tasks that are lost while a checkpoint is prepared end it, and no failure is counted', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  driver.acknowledge(1, second)
  const effects = driver.at(1500).take(lost)
  assert.deepEqual(kindsOf(effects).slice(0, 2), ['send-abort', 'report'])
  const [, reported] = effects
  assert.ok(reported?.kind === 'report' && reported.report.outcome === 'failed')
  assert.match(reported.report.error.message, /checkpoint 1 was given up: a region failed: thrown/)
  assert.equal(driver.state.consecutiveFailures, 0)
  driver.acknowledge(1, first)
  driver.tick(9000)
  assert.equal(driver.of('trigger').length, 1, 'none begins while tasks are lost')
  assert.deepEqual(kindsOf(driver.take(back)).slice(0, 1), ['trigger'])
  assert.equal(driver.of('trigger').at(-1)?.checkpointId, 2)
})

test('after a periodic checkpoint that was given up there is a pause before the next', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  driver.at(1950).take(lost)
  driver.at(1960).take(back)
  driver.tick(2049)
  assert.equal(driver.of('trigger').length, 1, 'the interval is over, the pause is not')
  driver.tick(2050)
  assert.equal(driver.of('trigger').length, 2)
})

test('who asked for a checkpoint gets the one after the restart', () => {
  const driver = new Driver().start()
  driver.take({ kind: 'request', request: { id: 1, purpose: 'manual', savepoint: undefined } })
  driver.take({ kind: 'triggered', checkpointId: 1 })
  driver.take(lost)
  driver.take({ kind: 'request', request: { id: 2, purpose: 'manual', savepoint: undefined } })
  driver.take(back)
  driver.prepare(2)
  driver.confirm(2)
  for (const worker of [0, 1]) driver.take({ kind: 'committed', checkpointId: 2, worker })
  assert.deepEqual(driver.of('reject'), [])
  assert.deepEqual(
    driver.of('resolve').map(({ requestId }) => requestId),
    [1, 2],
  )
})

test('a manifest that is being written is not given up; its commits are asked for again', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.prepare(1)
  assert.deepEqual(kindsOf(driver.take(lost)), [])
  assert.ok(kindsOf(driver.confirm(1)).includes('send-complete'))
  driver.take({ kind: 'committed', checkpointId: 1, worker: 1 })
  assert.deepEqual(driver.take(back)[0], { kind: 'send-complete', checkpointId: 1 })
})

test('a task that had ended has to end again before the final checkpoint', () => {
  const driver = new Driver().start()
  for (const { vertex, subtaskIndex } of TASKS.slice(0, 2)) {
    driver.take({ kind: 'task-ended', vertex, subtaskIndex })
  }
  driver.take(lost)
  driver.take(back)
  const { vertex, subtaskIndex } = TASKS[2] ?? assert.fail()
  driver.take({ kind: 'task-ended', vertex, subtaskIndex })
  assert.deepEqual(driver.of('trigger'), [])
  driver.take({ kind: 'task-ended', vertex: 0, subtaskIndex: 0 })
  assert.equal(driver.of('trigger')[0]?.purpose, 'final')
})

test('a coordinator says what to go back to, also when that is still being written', async () => {
  const attempt = await Attempt.lead({ firstCheckpointId: 7 })
  const { coordinator } = attempt
  coordinator.start()
  const error = errorData('thrown')
  assert.equal(await coordinator.suspend([first], error), undefined)
  coordinator.resume()
  const asked = coordinator.request('manual')
  // The trigger is out and the acknowledgement in: the manifest is on its way to the store.
  await new Promise((resolve) => setImmediate(resolve))
  const link = await coordinator.suspend([first], error)
  assert.equal(link?.checkpointId, 7)
  coordinator.resume()
  assert.equal((await asked).checkpointId, 7)
  await coordinator.close()
})
