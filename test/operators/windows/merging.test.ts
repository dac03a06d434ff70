import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { freeSlot, mergeWindow, withSession } from '../../../src/operators/windows/merging.ts'

const sessions = [
  { start: 0, end: 10, slot: 4 },
  { start: 20, end: 30, slot: 0 },
  { start: 50, end: 60, slot: 2 },
]
const slots = (found: readonly { slot: number }[]) => found.map(({ slot }) => slot)

describe('merging a window with sessions', () => {
  const cases = [
    ['between two, touching none', [11, 19], [11, 19], [], [4, 0, 2]],
    ['overlapping one', [5, 15], [0, 15], [4], [0, 2]],
    ['within one', [22, 25], [20, 30], [0], [4, 2]],
    ['around one', [15, 35], [15, 35], [0], [4, 2]],
    ['that ends where one begins', [12, 20], [12, 20], [], [4, 0, 2]],
    ['that begins where one ends', [10, 19], [10, 19], [], [4, 0, 2]],
    ['that joins two', [9, 21], [0, 30], [4, 0], [2]],
    ['around all', [-5, 70], [-5, 70], [4, 0, 2], []],
  ] as const
  for (const [what, [start, end], bounds, absorbed, others] of cases) {
    it(`knows one ${what}`, () => {
      const merge = mergeWindow(sessions, { start, end })
      assert.deepEqual([merge.start, merge.end], bounds)
      assert.deepEqual([slots(merge.absorbed), slots(merge.others)], [absorbed, others])
    })
  }

  it('gives a free slot, and keeps sessions by time', () => {
    assert.equal(freeSlot([]), 0)
    assert.equal(freeSlot(sessions), 5)
    assert.deepEqual(slots(withSession(sessions, { start: 40, end: 45, slot: 9 })), [4, 0, 9, 2])
    assert.deepEqual(slots(withSession(sessions, { start: 99, end: 100, slot: 9 })), [4, 0, 2, 9])
  })
})
