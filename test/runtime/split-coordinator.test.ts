import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SplitCoordinator } from '../../src/runtime/split-coordinator.ts'

const bounded = { uid: 'files', bounded: true, parallelism: 2 }
const unbounded = { uid: 'files', bounded: false, parallelism: 2 }
const splits = (...ids: readonly string[]) => ids.map((id) => ({ id }))

describe('the splits of a source', () => {
  test('that ends go to whoever asks, and then no more come', () => {
    const coordinator = new SplitCoordinator([bounded], [])
    assert.deepEqual(coordinator.wants('files', 1), [])
    const [first] = coordinator.discovered('files', splits('a', 'b'))
    assert.deepEqual(first, { uid: 'files', subtaskIndex: 1, splits: splits('a'), noMore: false })
    assert.deepEqual(coordinator.wants('files', 0)[0]?.splits, splits('b'))
    assert.equal(coordinator.wants('files', 0)[0]?.noMore, true)
  })

  test('that does not end are spread evenly, and none is given twice', () => {
    const coordinator = new SplitCoordinator([unbounded], [])
    const given = [
      ...coordinator.discovered('files', splits('a', 'b', 'c')),
      ...coordinator.discovered('files', splits('a', 'b', 'c', 'd')),
    ]
    const of = (subtask: number) =>
      given.filter((each) => each.subtaskIndex === subtask).flatMap((each) => each.splits)
    assert.deepEqual(of(0), splits('a', 'c'))
    assert.deepEqual(of(1), splits('b', 'd'))
  })

  test('are what a cut says they are: pending without those that were given out', () => {
    const coordinator = new SplitCoordinator([bounded], [])
    coordinator.discovered('files', splits('a', 'b'))
    coordinator.wants('files', 0)
    coordinator.finished('files', 'a')
    assert.deepEqual(coordinator.snapshot(), [
      { uid: 'files', pending: splits('b'), finished: ['a'] },
    ])
  })

  test('of a bounded source are fixed once a checkpoint knows them', () => {
    const former = [{ uid: 'files', pending: splits('a@0-100'), finished: ['b@0-50'] }]
    const coordinator = new SplitCoordinator([bounded], former)
    // Both files have grown, and a new one is there.
    coordinator.discovered('files', splits('a@0-120', 'b@0-60', 'c@0-10'))
    assert.deepEqual(coordinator.wants('files', 0)[0]?.splits, splits('a@0-100'))
    assert.equal(coordinator.wants('files', 1)[0]?.noMore, true)
  })
})
