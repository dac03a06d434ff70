// The order in which a simulated sink shows what its subtasks wrote.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inOrder, type Part } from '../../simulation/parts.ts'

const part = (
  checkpointId: number,
  at: number,
  places: readonly number[],
  lineage = 'a',
): Part => ({
  uid: 'sink',
  lineage,
  epoch: 1,
  checkpointId,
  values: places.map((_, index) => ({ k: 1, v: 0, at: at + index, pad: '' })),
  places,
})

const orderOf = (parts: readonly Part[], confirmed: readonly number[]): readonly number[] =>
  inOrder(parts, 'sink', {
    lineages: ['a', 'b'],
    confirming: (_, checkpointId) => confirmed.find((id) => id >= checkpointId) ?? checkpointId,
  }).map(({ at }) => at)

describe('output of a simulated sink', () => {
  it('is in the order of lines and checkpoints, whoever wrote first', () => {
    const parts = [part(2, 20, [0, 1]), part(1, 10, [2, 3]), part(1, 30, [1], 'b')]
    assert.deepEqual(orderOf(parts, [1, 2]), [10, 11, 20, 21, 30])
  })

  it('is as it was written if it became visible with one checkpoint', () => {
    const parts = [part(2, 20, [1, 3]), part(3, 10, [0, 2])]
    assert.deepEqual(orderOf(parts, [3]), [10, 20, 11, 21], 'the second was given up')
    assert.deepEqual(orderOf(parts, [2, 3]), [20, 21, 10, 11])
  })
})
