import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { planMerge } from '../../../src/state/runs/merge-plan.ts'

const runsOf = (sizes: readonly number[]) => sizes.map((lengthBytes) => ({ lengthBytes }))

test('few runs of unlike size are left alone', () => {
  assert.equal(planMerge([]), undefined)
  assert.equal(planMerge(runsOf([10])), undefined)
  assert.equal(planMerge(runsOf([1000, 10, 100])), undefined)
  assert.equal(planMerge(runsOf([1000, 10, 10, 10])), undefined)
})

test('four neighbours of like size are merged, and their like with them', () => {
  assert.deepEqual(planMerge(runsOf([1000, 10, 10, 10, 10])), { from: 1, to: 5 })
  assert.deepEqual(planMerge(runsOf([1000, 40, 10, 10, 10, 10])), { from: 1, to: 6 })
})

test('everything is merged when the newer runs outweigh the oldest', () => {
  assert.deepEqual(planMerge(runsOf([100, 50, 40, 11])), { from: 0, to: 4 })
  assert.equal(planMerge(runsOf([200, 30, 30, 40])), undefined, 'half of it does not')
  assert.deepEqual(planMerge(runsOf([200, 30, 30, 41])), { from: 0, to: 4 })
})

test('a plan is two or more adjacent runs, and nine runs always have one', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { maxLength: 30 }), (sizes) => {
      const plan = planMerge(runsOf(sizes))
      if (plan === undefined) return sizes.length < 9
      return plan.from >= 0 && plan.to <= sizes.length && plan.to - plan.from >= 2
    }),
  )
})

/** Checkpoints of a state of `live` bytes; a merge ends before the second checkpoint after it. */
function simulate(changed: number, live: number, checkpoints: number) {
  const runs = runsOf([live])
  let pending: typeof runs | undefined
  let runsMax = 0
  let written = 0
  for (let checkpoint = 0; checkpoint < checkpoints; checkpoint++) {
    runs.push({ lengthBytes: changed })
    written += changed
    if (pending !== undefined) {
      const sum = pending.reduce((bytes, run) => bytes + run.lengthBytes, 0)
      const merged = { lengthBytes: Math.min(live, sum) }
      written += merged.lengthBytes
      runs.splice(runs.indexOf(pending[0] ?? merged), pending.length, merged)
    }
    runsMax = Math.max(runsMax, runs.length)
    const plan = planMerge(runs)
    pending = plan === undefined ? undefined : runs.slice(plan.from, plan.to)
  }
  return { runsMax, amplification: written / (changed * checkpoints) }
}

const LIMITS = [
  [500_000, 3],
  [100_000, 4],
  [10_000, 6],
  [1000, 8],
  [100, 12],
] as const

test('runs stay few and bytes are rewritten seldom over thousands of checkpoints', () => {
  for (const [changed, limit] of LIMITS) {
    const { runsMax, amplification } = simulate(changed, 1_000_000, 20_000)
    assert.ok(runsMax <= 10, `${runsMax} runs at ${changed}`)
    assert.ok(amplification <= limit, `${amplification} at ${changed}`)
  }
})

test('nine runs of unlike size: the window that removes a run for the fewest bytes', () => {
  const unlike = [4 ** 9, 4 ** 8, 4 ** 7, 4 ** 6, 4 ** 5, 4 ** 4]
  assert.deepEqual(planMerge(runsOf([...unlike, 64, 16, 4])), { from: 7, to: 9 })
  // 8 + 4 bytes for one run less, or 12 + 8 + 4 for two: as much for each.
  assert.deepEqual(planMerge(runsOf([...unlike, 12, 8, 4])), { from: 6, to: 9 })
  assert.deepEqual(planMerge(runsOf([...unlike, 13, 8, 4])), { from: 7, to: 9 })
  assert.deepEqual(planMerge(runsOf([...unlike, 2, 40, 9])), { from: 6, to: 9 })
  assert.equal(planMerge(runsOf([...unlike, 13, 8])), undefined, 'eight are left alone')
})
