// The figures of a checkpoint: phases as differences of times, parts of tasks, and the slowest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskStatistics } from '../../src/checkpoint/manifest.ts'
import { laterPhasesOf, partsOf, slowestTask, totalMsOf } from '../../src/checkpoint/statistics.ts'
import { checkpoint, fenceLink, STATISTICS, taskStatistics } from './links.ts'
import { Driver, TASKS } from './protocol-driver.ts'

function task(subtaskIndex: number, changes: Partial<TaskStatistics> = {}): TaskStatistics {
  return { ...taskStatistics(0, subtaskIndex), ...changes }
}

test('the parts of a task are told apart; what an old version did not measure is 0', () => {
  const figures = { startDelayMs: 4, alignmentMs: 1, syncMs: 2, asyncMs: 10, sinkMs: 3 }
  const parts = { barrier: 4, alignment: 1, cut: 2, sinks: 3, write: 7 }
  assert.deepEqual(partsOf(task(0, figures)), parts)
  const old = { barrier: 0, alignment: 1, cut: 2, sinks: 0, write: 3 }
  assert.deepEqual(partsOf(task(0)), old)
  assert.equal(partsOf(task(0, { asyncMs: 3, sinkMs: 5 })).write, 0, 'never below 0')
  assert.equal(totalMsOf(task(0, figures)), 17)
  assert.equal(totalMsOf(task(0, { ...figures, acknowledgedMs: 21 })), 21)
})

test('the slowest task is named with what took it longest; one task is not compared', () => {
  assert.equal(slowestTask([]), undefined)
  assert.equal(slowestTask([task(0)]), undefined)
  const parts = [
    ['barrier', { startDelayMs: 100 }],
    ['alignment', { alignmentMs: 100 }],
    ['cut', { syncMs: 100 }],
    ['sinks', { sinkMs: 100, asyncMs: 102 }],
    ['write', { asyncMs: 100 }],
  ] as const
  for (const [part, figures] of parts) {
    const slow = task(1, figures)
    for (const tasks of [
      [slow, task(0), task(2)],
      [task(0), slow, task(2)],
      [task(0), task(2), slow],
    ]) {
      assert.deepEqual(slowestTask(tasks), { task: slow, part })
    }
  }
  const equal = [task(0), task(1)]
  assert.equal(slowestTask(equal)?.task, equal[0], 'the first of equals')
})

test('how a checkpoint ended is told by a later link of the same leader', () => {
  const told = (sequence: number, leaderEpoch: number, ...ids: readonly number[]) =>
    checkpoint(sequence, {
      leaderEpoch,
      statistics: {
        ...STATISTICS,
        former: ids.map((checkpointId) => ({ checkpointId, confirmMs: sequence, completeMs: 1 })),
      },
    })
  const first = checkpoint(2, { leaderEpoch: 1 })
  const phases = { checkpointId: 2, confirmMs: 5, completeMs: 1 }
  assert.equal(laterPhasesOf([fenceLink(1, 0, 1), first], first), undefined)
  const links = [fenceLink(1, 0, 1), first, checkpoint(3), told(4, 1, 3), told(5, 1, 1, 2)]
  assert.deepEqual(laterPhasesOf([...links, told(6, 1, 2)], first), phases, 'the first to tell')
  assert.equal(laterPhasesOf([first, told(3, 2, 2)], first), undefined, 'of another leader')
  const itself = told(2, 1, 2)
  assert.equal(laterPhasesOf([itself], itself), undefined, 'not by itself')
})

test('the tasks of a manifest stand in the order of the plan, whoever answered first', () => {
  const [a = assert.fail(), b = assert.fail(), c = assert.fail()] = TASKS
  for (const order of [
    [c, b, a],
    [b, a, c],
    [c, a, b],
  ]) {
    const driver = new Driver().start()
    driver.tick(1000)
    driver.take({ kind: 'triggered', checkpointId: 1 })
    for (const each of order) driver.acknowledge(1, each)
    const [write] = driver.of('write-manifest')
    const names = (tasks: readonly { readonly vertex: number; readonly subtaskIndex: number }[]) =>
      tasks.map(({ vertex, subtaskIndex }) => `${vertex}/${subtaskIndex}`)
    assert.deepEqual(names(write?.statistics.tasks ?? []), ['0/0', '0/1', '1/0'])
    assert.deepEqual(names(write?.tasks ?? []), ['0/0', '0/1', '1/0'])
  }
})
