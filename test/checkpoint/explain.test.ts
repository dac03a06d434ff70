// What people are told of a checkpoint that is slow: whose fault it is, and what to do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain, type MissingTask } from '../../src/checkpoint/explain.ts'
import type { TaskProgress } from '../../src/checkpoint/messages.ts'

const AT_MS = 100_000

function missing(
  name: string,
  progress?: Pick<TaskProgress, 'step'> & Partial<TaskProgress>,
  changes: Partial<MissingTask> = {},
): MissingTask {
  const task = { vertex: 0, subtaskIndex: 1, name }
  const plain = { vertex: 0, subtaskIndex: 1, checkpointId: 7, forMs: 12_000, waitsFor: [] }
  const heard =
    progress === undefined ? undefined : { progress: { ...plain, ...progress }, atMs: AT_MS - 200 }
  return { task, heard, workerHeardAtMs: AT_MS - 200, ...changes }
}

for (const [what, given, reason, cure] of [
  [
    'writing',
    missing('sum', { step: 'write' }),
    'sum[1] has been writing its state for 12 s',
    /storage is fast/,
  ],
  [
    'a sink that makes its output safe',
    missing('sum', { step: 'sinks', waitsFor: ['out', 'log'], forMs: 1_800 }),
    'sum[1] waits for 2.0 s until sink "out" and "log" has made its output safe',
    /may not answer/,
  ],
  [
    'a sink that takes nothing',
    missing('sum', {
      step: 'barrier',
      waitsFor: ['lines[0]'],
      blockedBy: { kind: 'sink', name: 'out' },
    }),
    'sum[1] waits for 12 s for the barrier of lines[0]: ' +
      'it is held up by sink "out", which takes no more',
    /make sink "out" faster/,
  ],
  [
    'a source in the middle of a batch',
    missing('lines', { step: 'barrier', blockedBy: { kind: 'task', name: 'count' } }),
    'lines[1] has not reached its barrier for 12 s: it is held up by count, which takes no more',
    /count is slower than what feeds it/,
  ],
  [
    'calls',
    missing('sum', {
      step: 'barrier',
      waitsFor: ['a[0]', 'a[1]', 'a[2]'],
      blockedBy: { kind: 'calls', name: 'look up' },
    }),
    'sum[1] waits for 12 s for the barrier of a[0], a[1] and 1 more: ' +
      'it is held up by the calls of "look up" that have not returned',
    /raise its capacity/,
  ],
  [
    'timers',
    missing('sum', { step: 'barrier', blockedBy: { kind: 'timers', name: 'due' } }),
    'sum[1] has not reached its barrier for 12 s: it is held up by timers of "due" that are due',
    /spread or coalesce/,
  ],
  [
    'the former one',
    missing('sum', { step: 'former' }),
    'sum[1] waits for 12 s for the end of the checkpoint before',
    /minPause/,
  ],
  ['nothing said yet', missing('sum'), 'sum[1] has not said where it is', /millrace status/],
  [
    'a worker that stands still',
    missing('sum', { step: 'barrier' }, { workerHeardAtMs: AT_MS - 14_000 }),
    'sum[1]: its worker has said nothing for 14 s',
    /stops its whole worker/,
  ],
] as const) {
  test(`a task is told of by what it waits for: ${what}`, () => {
    const explanation = explain([given], AT_MS)
    assert.deepEqual(explanation.reasons, [reason])
    assert.match(explanation.cure, cure)
  })
}

test('who holds the others up is named first, and gives the cure; the rest is counted', () => {
  const waiting = ['b', 'c', 'd', 'e', 'f', 'g'].map((name) =>
    missing(name, { step: 'barrier', waitsFor: ['a[1]'] }),
  )
  const blocked = missing('a', { step: 'barrier', blockedBy: { kind: 'sink', name: 'out' } })
  const { reasons, cure } = explain([...waiting, blocked], AT_MS)
  assert.equal(reasons.length, 6)
  assert.match(reasons[0] ?? '', /^a\[1\] .* sink "out"/)
  assert.equal(reasons.at(-1), 'and 2 more')
  assert.match(cure, /sink "out"/)
})

test('of no missing task there is nothing to tell but to wait', () => {
  assert.deepEqual(explain([], AT_MS), { reasons: [], cure: 'wait' })
})
