// Rows of state in HBase have the order of their keys, and give them back.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { it } from 'node:test'
import { allMarks, markOf, scopeOf, StateRows } from '../../../src/state/hbase/rows.ts'
import { SeededRandom } from '../../../src/util/random.ts'

const SEED = 20_261_122
const rows = new StateRows('jobs/orders/0123456789abcdef')

function someKeys(): Buffer[] {
  const random = new SeededRandom(SEED)
  const few = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff]
  const byte = (): number => (random.int(2) === 0 ? random.int(256) : (few[random.int(7)] ?? 0))
  return Array.from({ length: 600 }, () => {
    return Buffer.from(Array.from({ length: 1 + random.int(6) }, byte))
  })
}

it(`a key comes back from its row, which a URL takes as it is (seed ${SEED})`, () => {
  for (const key of someKeys()) {
    const row = rows.ofKey(key)
    assert.deepEqual(rows.keyOf(row), key)
    assert.match(row, /^s!jobs\$orders\$0123456789abcdef![\w-]+$/)
  }
})

it(`rows have the order of their keys (seed ${SEED})`, () => {
  const keys = someKeys().toSorted((a, b) => a.compare(b))
  const sorted = keys.map((key) => rows.ofKey(key))
  assert.deepEqual(sorted.toSorted(), sorted)
})

it(`a range downwards holds what it holds upwards (seed ${SEED})`, () => {
  const keys = someKeys()
  for (const [at, lower] of keys.entries()) {
    const upper = keys[(at + 1) % keys.length] ?? lower
    const [first, beyond] = rows.range(lower, upper, true)
    for (const key of keys) {
      const row = rows.ofKey(key)
      const isIn = key.compare(lower) >= 0 && key.compare(upper) < 0
      assert.equal(row <= first && row > beyond, isIn, `${key.toString('hex')} of ${at}`)
    }
  }
})

it('no scope has rows of another one, and each is found by its mark', () => {
  const [start, end] = new StateRows('jobs').all()
  const own = new StateRows('jobs').ofKey(Buffer.from([255]))
  assert.ok(own >= start && own < end)
  for (const scope of ['job', 'jobs/a', 'jobsa', 'jobs-']) {
    const row = new StateRows(scope).ofKey(Buffer.from([1]))
    assert.ok(row < start || row >= end, scope)
    assert.equal(scopeOf(markOf(scope)), scope)
    const [first, last] = allMarks()
    assert.ok(markOf(scope) >= first && markOf(scope) < last)
  }
})
