import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driver, OPTIONS, TASKS, errorData, kindsOf } from './protocol-driver.ts'

test('a periodic checkpoint passes its four phases, each timed', () => {
  const driver = new Driver().start()
  assert.deepEqual(driver.effects, [{ kind: 'schedule-tick', atMs: 1000 }])
  assert.deepEqual(driver.tick(1000), [
    { kind: 'trigger', checkpointId: 1, purpose: 'periodic', stopAfter: false, full: false },
    { kind: 'schedule-tick', atMs: 3500 },
  ])
  driver.at(1002).take({ kind: 'triggered', checkpointId: 1 })
  driver.at(1010)
  for (const task of TASKS.slice(1)) assert.deepEqual(driver.acknowledge(1, task), [])
  const [write] = driver.at(1020).acknowledge(1, TASKS[0] ?? assert.fail())
  assert.ok(write?.kind === 'write-manifest')
  assert.equal(write.finished, false)
  assert.deepEqual(
    write.tasks.map((task) => [task.vertex, task.subtaskIndex]),
    [
      [0, 0],
      [0, 1],
      [1, 0],
    ],
  )
  const phases = { initMs: 2, prepareMs: 18, confirmMs: 0, completeMs: 0 }
  assert.deepEqual(
    { ...write.statistics, tasks: [] },
    { ...phases, bytes: 30, dirtyEntries: 12, tasks: [] },
  )
  assert.deepEqual(kindsOf(driver.at(1025).confirm(1)).slice(0, 2), ['send-complete', 'report'])
  driver.at(1040).take({ kind: 'committed', checkpointId: 1, worker: 0 })
  const last = driver.take({ kind: 'committed', checkpointId: 1, worker: 1 })
  const [done] = last
  assert.ok(done?.kind === 'report' && done.report.outcome === 'completed')
  const { initMs, prepareMs, confirmMs, completeMs } = done.report.statistics
  assert.deepEqual([initMs, prepareMs, confirmMs, completeMs], [2, 18, 5, 15])
  assert.ok(kindsOf(last).includes('release'))
  assert.equal(driver.state.tickAtMs, 2000)
})

test('the interval counts from start to start, but never less than the pause from the end', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.at(1990).prepare(1)
  driver.confirm(1)
  assert.equal(driver.state.nextPeriodicAtMs, 2090)
  driver.tick(2000)
  assert.equal(driver.of('trigger').length, 1)
  driver.tick(2090)
  assert.equal(driver.of('trigger').length, 2)
})

test('without an interval nothing happens by itself', () => {
  const driver = new Driver({ options: { ...OPTIONS, intervalMs: 0 } }).start()
  assert.deepEqual(driver.effects, [])
  driver.tick(1e9)
  assert.deepEqual(driver.effects, [])
})

test('acknowledgements may come before the trigger is reported sent', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  for (const task of TASKS) assert.deepEqual(driver.acknowledge(1, task), [])
  assert.ok(kindsOf(driver.take({ kind: 'triggered', checkpointId: 1 })).includes('write-manifest'))
})

test('a decline aborts: the message names task, phase, cause and cure; the job goes on', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  const error = errorData('no space left on device')
  const effects = driver.at(1100).take({
    kind: 'decline',
    checkpointId: 1,
    vertex: 0,
    subtaskIndex: 1,
    error,
  })
  assert.deepEqual(kindsOf(effects), ['send-abort', 'report', 'schedule-tick'])
  const report = effects[1]
  assert.ok(report?.kind === 'report' && report.report.outcome === 'failed')
  assert.equal(
    report.report.error.message,
    'checkpoint 1 failed in phase prepare: lines[1] declined: no space left on device',
  )
  assert.equal(report.report.error.cure, 'free some space')
  assert.deepEqual(report.report.error.details, { checkpointId: 1, phase: 'prepare' })
  assert.equal(report.report.error.cause, error)
  // What comes late for the aborted one is ignored, and its id is not used again.
  for (const task of TASKS) assert.deepEqual(driver.acknowledge(1, task), [])
  assert.equal(driver.tick(2000)[0]?.kind, 'trigger')
  assert.equal(driver.of('trigger')[1]?.checkpointId, 2)
})

test('a checkpoint that takes too long fails and names who is missing', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.take({ kind: 'triggered', checkpointId: 1 })
  driver.acknowledge(1, TASKS[0] ?? assert.fail())
  assert.deepEqual(kindsOf(driver.tick(3499)), ['schedule-tick'])
  driver.tick(3500)
  const slow = driver.of('report')[0]?.report
  assert.ok(slow?.outcome === 'slow')
  assert.deepEqual([slow.slow.runningMs, slow.slow.acknowledged, slow.slow.tasks], [2500, 1, 3])
  const task = { vertex: 1, subtaskIndex: 0, checkpointId: 1, step: 'sinks', forMs: 2000 } as const
  const tasks = [{ ...task, waitsFor: ['out'] }]
  driver.at(5900).take({ kind: 'progress', worker: 0, tasks })
  driver.take({ kind: 'progress', worker: 1, tasks: [] })
  assert.deepEqual(kindsOf(driver.tick(5999)), ['schedule-tick'], 'said again after 5 s only')
  const effects = driver.tick(6000)
  const report = effects.find((effect) => effect.kind === 'report')
  assert.ok(report?.report.outcome === 'failed')
  assert.equal(
    report.report.error.message,
    'checkpoint 1 took over 5000 ms in phase prepare, 1 of 3 tasks have acknowledged: ' +
      'count[0] waits for 2.1 s until sink "out" has made its output safe; ' +
      'lines[1] has not said where it is',
  )
  assert.match(report.report.error.cure, /what it writes to may not answer/)
})

