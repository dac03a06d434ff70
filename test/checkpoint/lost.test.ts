// What is lost with a damaged run, told by task, operator and key groups.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeLoss, lossesOf } from '../../src/checkpoint/lost.ts'
import type { TaskRecord } from '../../src/checkpoint/manifest.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import { checkpoint, node, plan, run } from './links.ts'

const stateless = node(0, 'map', { states: [] })
const counts = node(1, 'counts')
const timers = node(2, 'timers', { states: [], usesTimers: true })
const jobPlan = plan(2, [[stateless, counts, timers], [node(3, 'totals')]])

function task(
  vertex: number,
  subtaskIndex: number,
  runs: readonly RunReference[],
  records?: RunReference,
): TaskRecord {
  const keyGroups = { start: subtaskIndex * 64, end: subtaskIndex * 64 + 63 }
  return { vertex, subtaskIndex, runs, keyGroups, ...(records === undefined ? {} : { records }) }
}

function link(...tasks: readonly TaskRecord[]) {
  return checkpoint(2, { plan: jobPlan, tasks })
}

test('each task that reads of the run loses what it reads', () => {
  const made = link(
    task(0, 0, [run('a', 0, 63), run('b', 0, 63)]),
    task(0, 1, [run('a', 64, 99), run('c', 64, 127)]),
    task(1, 0, [run('c', 0, 63)]),
  )
  const operators = ['counts', 'timers']
  assert.deepEqual(lossesOf(made, 'a'), [
    { task: 'map+counts+timers[0]', operators, keyGroups: [{ start: 0, end: 63 }], records: false },
    {
      task: 'map+counts+timers[1]',
      operators,
      keyGroups: [{ start: 64, end: 99 }],
      records: false,
    },
  ])
  assert.deepEqual(
    lossesOf(made, 'c').map((loss) => [loss.task, loss.operators]),
    [
      ['map+counts+timers[1]', operators],
      ['totals[0]', ['totals']],
    ],
  )
  assert.deepEqual(lossesOf(made, 'd'), [])
})

test('of a run that is damaged in parts, what both the task and the part cover', () => {
  const made = link(task(0, 0, [run('a', 10, 50)]), task(0, 1, [run('a', 51, 90)]))
  const id = made.operators.find(({ uid }) => uid === 'timers')?.id ?? 0
  const part = (start: number, end: number, operators?: readonly number[]) => ({
    keyGroups: { start, end },
    operators,
  })
  const losses = lossesOf(made, 'a', [
    part(30, 40, [id]),
    part(0, 10, [id]),
    part(41, 45, [id]),
    part(44, 44, [id]),
    part(50, 51),
    part(200, 300),
  ])
  assert.deepEqual(
    losses.map(({ keyGroups }) => keyGroups),
    [
      [
        { start: 10, end: 10 },
        { start: 30, end: 45 },
        { start: 50, end: 50 },
      ],
      [{ start: 51, end: 51 }],
    ],
  )
  assert.deepEqual(losses[0]?.operators, ['timers', 'counts'])
  assert.deepEqual(lossesOf(made, 'a', [part(30, 40, [id])])[0]?.operators, ['timers'])
})

test('operators are named as the run says, where it does', () => {
  const of = (uid: string) => link().operators.find((operator) => operator.uid === uid)?.id ?? 0
  const narrow = { ...run('a'), operators: [of('counts')] }
  assert.deepEqual(lossesOf(link(task(0, 0, [narrow])), 'a')[0]?.operators, ['counts'])
})

test('records are lost with the run that holds them, beside keyed state or alone', () => {
  const both = lossesOf(link(task(0, 0, [run('a', 0, 63)], run('a'))), 'a')
  assert.deepEqual([both[0]?.records, both[0]?.keyGroups.length], [true, 1])
  const made = link(task(0, 0, [run('a', 0, 63)], run('r')))
  assert.deepEqual(lossesOf(made, 'r'), [
    { task: 'map+counts+timers[0]', operators: [], keyGroups: [], records: true },
  ])
  assert.deepEqual([...both, ...lossesOf(made, 'r')].map(describeLoss), [
    'key groups 0-63 of map+counts+timers[0] (counts, timers) and ' +
      'positions and output of map+counts+timers[0]',
    'positions and output of map+counts+timers[0]',
  ])
  const loss = { task: 't', operators: [], records: false }
  const keyGroups = [
    { start: 1, end: 1 },
    { start: 3, end: 4 },
  ]
  assert.equal(describeLoss({ ...loss, keyGroups }), 'key groups 1, 3-4 of t')
})

test('parts that touch are one, whichever of the parts they are', () => {
  const made = link(task(0, 0, [run('a', 0, 63)]))
  const part = (start: number, end: number) => ({ keyGroups: { start, end }, operators: undefined })
  const groups = (...parts: ReturnType<typeof part>[]) =>
    lossesOf(made, 'a', parts)[0]?.keyGroups.map(({ start, end }) => `${start}-${end}`)
  assert.deepEqual(groups(part(0, 9), part(10, 19)), ['0-19'])
  assert.deepEqual(groups(part(0, 9), part(11, 19), part(20, 29), part(31, 40)), [
    '0-9',
    '11-29',
    '31-40',
  ])
})
