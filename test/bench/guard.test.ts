// The guard of the bench: ratios of one run are held against stored ones.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CellResult, Contender, Runs } from '../../bench/suite/contract.ts'
import { ratiosOf, regressions, renewed } from '../../bench/suite/guard.ts'
import { nexmarkMeans } from '../../bench/suite/mean.ts'
import { tableOf } from '../../bench/suite/report.ts'

const output = { count: 1, checksum: '00' }
const RECORDS = 6_000_000

function runs(name: string, ms: readonly number[], more: Partial<Contender> = {}): Runs {
  const contender: Contender = { name, engine: 'by-hand', backend: 'memory', parallelism: 1 }
  const rounds = ms.map((each) => ({ ms: each, cpuMs: 2 * each, output }))
  return { contender: { ...contender, ...more }, records: RECORDS, rounds }
}

function result(...all: readonly Runs[]): CellResult {
  const contenders = all.map(({ contender }) => contender)
  const cell = { name: 'w0/a', title: 'a work', work: 'words', records: RECORDS, keys: 0 } as const
  return { cell: { ...cell, contenders }, runs: all }
}

const ours = runs('Millrace', [1_000, 2_000, 3_000])

/** A cell of which measures count, with one round. */
function measured(pauseMs: number, theirPauseMs: number): CellResult {
  const of = (name: string, pause: number): Runs => {
    const [round] = runs(name, [1_000]).rounds
    assert.ok(round !== undefined)
    const rounds = [{ ...round, measures: { pause, load: 10 * pause } }]
    return { ...runs(name, []), rounds }
  }
  const { cell, runs: all } = result(of('Millrace', pauseMs), of('other', theirPauseMs))
  const measures = [
    { name: 'pause', title: 'longest pause' },
    { name: 'load', title: 'load', unit: 'k/s' },
  ]
  return { cell: { ...cell, measures }, runs: all }
}

describe('the guard', () => {
  it('takes ratios within each round, so that a busy machine meets both', () => {
    const theirs = runs('other', [3_000, 6_000, 12_000])
    assert.deepEqual(ratiosOf([result(ours, theirs)]), {
      'w0/a': { records: RECORDS, ratios: { other: 3 } },
    })
  })

  it('finds what is slower by more than is tolerated, and nothing else', () => {
    const stored = { 'w0/a': { records: RECORDS, ratios: { other: 3, gone: 9 } } }
    const of = (ms: number) => [result(ours, runs('other', [ms, 2 * ms, 3 * ms]))]
    assert.deepEqual(regressions(of(2_600), stored), [])
    assert.deepEqual(regressions(of(9_000), stored), [])
    assert.deepEqual(regressions(of(2_500), stored), ['w0/a: 2.50× of other, was 3.00×'])
  })

  it('compares no runs of other sizes, nor those that failed', () => {
    const slow = runs('other', [100, 200, 300])
    const other = { 'w0/a': { records: 7, ratios: { other: 3 } } }
    assert.deepEqual(regressions([result(ours, slow)], other), [])
    const same = { 'w0/a': { records: RECORDS, ratios: { other: 3 } } }
    assert.deepEqual(regressions([result(ours, { ...slow, problem: 'void' })], same), [])
    assert.deepEqual(regressions([result({ ...ours, problem: 'void' }, slow)], same), [])
  })

  it('takes ratios of durations the other way round, and none of what only describes a run', () => {
    assert.deepEqual(ratiosOf([measured(2, 30)]), {
      'w0/a': { records: RECORDS, ratios: { 'other: pause': 15 } },
    })
  })

  it('tolerates more of durations than of rates', () => {
    const stored = ratiosOf([measured(2, 30)])
    assert.deepEqual(regressions([measured(3, 30)], stored), [])
    assert.deepEqual(regressions([measured(5, 30)], stored), [
      'w0/a: 6.00× of other: pause, was 15.0×',
    ])
  })

  it('renews the ratios of the cells that ran, and keeps the others', () => {
    const stored = { 'w9/z': { records: 1, ratios: { other: 2 } } }
    const theirs = runs('other', [3_333, 6_666, 9_999])
    assert.deepEqual(Object.entries(renewed(stored, [result(ours, theirs)])), [
      ['w0/a', { records: RECORDS, ratios: { other: 3.33 } }],
      ['w9/z', stored['w9/z']],
    ])
  })
})

describe('a table', () => {
  it('shows medians, quartiles, processor time and how much faster the first one is', () => {
    const theirs = runs('other', [3_000, 6_000, 9_000], { oneIn: 10 })
    assert.deepEqual(tableOf(result(ours, theirs)), [
      '### w0/a: a work, 6 M records',
      '',
      '|                 | M records/s |    quartiles | CPU µs/record | first is |',
      '| --------------- | ----------: | -----------: | ------------: | -------: |',
      '| Millrace        |        3.00 |  2.50 … 4.50 |         0.667 |          |',
      '| other (on 1/10) |        1.00 | 0.833 … 1.50 |          2.00 |    3.00× |',
      '',
    ])
  })

  it('shows each measure of each contender where measures count', () => {
    assert.deepEqual(tableOf(measured(2, 30)), [
      '### w0/a: a work, 6 M records',
      '',
      '|               | contender |   median |   quartiles | first is |',
      '| ------------- | --------: | -------: | ----------: | -------: |',
      '| longest pause |  Millrace |  2.00 ms | 2.00 … 2.00 |          |',
      '| longest pause |     other |  30.0 ms | 30.0 … 30.0 |    15.0× |',
      '| load          |  Millrace | 20.0 k/s | 20.0 … 20.0 |          |',
      '| load          |     other |  300 k/s |   300 … 300 |          |',
      '',
    ])
  })

  it('says what failed', () => {
    const lines = tableOf(result(ours, { ...runs('other', []), problem: 'void: too few' }))
    assert.match(lines.join('\n'), /\| other +\| +failed \|[^]*other: void: too few/)
  })
})

describe('the mean of the queries', () => {
  const query = (work: 'q0' | 'q1', factor: number): CellResult => {
    const { cell, runs: all } = result(ours, runs('other', [factor * 1_000]))
    return { cell: { ...cell, name: `w5/${work}`, work }, runs: all }
  }

  it('lets twice as fast and half as fast cancel each other', () => {
    const others = [result(ours, runs('other', [9_000]))]
    assert.deepEqual(nexmarkMeans([query('q0', 4), query('q1', 1), ...others]), [
      'geometric mean of 2 queries: 2.00× of other, the lowest 1.00× (w5/q1)',
    ])
    assert.deepEqual(nexmarkMeans([query('q0', 2), query('q1', 0.5)]), [
      'geometric mean of 2 queries: 1.00× of other, the lowest 0.500× (w5/q1)',
    ])
  })

  it('says nothing of one query alone', () => {
    assert.deepEqual(nexmarkMeans([query('q0', 4)]), [])
  })
})
