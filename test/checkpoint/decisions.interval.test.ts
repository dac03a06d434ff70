// Intervals that change while a job runs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driver, OPTIONS } from './protocol-driver.ts'

const driverOf = (changes = {}): Driver =>
  new Driver({ options: { ...OPTIONS, minPauseMs: 0, ...changes } }).start()

test('while a source catches up another interval holds; none means none', () => {
  const driver = driverOf({ intervalDuringBacklogMs: 5_000 })
  driver.at(200).take({ kind: 'backlog', isBacklog: true })
  driver.tick(1000)
  assert.equal(driver.of('trigger').length, 0)
  assert.equal(driver.state.nextPeriodicAtMs, 5_000)
  driver.at(3000).take({ kind: 'backlog', isBacklog: false })
  assert.equal(
    driver.of('trigger').length,
    1,
    'what is overdue by the other interval begins at once',
  )

  const none = driverOf({ intervalDuringBacklogMs: 0 })
  none.take({ kind: 'backlog', isBacklog: true })
  none.tick(1e9)
  assert.equal(none.of('trigger').length, 0)
  none.request(1, 'manual')
  assert.equal(none.of('trigger').length, 1, 'on request there is one all the same')
  none.complete(1)
  none.endTasks()
  assert.equal(none.of('trigger').at(-1)?.purpose, 'final')
})

test('without an interval of its own a backlog changes nothing', () => {
  const driver = driverOf()
  driver.take({ kind: 'backlog', isBacklog: true })
  driver.tick(1000)
  assert.equal(driver.of('trigger').length, 1)
})

test('a new interval counts from the start of the last checkpoint, and keeps the pause', () => {
  const driver = driverOf({ minPauseMs: 300 })
  driver.tick(1000)
  driver.at(1500).complete(1)
  driver.take({ kind: 'interval', intervalMs: 4_000 })
  assert.equal(driver.state.nextPeriodicAtMs, 5_000)
  driver.at(1600).take({ kind: 'interval', intervalMs: 200 })
  assert.equal(driver.state.nextPeriodicAtMs, 1_800)
  driver.tick(1800)
  assert.equal(driver.of('trigger').length, 2)
})
