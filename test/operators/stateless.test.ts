import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FilterOperator, FlatMapOperator, MapOperator } from '../../src/operators/stateless.ts'
import { testHost } from './doubles.ts'

describe('map, flatMap and filter', () => {
  it('emit results with the timestamp of their record', () => {
    const { context, output } = testHost()
    const map = new MapOperator(context, 'map', (value) => Number(value) * 2)
    map.processElement(1, 10)
    map.processElement(2, 20)
    assert.deepEqual(
      [output.values, output.timestamps],
      [
        [2, 4],
        [10, 20],
      ],
    )
  })

  it('pass watermarks and the end of input on, once', () => {
    const { context, output } = testHost()
    const filter = new FilterOperator(context, 'filter', () => true)
    filter.processWatermark(5)
    filter.endInput()
    assert.deepEqual([output.watermarks, output.ended], [[5], 1])
  })

  it('keep the records for which filter is true', () => {
    const { context, output } = testHost()
    const filter = new FilterOperator(context, 'filter', (value) => Number(value) % 2 === 1)
    for (const value of [1, 2, 3, 4]) filter.processElement(value, 0)
    assert.deepEqual(output.values, [1, 3])
  })

  it('emit what a generator has yielded before it goes on', () => {
    const { context, output } = testHost()
    const seen: number[] = []
    const flatMap = new FlatMapOperator(context, 'flatMap', function* () {
      yield 'first'
      seen.push(output.values.length)
      yield 'second'
    })
    flatMap.processElement('record', 3)
    assert.deepEqual([seen, output.values], [[1], ['first', 'second']])
  })

  it('take any iterable from flatMap, also an empty one', () => {
    const { context, output } = testHost()
    const results: Iterable<unknown>[] = [[], new Set([1, 2]), 'ab', ['x'].values()]
    const flatMap = new FlatMapOperator(context, 'flatMap', (value) => value as Iterable<unknown>)
    for (const result of results) flatMap.processElement(result, 0)
    assert.deepEqual(output.values, [1, 2, 'a', 'b', 'x'])
  })

  it('stop at a promise, naming the operator and asyncMap, and leave no rejection behind', () => {
    const { context } = testHost()
    const map = new MapOperator(context, 'map (job.ts:3)', () => Promise.reject(new Error('late')))
    assert.throws(() => map.processElement(1, 0), {
      code: 'JOB_ASYNC_FUNCTION',
      message: 'the function of map (job.ts:3) is asynchronous',
      cure: /asyncMap/,
    })
    const flatMap = new FlatMapOperator(context, 'flatMap', () => {
      return (async function* () {})() as unknown as Iterable<unknown> // what JavaScript allows
    })
    assert.throws(() => flatMap.processElement(1, 0), { code: 'JOB_ASYNC_FUNCTION' })
  })

  it('let an error of the function through as it is', () => {
    const { context } = testHost()
    const error = new RangeError('too far')
    const map = new MapOperator(context, 'map', () => {
      throw error
    })
    assert.throws(() => map.processElement(1, 0), error)
  })
})
