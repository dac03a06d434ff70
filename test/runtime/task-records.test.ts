// What a task takes of its predecessors when the parallelism changes: watermarks, committables,
// operator state.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { OperatorNode } from '../../src/graph/job-graph.ts'
import { MIN_WATERMARK, type Operator } from '../../src/operators/operator.ts'
import type { Stage } from '../../src/runtime/stage.ts'
import {
  encodeWatermark,
  recordsOf,
  restoredCommittables,
  restoredOperatorState,
  restoredWatermark,
  type FormerTasks,
} from '../../src/runtime/task-records.ts'
import type { OperatorStateEntry, RecordKind } from '../../src/state/snapshot.ts'

const entry = (operatorId: number, kind: RecordKind, name: string): OperatorStateEntry => {
  return { operatorId, kind, name, value: new Uint8Array(0) }
}
const former = (...tasks: readonly (readonly OperatorStateEntry[])[]): FormerTasks => ({
  records: tasks.map((entries, subtaskIndex) => ({ subtaskIndex, entries })),
  parallelism: tasks.length,
})
const names = (entries: readonly OperatorStateEntry[]) => entries.map(({ name }) => name)

describe('what a task restores', () => {
  it('is the least watermark of its operator, and none if there was none', () => {
    const tasks = former(
      [encodeWatermark(1, 50), encodeWatermark(2, 7)],
      [encodeWatermark(1, 40)],
      [encodeWatermark(1, Number.POSITIVE_INFINITY)],
    )
    assert.equal(restoredWatermark(tasks, 1), 40)
    // One subtask had none: what it holds may be as old as anything.
    assert.equal(restoredWatermark(former([encodeWatermark(2, 7)], []), 2), MIN_WATERMARK)
    assert.equal(restoredWatermark(tasks, 3), MIN_WATERMARK)
    assert.equal(restoredWatermark({ records: [], parallelism: 0 }, 1), MIN_WATERMARK)
  })

  it('is each committable in exactly one task, at any parallelism', () => {
    const tasks = former(
      [entry(1, 'committable', 'a'), entry(2, 'committable', 'other')],
      [entry(1, 'committable', 'b'), entry(1, 'committable', 'c')],
      [entry(1, 'committable', 'd')],
    )
    for (const parallelism of [1, 2, 3, 5]) {
      const all = Array.from({ length: parallelism }, (_, subtask) =>
        names(restoredCommittables(tasks, 1, subtask, parallelism)),
      )
      assert.deepEqual(all.flat().toSorted(), ['a', 'b', 'c', 'd'], `parallelism ${parallelism}`)
    }
  })

  it('is a share of lists, all of a union, and one copy of broadcast state', () => {
    const tasks = former(
      [entry(1, 'operator-list', 'l0'), entry(1, 'union-list', 'u0'), entry(1, 'broadcast', 'b')],
      [entry(1, 'operator-list', 'l1'), entry(1, 'union-list', 'u1'), entry(1, 'broadcast', 'b')],
      [entry(1, 'operator-list', 'l2'), entry(2, 'operator-list', 'other')],
    )
    const of = (subtaskIndex: number, parallelism: number) =>
      names(restoredOperatorState(tasks, 1, subtaskIndex, parallelism))
    assert.deepEqual(of(0, 2), ['l0', 'l2', 'u0', 'u1', 'b'])
    assert.deepEqual(of(1, 2), ['l1', 'u0', 'u1', 'b'])
    // At the same parallelism lists stay where they were.
    assert.deepEqual(of(1, 3), ['l1', 'u0', 'u1', 'b'])
  })
})

describe('what a task adds to a checkpoint', () => {
  it('is one copy of broadcast state in all, and a digest from each subtask', () => {
    const entries = (value: number) => [
      entry(1, 'operator-list', 'own'),
      { ...entry(1, 'broadcast', 'rules'), value: Uint8Array.of(value) },
    ]
    const added = [0, 1, 2].map((subtaskIndex) => {
      const state = entries(subtaskIndex === 2 ? 9 : 5)
      const operator = { snapshotState: () => state } as unknown as Operator // no more is asked
      const node = { uid: 'op', label: 'op' } as OperatorNode
      const stage = { currentWatermark: subtaskIndex === 0 ? 40 : MIN_WATERMARK } as Stage
      return recordsOf([{ node, operator, stage }], new Map([['op', 1]]), subtaskIndex)
    })
    assert.deepEqual(
      added.map(({ records }) => records.map(({ kind }) => kind)),
      [['operator-list', 'broadcast', 'watermark'], ['operator-list'], ['operator-list']],
    )
    const [first, second, third] = added.map(({ digests }) => digests)
    assert.deepEqual(
      first?.map(({ uid, name }) => [uid, name]),
      [['op', 'rules']],
    )
    assert.deepEqual(first, second)
    assert.notEqual(third?.[0]?.hash, first?.[0]?.hash)
  })
})
