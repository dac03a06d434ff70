// Wishes for the release of parked keys, as the master sees them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ToWorker } from '../../src/checkpoint/messages.ts'
import { buildJobGraph } from '../../src/graph/build.ts'
import { planOf } from '../../src/graph/plan-of.ts'
import type { TaskId } from '../../src/graph/regions.ts'
import { Releases } from '../../src/runtime/releases.ts'
import { type Flaw, parkingJob, remembering } from '../operators/failures/parked-jobs.ts'

const flaw: Flaw = { bad: new Set() }
const plan = planOf(
  buildJobGraph(parkingJob(remembering, flaw), { parallelism: 2, maxParallelism: 8, params: {} }),
)

function releases(down?: TaskId) {
  const sent: ToWorker[] = []
  const made = new Releases({
    plan,
    workers: 2,
    broadcast: (message) => sent.push(message),
    isDown: (isMeant) => down !== undefined && isMeant(down),
  })
  return { made, sent }
}

test('a wish goes to all workers, and is answered when all of them have answered', async () => {
  const { made, sent } = releases()
  const wish = made.release('remembered', undefined)
  const other = made.release('remembered', { value: 'x' })
  assert.deepEqual(sent, [
    { kind: 'release', id: 1, uid: 'remembered' },
    { kind: 'release', id: 2, uid: 'remembered', only: ['x'] },
  ])
  const parked = [{ operator: 'remembered', key: '"b"', waiting: 2, since: 5, message: 'no' }]
  made.answer(0, { kind: 'released', id: 1, outcome: { tried: 2, released: 1, parked } })
  made.answer(0, { kind: 'released', id: 2, outcome: { tried: 0, released: 0, parked: [] } })
  made.answer(1, { kind: 'released', id: 2, outcome: { tried: 1, released: 1, parked: [] } })
  assert.deepEqual(await other, { tried: 1, released: 1, parked: [] })
  made.answer(1, { kind: 'released', id: 1, outcome: { tried: 1, released: 1, parked: [] } })
  assert.deepEqual(await wish, { tried: 3, released: 2, parked })
})

test('a wish that a restart cuts off is told so, and its late answers are nothing', async () => {
  const { made } = releases()
  const wish = made.release('remembered', undefined)
  made.interrupt()
  made.answer(0, { kind: 'released', id: 1, outcome: { tried: 2, released: 1, parked: [] } })
  await assert.rejects(wish, { code: 'JOB_NOT_RUNNING', message: /ends, or starts anew/ })
})

test('an operator that is being restored is not asked', async () => {
  const vertex = plan.vertices.findIndex(({ name }) => name.includes('remembered'))
  const { made, sent } = releases({ vertex, subtaskIndex: 1 })
  await assert.rejects(made.release('remembered', undefined), { code: 'JOB_NOT_RUNNING' })
  assert.deepEqual(sent, [])
  const elsewhere = releases({ vertex: vertex === 0 ? 1 : 0, subtaskIndex: 1 })
  elsewhere.made.release('remembered', undefined).catch(() => undefined)
  assert.equal(elsewhere.sent.length, 1)
})
