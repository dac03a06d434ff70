import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CheckpointLink, TaskRecord } from '../../src/checkpoint/manifest.ts'
import type { TaskRestore } from '../../src/checkpoint/messages.ts'
import { operatorIds, planRestore } from '../../src/checkpoint/restore-plan.ts'
import type { JobPlan } from '../../src/graph/plan.ts'
import { keyGroupRangeOf } from '../../src/state/key-groups.ts'
import { KEY_GROUPS, checkpoint, node, plan, run } from './links.ts'

const A = node(0, 'a')
const B = node(1, 'b')

/** The checkpoint after restoring: what each task restored, and one run of its own on top. */
function next(link: CheckpointLink, jobPlan: JobPlan, checkpointId: number): CheckpointLink {
  const { restores } = planRestore(link, { plan: jobPlan })
  const tasks = restores.map(({ vertex, subtaskIndex, from }): TaskRecord => {
    const keyGroups = keyGroupRangeOf(subtaskIndex, KEY_GROUPS, jobPlan.parallelism)
    const name = `runs/1-${checkpointId}-v${vertex}-s${subtaskIndex}.run`
    const own = run(name, keyGroups.start, keyGroups.end)
    return { vertex, subtaskIndex, keyGroups, runs: [...from.flatMap((task) => task.runs), own] }
  })
  return checkpoint(checkpointId, {
    plan: jobPlan,
    parallelism: jobPlan.parallelism,
    tasks,
    operators: operatorIds(link.operators, jobPlan),
  })
}

/** Runs in the order in which a task reads them for one key group and operator. */
function readBy(
  restores: readonly TaskRestore[],
  jobPlan: JobPlan,
  keyGroup: number,
  uid: string,
  operatorId: number,
): readonly string[] {
  const vertex = jobPlan.vertices.find((candidate) =>
    candidate.nodes.some((id) => jobPlan.nodes.some((n) => n.id === id && n.uid === uid)),
  )
  const subtaskIndex = Math.floor((keyGroup * jobPlan.parallelism) / KEY_GROUPS)
  const restore = restores.find(
    (entry) => entry.vertex === vertex?.id && entry.subtaskIndex === subtaskIndex,
  )
  return (restore?.from ?? [])
    .flatMap((task) => task.runs)
    .filter(({ keyGroups }) => keyGroup >= keyGroups.start && keyGroup <= keyGroups.end)
    .filter(({ operators }) => operators?.includes(operatorId) ?? true)
    .map(({ name }) => name)
}

test('at the same parallelism each task takes back what it had', () => {
  const jobPlan = plan(2, [[A], [B]])
  const link = checkpoint(2, { plan: jobPlan, parallelism: 2 })
  const { restores } = planRestore(link, { plan: jobPlan })
  assert.equal(restores.length, 4)
  for (const { vertex, subtaskIndex, from, formerParallelism } of restores) {
    const own = link.tasks.find((t) => t.vertex === vertex && t.subtaskIndex === subtaskIndex)
    assert.deepEqual(from, [own])
    assert.equal(formerParallelism, 2)
  }
})

test('a rescale clips runs to the key groups of the new subtasks and loses none', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (was, is) => {
      const link = checkpoint(2, { plan: plan(was, [[A]]), parallelism: was })
      const jobPlan = plan(is, [[A]])
      const { restores } = planRestore(link, { plan: jobPlan })
      for (let keyGroup = 0; keyGroup < KEY_GROUPS; keyGroup++) {
        const subtask = Math.floor((keyGroup * was) / KEY_GROUPS)
        const expected = [`runs/1-2-v0-s${subtask}.run`]
        assert.deepEqual(readBy(restores, jobPlan, keyGroup, 'a', 1), expected)
      }
    }),
  )
})

test('records go to every subtask, whatever its key groups', () => {
  const jobPlan = plan(1, [[A]])
  const base = checkpoint(2, { plan: jobPlan })
  const records = run('runs/1-2-v0-s0.run')
  const tasks = base.tasks.map((task) => ({ ...task, runs: [], records }))
  const { restores } = planRestore({ ...base, tasks }, { plan: plan(3, [[A]]) })
  assert.deepEqual(
    restores.map(({ from }) => from.map((task) => [task.subtaskIndex, task.records])),
    [[[0, records]], [[0, records]], [[0, records]]],
  )
})

test('vertices are matched by the uids in them, not by their number', () => {
  const link = checkpoint(2, { plan: plan(1, [[A], [B]]) })
  const jobPlan = plan(1, [[node(0, 'new')], [node(1, 'b')], [node(2, 'a')]])
  const { restores } = planRestore(link, { plan: jobPlan })
  assert.deepEqual(
    restores.map(({ from }) => from.map((task) => task.vertex)),
    [[], [1], [0]],
  )
})

test('entries of an operator that went elsewhere do not come back out of date', () => {
  const together = plan(1, [[A, B]])
  const apart = plan(2, [[A], [B]])
  const first = checkpoint(2, { plan: together })
  const second = next(first, apart, 3)
  const third = next(second, together, 4)
  const { restores } = planRestore(third, { plan: together })
  for (const keyGroup of [0, 63, 64, 127]) {
    const subtask = keyGroup < 64 ? 0 : 1
    // Oldest first, and the oldest run only once for each operator. A run holds entries only of
    // operators that were in its vertex.
    const own = (vertex: number, names: readonly string[]) =>
      names.filter((name) => !name.startsWith(`runs/1-3-v${1 - vertex}`))
    const expected = (vertex: number) => [
      'runs/1-2-v0-s0.run',
      `runs/1-3-v${vertex}-s${subtask}.run`,
      'runs/1-4-v0-s0.run',
    ]
    assert.deepEqual(own(0, readBy(restores, together, keyGroup, 'a', 1)), expected(0))
    assert.deepEqual(own(1, readBy(restores, together, keyGroup, 'b', 2)), expected(1))
  }
})