test('more failures in a row than are tolerated fail the job; a success resets the count', () => {
  const driver = new Driver().start()
  const declineNext = (id: number) => {
    const atMs = driver.state.nextPeriodicAtMs
    driver.tick(atMs)
    const error = errorData('full')
    driver.take({ kind: 'decline', checkpointId: id, vertex: 1, subtaskIndex: 0, error })
  }
  declineNext(1)
  declineNext(2)
  driver.tick(driver.state.nextPeriodicAtMs)
  driver.complete(3)
  declineNext(4)
  declineNext(5)
  assert.deepEqual(driver.of('fail-job'), [])
  declineNext(6)
  const [failed] = driver.of('fail-job')
  assert.match(failed?.error.message ?? '', /3 checkpoints in a row failed, 2 are tolerated/)
  assert.equal(failed?.error.retryable, true)
  assert.equal(driver.state.stage, 'closed')
})

test('a failed manifest aborts if it is surely not there', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.prepare(1)
  const error = errorData('disk full')
  const failed = { kind: 'confirm-failed', checkpointId: 1, error, mayBeWritten: false } as const
  assert.deepEqual(kindsOf(driver.take(failed)).slice(0, 2), ['send-abort', 'report'])
  assert.equal(driver.state.stage, 'running')
})

test('a manifest that may be there ends the attempt without an abort', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.prepare(1)
  const error = errorData('connection lost')
  const failed = { kind: 'confirm-failed', checkpointId: 1, error, mayBeWritten: true } as const
  assert.deepEqual(kindsOf(driver.take(failed)), ['fail-job'])
})

test('a storage that does not answer in phase confirm ends the attempt without an abort', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.prepare(1)
  assert.deepEqual(kindsOf(driver.tick(6000)), ['fail-job'])
  assert.match(driver.of('fail-job')[0]?.error.message ?? '', /phase confirm/)
})

test('lost leadership ends the attempt', () => {
  const driver = new Driver().start()
  driver.request(1, 'manual')
  driver.prepare(1)
  const error = errorData('another', { code: 'LEADERSHIP_LOST', retryable: false })
  driver.take({ kind: 'leadership-lost', error })
  assert.equal(driver.of('fail-job')[0]?.error.code, 'LEADERSHIP_LOST')
  assert.equal(driver.of('reject')[0]?.requestId, 1)
})

test('the next checkpoint may prepare while the last one is still being committed', () => {
  const driver = new Driver().start()
  driver.tick(1000)
  driver.prepare(1)
  driver.confirm(1)
  driver.tick(2000)
  driver.prepare(2)
  driver.confirm(2)
  assert.equal(driver.state.completing.length, 2)
  // `committed` is cumulative: one answer for both.
  driver.commit(2)
  assert.equal(driver.state.completing.length, 0)
})

test('no more checkpoints begin while too many wait for their commits', () => {
  const driver = new Driver().start()
  for (let id = 1; id <= 4; id++) {
    driver.tick(1000 * id)
    driver.prepare(id)
    driver.confirm(id)
  }
  driver.tick(5000)
  assert.equal(driver.of('trigger').length, 4)
  driver.commit(4)
  assert.equal(driver.of('trigger').length, 5)
})

test('complete is said again to who has not committed for long', () => {
  const driver = new Driver({ options: { ...OPTIONS, intervalMs: 0 } }).start()
  driver.request(1, 'manual')
  driver.prepare(1)
  driver.confirm(1)
  driver.take({ kind: 'committed', checkpointId: 1, worker: 1 })
  const effects = driver.tick(5000)
  assert.deepEqual(kindsOf(effects), ['send-complete', 'report', 'schedule-tick'])
  const report = effects[1]
  assert.ok(report?.kind === 'report' && report.report.outcome === 'slow-commit')
  assert.deepEqual(report.report.waitingForWorkers, [0])
})

test('a restored checkpoint is committed first, again', () => {
  const restored = { checkpointId: 7, sequence: 9, finished: false }
  const driver = new Driver({ restored, firstCheckpointId: 8 }).start()
  assert.deepEqual(driver.effects[0], { kind: 'send-complete', checkpointId: 7 })
  driver.commit(7)
  assert.deepEqual(driver.of('ended'), [])
  assert.deepEqual(driver.of('release'), [])
  assert.equal(driver.state.completing.length, 0)
})

test('a job killed between its final checkpoint and the commits only commits', () => {
  const restored = { checkpointId: 7, sequence: 9, finished: true }
  const driver = new Driver({ restored, firstCheckpointId: 8 }).start()
  driver.tick(1_000)
  assert.deepEqual(driver.of('trigger'), [])
  driver.commit(7)
  assert.deepEqual(driver.of('ended'), [{ kind: 'ended', how: 'finished', checkpointId: 7 }])
})

test('a broadcast state that is not equal everywhere ends the attempt', () => {
  const driver = new Driver().start()
  driver.request(7, 'manual')
  driver.take({ kind: 'triggered', checkpointId: 1 })
  const acknowledge = (at: number, hash: string) =>
    driver.acknowledge(1, TASKS[at] ?? assert.fail(), [{ uid: 'rules', name: 'limits', hash }])
  acknowledge(1, 'b')
  acknowledge(2, 'a')
  const [reject, fail] = acknowledge(0, 'a')
  assert.ok(reject?.kind === 'reject' && reject.requestId === 7)
  assert.ok(fail?.kind === 'fail-job')
  assert.equal(fail.error.retryable, false)
  assert.match(fail.error.message, /"limits" of "rules" differs between its subtasks 0 and 1/)
  assert.equal(driver.of('write-manifest').length, 0)
})
