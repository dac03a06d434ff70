// What an attempt measures for its interval, and when it tells the coordinator.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WorkerStatus } from '../../src/checkpoint/messages.ts'
import { CheckpointPace, type PaceOptions } from '../../src/runtime/checkpoint-pace.ts'
import { workerStatus } from '../../src/runtime/worker-status.ts'

const OPTIONS: PaceOptions = {
  intervalMs: 10_000,
  recoveryTargetMs: 30_000,
  restartDelayMs: 1_000,
  intervalDuringBacklogMs: undefined,
}

function paceOf(changes: Partial<PaceOptions> = {}) {
  const told: string[] = []
  const clock = { nowMs: 0 }
  const pace = new CheckpointPace({ ...OPTIONS, ...changes }, 0, {
    monotonic: () => clock.nowMs,
    changeInterval: (intervalMs) => void told.push(`interval ${intervalMs}`),
    changeBacklog: (isBacklog) => void told.push(`backlog ${isBacklog}`),
    changed: ({ reason }) => void told.push(reason),
  })
  const worker = (recordsIn: number, backlog: readonly string[] = []): WorkerStatus => {
    return { ...workerStatus([], 0, []), recordsIn, backlog }
  }
  /** Reads so many records in the next two seconds. */
  let records = 0
  const read = (count: number): void => {
    pace.observe([worker(records)], false)
    clock.nowMs += 2_000
    records += count
    pace.observe([worker(records)], false)
  }
  const complete = (prepareMs: number): void => {
    const statistics = { initMs: 0, prepareMs, confirmMs: 0, completeMs: 0, bytes: 0 }
    pace.report({
      checkpointId: 1,
      purpose: 'periodic',
      outcome: 'completed',
      statistics: { ...statistics, dirtyEntries: 0, tasks: [] },
    })
  }
  return { pace, told, clock, worker, read, complete }
}

test('the interval follows what a checkpoint takes and how fast input could be read again', () => {
  const { pace, told, read, complete } = paceOf()
  assert.deepEqual(pace.status, {
    intervalMs: 10_000,
    reason: 'stated',
    explanation: 'nothing has been measured yet',
  })
  pace.restored(4_000)
  complete(1_000)
  // (30 − 1 − 4) / 1 − 1: as long as nothing is known, it is read again as fast as it came.
  assert.deepEqual(told, ['interval 24000', 'target'])
  complete(1_010)
  assert.equal(told.length, 2, 'small changes are not worth one')
  for (let turn = 0; turn < 3; turn++) read(100_000)
  for (let turn = 0; turn < 20; turn++) read(50_000)
  complete(1_000)
  const { intervalMs, reason, explanation } = pace.status
  assert.ok(intervalMs > 48_000 && intervalMs < 49_500, `${intervalMs} is (30 − 5) / 0.5 − 1 s`)
  assert.equal(reason, 'target')
  assert.match(explanation, /redone 2\.0 times as fast/)
})

test('without a target the interval stays as stated', () => {
  const { pace, told, read, complete } = paceOf({ recoveryTargetMs: 0 })
  read(1_000)
  complete(5_000)
  assert.deepEqual(told, [])
  assert.equal(pace.status.intervalMs, 10_000)
})

test('a backlog of any source is told when it begins and when it is over', () => {
  const { pace, told, worker } = paceOf({ intervalDuringBacklogMs: 60_000 })
  pace.observe([worker(0), worker(0, ['topic'])], false)
  pace.observe([worker(5), worker(9, ['topic'])], true)
  assert.equal(pace.status.intervalMs, 60_000)
  assert.equal(pace.status.reason, 'backlog')
  pace.observe([worker(5), worker(9)], true)
  pace.observe([worker(5), worker(9)], false)
  assert.deepEqual(told, ['backlog true', 'backlog false'])
  assert.equal(pace.status.intervalMs, 10_000)
})
