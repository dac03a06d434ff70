import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CountOperator,
  FoldOperator,
  LatestOperator,
  SumOperator,
} from '../../src/operators/aggregate.ts'
import { NO_TIMESTAMP } from '../../src/operators/operator.ts'
import { synchronous } from '../../src/operators/synchronous.ts'
import { aggregatingState, reducingState, valueState } from '../../src/state/descriptors.ts'
import { t } from '../../src/types/t.ts'
import { testHost } from './doubles.ts'

const zero = valueState(t.float64, { initial: 0 })

describe('count and sum', () => {
  it('emit one update for each record, with its key and timestamp', () => {
    const host = testHost({ count: zero })
    const count = new CountOperator(host.context, 'count')
    host.process(count, 'a', 'x', 1)
    host.process(count, 'b', 'x', 2)
    host.process(count, 'a', 'x', 3)
    assert.deepEqual(host.output.values, [
      { key: 'a', value: 1 },
      { key: 'b', value: 1 },
      { key: 'a', value: 2 },
    ])
    assert.deepEqual(host.output.timestamps, [1, 2, 3])
  })

  it('add what the function gives', () => {
    const host = testHost({ sum: zero })
    const sum = new SumOperator(host.context, 'sum', (value) => Number(value) / 2)
    for (const value of [1, 2, 3]) host.process(sum, 'a', value)
    assert.deepEqual(host.output.values.at(-1), { key: 'a', value: 3 })
  })

  it('refuse what is no number, and promises by their own code', () => {
    const host = testHost({ sum: zero })
    const text = new SumOperator(host.context, 'sum "s"', () => '1')
    assert.throws(() => host.process(text, 'a', 1), {
      code: 'TYPE_MISMATCH',
      message: 'sum "s": its function returned string, not a number',
    })
    const late = new SumOperator(host.context, 'sum "s"', () => Promise.resolve(1))
    assert.throws(() => host.process(late, 'a', 1), { code: 'JOB_ASYNC_FUNCTION' })
    assert.equal(host.output.values.length, 0)
  })
})

describe('reduce and aggregate', () => {
  it('emit the running result of each key', () => {
    const longest = reducingState((a: string, b: string) => (b.length > a.length ? b : a))
    const host = testHost({ value: longest })
    const reduce = new FoldOperator(host.context, 'reduce', 'value')
    for (const word of ['ab', 'a', 'abc']) host.process(reduce, 'key', word)
    host.process(reduce, 'other', 'z')
    assert.deepEqual(host.output.values, ['ab', 'ab', 'abc', 'z'])
  })

  it('emit the result of the accumulator, not the accumulator', () => {
    const mean = aggregatingState({
      createAccumulator: () => ({ sum: 0, n: 0 }),
      add: (value: number, { sum, n }) => ({ sum: sum + value, n: n + 1 }),
      getResult: ({ sum, n }) => sum / n,
    })
    const host = testHost({ accumulator: mean })
    const aggregate = new FoldOperator(host.context, 'aggregate', 'accumulator')
    for (const value of [1, 2, 6]) host.process(aggregate, 'key', value)
    assert.deepEqual(host.output.values, [1, 1.5, 3])
  })

  it('stop at a fold that returns a promise', () => {
    const fold = synchronous((a: unknown, _b: unknown): unknown => Promise.resolve(a), 'reduce "r"')
    assert.throws(() => fold(1, 2), { code: 'JOB_ASYNC_FUNCTION', message: /reduce "r"/ })
    const declared = async (a: unknown) => a
    assert.throws(() => synchronous(declared, 'reduce "r"'), { code: 'JOB_ASYNC_FUNCTION' })
  })
})

describe('latest', () => {
  const latestOf = (host: ReturnType<typeof testHost>) =>
    new LatestOperator(
      host.context,
      'latest',
      (record) => record,
      (key, kept) => [key, kept],
    )

  it('emits nothing before the end, then one row for each key', () => {
    const host = testHost({ latest: valueState() })
    const latest = latestOf(host)
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ])
      host.process(latest, key, value, 5)
    latest.processWatermark(9)
    assert.deepEqual(host.output.values, [])
    latest.endInput()
    assert.deepEqual(host.output.values, [
      ['a', 3],
      ['b', 2],
    ])
    assert.deepEqual(host.output.timestamps, [NO_TIMESTAMP, NO_TIMESTAMP])
    assert.deepEqual([host.output.watermarks, host.output.ended], [[9], 1])
  })

  it('emits its rows before it passes the last watermark on: timers they set fire', () => {
    const host = testHost({ latest: valueState() })
    const latest = latestOf(host)
    host.process(latest, 'a', 1)
    let before: unknown
    host.output.watermark = () => (before = [...host.output.values])
    latest.processWatermark(Number.POSITIVE_INFINITY)
    assert.deepEqual(before, [['a', 1]])
    latest.endInput()
    assert.deepEqual(host.output.values, [['a', 1]])
  })

  it('keeps no row that it has emitted, so ending again emits nothing', () => {
    const host = testHost({ latest: valueState() })
    const latest = latestOf(host)
    host.process(latest, 'a', 1)
    latest.endInput()
    assert.equal(host.rows.size, 0)
    latestOf(host).endInput()
    assert.deepEqual(host.output.values, [['a', 1]])
  })
})
