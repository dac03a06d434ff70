// Several checkpoints under way: what stays when one of three ends, and what is waited for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { walkLine } from '../../src/checkpoint/line.ts'
import { checkpoint, fenceLink } from './links.ts'
import { Driver, errorData, OPTIONS, TASKS } from './protocol-driver.ts'

function threeUnderWay(): Driver {
  const options = { ...OPTIONS, minPauseMs: 0, maxConcurrent: 3, timeoutMs: 60_000 }
  const driver = new Driver({ options }).start()
  for (const checkpointId of [1, 2, 3]) {
    driver.tick(1000 * checkpointId)
    driver.take({ kind: 'triggered', checkpointId })
  }
  return driver
}

test('when the youngest of three fails, both older ones go on', () => {
  const driver = threeUnderWay()
  const error = errorData('no space')
  driver.take({ kind: 'decline', checkpointId: 3, vertex: 0, subtaskIndex: 0, error })
  for (const checkpointId of [1, 2]) {
    for (const task of TASKS) driver.acknowledge(checkpointId, task)
    driver.confirm(checkpointId)
  }
  assert.deepEqual(
    driver.of('write-manifest').map(({ checkpointId }) => checkpointId),
    [1, 2],
  )
})

test('when the oldest of three fails, the others go with it, and may be tried anew', () => {
  const driver = threeUnderWay()
  const error = errorData('no space')
  driver.take({ kind: 'decline', checkpointId: 1, vertex: 1, subtaskIndex: 0, error })
  const failed = driver
    .of('report')
    .flatMap(({ report }) => (report.outcome === 'failed' ? [report] : []))
  assert.deepEqual(
    failed.map(({ checkpointId }) => checkpointId).toSorted((a, b) => a - b),
    [1, 2, 3],
  )
  for (const each of failed) assert.equal(each.error.retryable, true)
  assert.match(failed[0]?.error.message ?? '', /count\[0\] declined: no space/)
})

test('an acknowledgement that is repeated or late changes nothing', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.prepare(1)
  const before = driver.state
  const [task] = TASKS
  assert.ok(task !== undefined)
  driver.at(1500)
  driver.acknowledge(1, task)
  assert.deepEqual(driver.state.active, before.active)
  assert.equal(driver.of('write-manifest').length, 1, 'the manifest is written once')
})

test('a slow checkpoint says what it waits for: tasks, the one before it, or the storage', () => {
  const driver = threeUnderWay()
  for (const checkpointId of [2, 1]) {
    for (const task of TASKS) driver.acknowledge(checkpointId, task)
  }
  driver.tick(50_000)
  const reasons = new Map<number, string>()
  for (const { report } of driver.of('report')) {
    if (report.outcome === 'slow') reasons.set(report.checkpointId, report.slow.reasons.join())
  }
  assert.match(reasons.get(1) ?? '', /storage has not answered to the manifest/)
  assert.match(reasons.get(2) ?? '', /waits for the one before it to be confirmed/)
  assert.doesNotMatch(reasons.get(3) ?? 'none', /storage|before it|none/)
})

test('damage matters on the line only, not in what was abandoned or before a fresh start', () => {
  const links = [
    checkpoint(2),
    fenceLink(3, 0, 2),
    ...[4, 5, 6].map((sequence) => checkpoint(sequence)),
    fenceLink(7, 4, 3),
    checkpoint(8),
  ]
  const line = walkLine(links)
  assert.equal(line.end, 'fresh')
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((sequence) => line.includes(sequence)),
    [3, 4, 7, 8, 9],
  )
})
