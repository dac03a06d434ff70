// The histogram of latencies, beside sorted numbers.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Histogram } from '../../bench/suite/histogram.ts'
import { SeededRandom } from '../../src/util/random.ts'

describe('a histogram', () => {
  it('knows small numbers exactly', () => {
    const histogram = new Histogram()
    for (let number = 1; number <= 100; number++) histogram.add(number)
    assert.equal(histogram.count, 100)
    for (const share of [0.01, 0.5, 0.99, 1]) {
      assert.equal(histogram.quantile(share), Math.round(100 * share))
    }
  })

  it('gives quantiles that are never below the number and at most two in a hundred above', () => {
    const random = new SeededRandom(7)
    const numbers = Array.from({ length: 20_000 }, () => Math.floor(2 ** (31 * random.next())))
    const histogram = new Histogram()
    for (const number of numbers) histogram.add(number)
    const sorted = numbers.toSorted((a, b) => a - b)
    for (const share of [0.001, 0.1, 0.5, 0.9, 0.99, 0.9999, 1]) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
      const found = histogram.quantile(share)
      assert.ok(found >= exact && found <= exact * 1.02, `${share}: ${found}, not ${exact}`)
    }
  })

  it('takes what is out of its range for the nearest number in it', () => {
    const histogram = new Histogram()
    for (const number of [-5, 2 ** 40]) histogram.add(number)
    assert.equal(histogram.quantile(0.5), 0)
    assert.equal(histogram.quantile(1), 2 ** 31 - 1)
  })

  it('has no quantile without numbers', () => {
    assert.equal(new Histogram().quantile(0.5), Number.NaN)
  })
})
