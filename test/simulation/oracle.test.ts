// The oracle against results worked out by hand, and the comparison of outputs.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { outputDifference } from '../../simulation/checks/output.ts'
import { evaluate } from '../../simulation/oracle.ts'
import type {
  HelperKind,
  PairKind,
  Rec,
  Workload,
  WorkloadNode,
} from '../../simulation/workloads/workload.ts'

const rec = (k: number, v: number, at = 0): Rec => ({ k, v, at, pad: '' })

const records = [rec(1, 10, 1_000), rec(2, 20, 1_010), rec(1, 10, 1_060), rec(1, 30, 1_070)]

function resultOf(...nodes: readonly WorkloadNode[]): readonly Rec[] {
  const workload: Workload = {
    sources: [
      {
        uid: 'source',
        splits: [{ id: 'one', records }],
        outOfOrderMs: 0,
        bounded: true,
        batchMax: 1,
        gapMs: 1,
      },
    ],
    nodes: [
      { kind: 'source', source: 0 },
      ...nodes,
      { kind: 'sink', input: nodes.length, uid: 'sink', compare: 'multiset' },
    ],
    typed: false,
    lastingWriters: false,
  }
  return evaluate(workload).get('sink') ?? []
}

const keyed = { input: 0, uid: 'keyed', key: 'number' } as const
const process = { kind: 'process', ...keyed, sideModulo: 0, isOrdered: true } as const

describe('the oracle', () => {
  it('counts, sums, and keeps the last of a key until the end', () => {
    assert.deepEqual(resultOf({ kind: 'count', ...keyed }), [
      rec(1, 1),
      rec(2, 1),
      rec(1, 2),
      rec(1, 3),
    ])
    assert.deepEqual(resultOf({ kind: 'total', ...keyed }), [rec(1, 50), rec(2, 20)])
    assert.deepEqual(resultOf({ kind: 'latest', ...keyed }), [records[3], records[1]])
  })

  it('sums windows, lets distinct values pass, and fires each timer once', () => {
    assert.deepEqual(resultOf({ ...process, what: 'windows' }), [
      rec(1, 10, 1_050),
      rec(2, 20, 1_050),
      rec(1, 40, 1_100),
    ])
    assert.deepEqual(resultOf({ ...process, what: 'distinct' }), [
      rec(1, 10),
      rec(2, 20),
      rec(1, 30),
    ])
    const timers = resultOf({ ...process, what: 'timers' })
    assert.deepEqual(
      timers.map(({ k, at }) => [k, at]),
      [
        [1, 1_030],
        [2, 1_040],
        [1, 1_090],
        [1, 1_100],
        [1, 1_000_000_010],
        [1, 1_000_000_030],
      ],
    )
  })

  it('knows the helpers of the library', () => {
    const results = (what: HelperKind, n: number) =>
      resultOf({ kind: 'helper', ...keyed, what, n }).map(({ k, v }) => [k, v])
    // Key 1 has 10, 10 and 30; key 2 has 20.
    const digest = 30 * 31 + 10
    assert.deepEqual(results('top', 2), [
      [1, 10],
      [2, 20],
      [1, 10 * 31 + 10],
      [1, digest],
    ])
    assert.deepEqual(results('ranks', 2), [
      [1, 101],
      [2, 201],
      [1, 101],
      [1, 102],
    ])
    assert.deepEqual(results('once', 2), [
      [1, 10],
      [2, 20],
    ])
    assert.deepEqual(results('counted', 2), [[1, 2_002]])
    assert.deepEqual(results('sliding', 1), [
      [1, 1_001],
      [2, 2_001],
      [1, 2_002],
      [1, 5_003],
    ])
    assert.deepEqual(results('sessions', 1), [
      [1, 1_001],
      [1, 1_001],
      [1, 3_001],
      [2, 2_001],
    ])
  })

  it('puts two streams side by side, by window or by version', () => {
    const pair = (what: PairKind, sizeMs: number) =>
      resultOf({ kind: 'pair', inputs: [0, 0], uid: 'pair', key: 'number', what, sizeMs })
    assert.equal(pair('window', 50).length, 1 + 1 + 4)
    assert.deepEqual(pair('group', 2_000), [rec(1, 50 * 7 + 50 + 3), rec(2, 20 * 7 + 20 + 1)])
    assert.deepEqual(
      pair('version', 1).map(({ at }) => at),
      [1_000, 1_010, 1_060, 1_070],
    )
  })

  it('feeds a union once from each of its inputs', () => {
    const mapped: WorkloadNode = { kind: 'map', input: 0, factor: 2 }
    const both = resultOf(mapped, { kind: 'union', inputs: [0, 1] })
    assert.deepEqual(
      both.map(({ v }) => v),
      [20, 10, 40, 20, 20, 10, 60, 30],
    )
  })
})

describe('the comparison of outputs', () => {
  const expected = [rec(1, 1), rec(2, 5), rec(1, 2)]

  it('is strict about the order within a key only where that is certain', () => {
    const swapped = [rec(1, 2), rec(1, 1), rec(2, 5)]
    const other = [rec(2, 5), rec(1, 1), rec(1, 2)]
    assert.equal(outputDifference('order per key', expected, other), undefined)
    assert.match(outputDifference('order per key', expected, swapped) ?? '', /key 1/)
    assert.equal(outputDifference('multiset', expected, swapped), undefined)
  })

  it('finds what is lost, doubled or changed', () => {
    for (const compare of ['order per key', 'multiset', 'sums'] as const) {
      assert.notEqual(outputDifference(compare, expected, expected.slice(1)), undefined)
      assert.notEqual(outputDifference(compare, expected, [...expected, rec(2, 5)]), undefined)
      assert.notEqual(
        outputDifference(compare, expected, [...expected.slice(1), rec(1, 9)]),
        undefined,
      )
    }
    const many = Array.from({ length: 30 }, (_, at) => rec(1, at))
    assert.equal(outputDifference('most', many, many.slice(5)), undefined)
    assert.notEqual(outputDifference('most', many, many.slice(15)), undefined)
    assert.notEqual(outputDifference('most', many, [...many.slice(5), rec(1, 29)]), undefined)
    assert.equal(outputDifference('sums', [rec(1, 3)], [rec(1, 1), rec(1, 2)]), undefined)
  })
})
