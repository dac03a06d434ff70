// Key groups must be those of Apache Flink: the values in the fixture were computed by Flink 2.3.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { keyGroupOf, keyGroupRangeOf, subtaskOf } from '../../src/state/key-groups.ts'
import { murmurHash } from '../../src/util/hash.ts'
import { goldenRows } from './golden.ts'

const [, ...rows] = goldenRows('key-groups.tsv')

it('the fixture has values of every kind', () => {
  assert.ok(rows.length >= 60)
})

it('murmur, key group and subtask are those of Flink', () => {
  for (const [hash, murmur, group128, subtasks128, group32768, subtasks32768] of rows) {
    const routeHash = Number(hash)
    assert.equal(murmurHash(routeHash), Number(murmur), `murmur of ${hash}`)
    const cases = [
      [128, group128, subtasks128],
      [32_768, group32768, subtasks32768],
    ] as const
    for (const [maxParallelism, group, subtasks = ''] of cases) {
      const keyGroup = keyGroupOf(routeHash, maxParallelism)
      assert.equal(keyGroup, Number(group))
      subtasks.split(',').forEach((subtask, index) => {
        const parallelism = index + 1
        assert.equal(subtaskOf(keyGroup, maxParallelism, parallelism), Number(subtask))
        const range = keyGroupRangeOf(Number(subtask), maxParallelism, parallelism)
        assert.ok(range.start <= keyGroup && keyGroup <= range.end)
      })
    }
  }
})

it('the ranges of all subtasks cover every key group once', () => {
  for (const parallelism of [1, 2, 3, 5, 7, 64, 127, 128]) {
    let next = 0
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const { start, end } = keyGroupRangeOf(subtask, 128, parallelism)
      assert.equal(start, next)
      next = end + 1
    }
    assert.equal(next, 128)
  }
})
