// Records in flight find their nodes again in the present plan, or are refused: none is lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adaptCheckpoint } from '../../src/checkpoint/adapt.ts'
import { planInFlight, requireNothingInFlight } from '../../src/checkpoint/in-flight-plan.ts'
import type { CheckpointLink, TaskRecord } from '../../src/checkpoint/manifest.ts'
import { MillraceError } from '../../src/errors.ts'
import type { PlanNode } from '../../src/graph/plan.ts'
import { checkpoint, node, plan, run } from './links.ts'

const source = node(0, 'source', { kind: 'source', states: [] })
const count = node(1, 'count', { inputs: [0] })
const merge = anonymous(2, 'union', [0, 1])

/** A node whose author gave it no uid. */
function anonymous(id: number, operation: string, inputs: readonly number[]): PlanNode {
  const { uid: _, ...rest } = node(id, operation, { operation, inputs, states: [] })
  return rest
}

/** A task; the records in flight to these nodes lie in a run of their own. */
function task(subtaskIndex: number, inFlight?: readonly number[]): TaskRecord {
  const keyGroups = { start: subtaskIndex * 64, end: subtaskIndex * 64 + 63 }
  const plain = { vertex: 0, subtaskIndex, runs: [], keyGroups }
  if (inFlight === undefined) return plain
  return { ...plain, inFlight, records: run(`runs/records-${subtaskIndex}.run`) }
}

function link(tasks: readonly TaskRecord[], changes: Partial<CheckpointLink> = {}): CheckpointLink {
  return checkpoint(2, { plan: plan(2, [[source, count, merge]]), tasks, ...changes })
}

const refused = (label: string) => (error: unknown) => {
  assert.ok(error instanceof MillraceError && error.code === 'CHECKPOINT_INCOMPATIBLE')
  assert.ok(error.message.includes(`on their way to ${label},`), error.message)
  assert.deepEqual(error.details, { checkpointId: 2 })
  return true
}

test('an aligned checkpoint holds nothing in flight', () => {
  assert.equal(planInFlight(link([task(0), task(1, [])]), plan(2, [[count]])), undefined)
  requireNothingInFlight(link([task(0), task(1, [])]))
})

test('nodes are found by uid wherever they stand now, each once and in order', () => {
  const moved = { ...count, id: 7, inputs: [5] }
  const found = planInFlight(
    link([task(0, [2, 1]), task(1), task(2, [1])]),
    plan(2, [[{ ...source, id: 5 }, moved, merge]]),
  )
  assert.deepEqual(found, {
    records: [run('runs/records-0.run'), run('runs/records-2.run')],
    nodes: [
      { former: 1, now: 7 },
      { former: 2, now: 2 },
    ],
  })
})

test('a node may get another input, but not lose one that records are on their way to', () => {
  const tasks = [task(0, [1])]
  const wider = planInFlight(link(tasks), plan(2, [[source, { ...count, inputs: [0, 3] }]]))
  assert.deepEqual(wider?.nodes, [{ former: 1, now: 1 }])
  const fewer = plan(2, [[source, { ...count, inputs: [] }]])
  assert.throws(() => planInFlight(link(tasks), fewer), refused('count'))
})

test('a node that is gone is refused, unless it was given up by name', () => {
  const without = plan(2, [[source, merge]])
  const tasks = [task(0, [1, 2])]
  assert.throws(() => planInFlight(link(tasks), without), refused('count'))
  const changes = { drop: ['count'], renamed: {} }
  const given = adaptCheckpoint(link(tasks), without, changes).link
  assert.deepEqual(planInFlight(given, without)?.nodes, [{ former: 2, now: 2 }])
  assert.throws(() => planInFlight(given, plan(2, [[source]])), refused('union'))
})

test('records on their way to an operator that begins anew are not given up with its state', () => {
  const anew = plan(2, [[source, { ...count, keyType: { kind: 'float64' } }, merge]])
  const changes = { drop: ['count'], renamed: {} }
  const given = adaptCheckpoint(link([task(0, [1, 2])]), anew, changes).link
  assert.throws(() => planInFlight(given, anew), /on their way to count, which begins anew$/)
})

test('a node without a uid is found by its place, while the same stands there', () => {
  const tasks = [task(0, [2])]
  const planWith = (changed: PlanNode) => plan(2, [[source, count, changed]])
  assert.throws(() => planInFlight(link(tasks), plan(2, [[source]])), refused('union'))
  for (const other of [
    { ...merge, id: 3 },
    { ...merge, operation: 'map' },
    { ...merge, inputs: [0] },
    { ...merge, uid: 'merged' },
  ]) {
    assert.throws(() => planInFlight(link(tasks), planWith(other)), refused('union'))
  }
  assert.deepEqual(planInFlight(link(tasks), planWith(merge))?.nodes, [{ former: 2, now: 2 }])
})

test('records on their way to a node that the checkpoint does not know are refused', () => {
  const tasks = [task(0, [9])]
  assert.throws(() => planInFlight(link(tasks), link([]).plan), refused('node 9'))
})

test('what knows no channels refuses a checkpoint with records in flight', () => {
  assert.throws(
    () => requireNothingInFlight(link([task(0), task(1, [1])])),
    (error) => {
      assert.ok(error instanceof MillraceError && error.code === 'CHECKPOINT_INCOMPATIBLE')
      assert.match(error.message, /checkpoint 2 is unaligned/)
      assert.deepEqual(error.details, { checkpointId: 2 })
      return true
    },
  )
})
