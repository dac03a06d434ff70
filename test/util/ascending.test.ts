import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ascending } from '../../src/util/ascending.ts'
import { SeededRandom } from '../../src/util/random.ts'

test('numbers come in ascending order, however they lay, and as many as are asked for', () => {
  const random = new SeededRandom(5)
  for (const count of [0, 1, 2, 63, 64, 65, 66, 129, 1_000, 10_000]) {
    const sorted = Array.from({ length: count }, (_, at) => at * 3 - 500)
    const shuffled = sorted
      .map((value) => ({ value, place: random.int(1_000_000) }))
      .sort((a, b) => a.place - b.place)
      .map(({ value }) => value)
    const halves = [...sorted.filter((_, at) => at % 2 === 0), ...sorted.filter((_, at) => at % 2)]
    for (const given of [sorted, sorted.toReversed(), shuffled, halves]) {
      assert.deepEqual([...ascending(Float64Array.from(given))], sorted)
      const first = [...ascending(Float64Array.from(given)).take(3)]
      assert.deepEqual(first, sorted.slice(0, 3))
    }
  }
})

test('the first of many come without sorting all', () => {
  const values = Float64Array.from({ length: 100_000 }, (_, at) => (at * 7_919) % 100_003)
  const inOrder = values.toSorted()
  assert.deepEqual([...ascending(values).take(5)], [...inOrder.subarray(0, 5)])
  assert.notDeepEqual(values, inOrder)
})