test('whatever is joined, split and rescaled, each operator reads its own past in order', () => {
  const uids = ['a', 'b', 'c']
  const shapes = [
    [['a', 'b', 'c']],
    [['a'], ['b'], ['c']],
    [['a', 'b'], ['c']],
    [['c', 'a'], ['b']],
  ]
  const planOf = (shape: number, parallelism: number) =>
    plan(
      parallelism,
      (shapes[shape] ?? []).map((group) => group.map((uid) => node(uids.indexOf(uid), uid))),
    )
  const step = fc.record({ shape: fc.nat(3), parallelism: fc.integer({ min: 1, max: 5 }) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), step, (steps, last) => {
      const plans = steps.map(({ shape, parallelism }) => planOf(shape, parallelism))
      let link = checkpoint(1, { plan: plans[0] ?? assert.fail(), previousHash: '' })
      plans.slice(1).forEach((jobPlan, index) => (link = next(link, jobPlan, index + 2)))
      const jobPlan = planOf(last.shape, last.parallelism)
      const { restores } = planRestore(link, { plan: jobPlan })
      for (const uid of uids) {
        const id = link.operators.find((record) => record.uid === uid)?.id ?? 0
        for (const keyGroup of [0, 31, 64, 100, 127]) {
          const expected = plans.map((former, index) => {
            const vertex = former.vertices.find(({ name }) => name.split('+').includes(uid))
            const subtask = Math.floor((keyGroup * former.parallelism) / KEY_GROUPS)
            return `runs/1-${index + 1}-v${vertex?.id}-s${subtask}.run`
          })
          // A run that a vertex wrote holds entries only of the operators it had then.
          const prefixes = plans.map((former, index) => {
            const vertex = former.vertices.find(({ name }) => name.split('+').includes(uid))
            return `runs/1-${index + 1}-v${vertex?.id}-`
          })
          const read = readBy(restores, jobPlan, keyGroup, uid, id).filter((name) =>
            prefixes.some((prefix) => name.startsWith(prefix)),
          )
          assert.deepEqual(read, expected)
        }
      }
    }),
  )
})

test('all splits go back to the coordinator, those in progress first', () => {
  const source = node(0, 'in', { kind: 'source', states: [] })
  const jobPlan = plan(2, [[source]])
  const base = checkpoint(2, { plan: jobPlan, parallelism: 2 })
  const split = (id: string, position?: string) =>
    position === undefined ? { id } : { id, position }
  const tasks = base.tasks.map((task, index) => ({
    ...task,
    source: { uid: 'in', pending: [split(`p${index}`, 'AA==')], finished: [`f${index}`] },
  }))
  const sources = [{ uid: 'in', pending: [split('new')], finished: ['f0', 'old'] }]
  const restored = planRestore({ ...base, tasks, sources }, { plan: jobPlan }).sources
  assert.deepEqual(restored, [
    {
      uid: 'in',
      pending: [split('p0', 'AA=='), split('p1', 'AA=='), split('new')],
      finished: ['f0', 'f1', 'old'],
    },
  ])
  const twice = [{ uid: 'in', pending: [split('p0')], finished: [] }]
  assert.throws(() => planRestore({ ...base, tasks, sources: twice }, { plan: jobPlan }), {
    code: 'CHECKPOINT_DAMAGED',
    details: { uid: 'in' },
  })
})

test('another number of key groups is refused with the way out', () => {
  const link = checkpoint(2)
  assert.throws(() => planRestore(link, { plan: plan(1, [[A]], 256) }), {
    code: 'CHECKPOINT_INCOMPATIBLE',
    cure: /^set maxParallelism to 128, .* --fresh$/,
    details: { checkpointId: 2 },
  })
})

test('a manifest without all its tasks is damaged', () => {
  const link = checkpoint(2, { plan: plan(2, [[A]]), parallelism: 2 })
  const lacking = { ...link, tasks: link.tasks.slice(1) }
  assert.throws(() => planRestore(lacking, { plan: plan(1, [[A]]) }), {
    code: 'CHECKPOINT_DAMAGED',
    details: { checkpointId: link.checkpointId },
  })
})

test('restores are ordered by vertex and subtask, in whatever order the plan has them', () => {
  const ordered = plan(2, [[A], [B], [node(2, 'c')]])
  const [first, second, third] = ordered.vertices
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  const link = checkpoint(2, { plan: ordered, parallelism: 2 })
  const { restores } = planRestore(link, {
    plan: { ...ordered, vertices: [second, third, first] },
  })
  assert.deepEqual(
    restores.map(({ vertex, subtaskIndex }) => [vertex, subtaskIndex]),
    [0, 1, 2].flatMap((vertex) => [0, 1].map((subtaskIndex) => [vertex, subtaskIndex])),
  )
})

test('a restore without records in flight does not speak of any', () => {
  const jobPlan = plan(1, [[A]])
  const [restore] = planRestore(checkpoint(2, { plan: jobPlan }), { plan: jobPlan }).restores
  assert.ok(restore !== undefined && !('inFlight' in restore))
})
