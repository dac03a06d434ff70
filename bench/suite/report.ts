/**
 * What comparisons came to, as tables for people: a line for each contender; of a cell with
 * measures, for each of these with each contender.
 */
import { median, quantile } from '../lib.ts'
import type { CellResult, Measure, Runs } from './contract.ts'
import { durationRatiosTo, measuresOf, ratesOf, ratiosTo } from './ratios.ts'

interface Columns {
  readonly heads: readonly string[]
  /** Two figures of each round: what is compared, and what stands beside it. */
  readonly figures: (runs: Runs) => readonly [readonly number[], readonly number[]]
}

const RATES: Columns = {
  heads: ['', 'M records/s', 'quartiles', 'CPU µs/record', 'first is'],
  figures: (runs) => [
    ratesOf(runs).map((rate) => rate / 1000),
    runs.rounds.map(({ cpuMs = Number.NaN }) => (cpuMs * 1000) / runs.records),
  ],
}

const STARTS: Columns = {
  heads: ['', 'ms', 'quartiles', 'memory, MB', 'first is'],
  figures: ({ rounds }) => [
    rounds.map(({ ms }) => ms),
    rounds.map(({ memoryMb = Number.NaN }) => memoryMb),
  ],
}

/** A table of one cell, in Markdown. */
export function tableOf(result: CellResult): readonly string[] {
  const { cell, runs } = result
  const [first] = runs
  const rows = cell.measures === undefined ? rateRows(result) : measureRows(runs, cell.measures)
  const problems = runs.flatMap(({ contender, problem }) =>
    problem === undefined ? [] : [`${contender.name}: ${problem}`],
  )
  const isSized = cell.work !== 'start' && cell.work !== 'latency'
  const size = !isSized ? '' : `, ${inMillions(first?.records ?? 0)} records`
  const title = `### ${cell.name}: ${cell.title}${size}`
  return [title, '', ...aligned(rows), ...problems.flatMap((line) => ['', line]), '']
}

type Rows = readonly (readonly string[])[]

function rateRows({ cell, runs }: CellResult): Rows {
  const [first] = runs
  const { heads, figures } = cell.work === 'start' ? STARTS : RATES
  const rows = runs.map((each): readonly string[] => {
    const { contender } = each
    if (hasFailed(each)) return [contender.name, 'failed']
    const [main, beside] = figures(each)
    return [
      contender.name + (contender.oneIn === undefined ? '' : ` (on 1/${contender.oneIn})`),
      shown(median(main)),
      quartiles(main),
      shown(median(beside)),
      first === undefined ? '' : multiple(first, each, () => ratiosTo(first, each)),
    ]
  })
  return [heads, ...rows]
}

function measureRows(runs: readonly Runs[], measures: readonly Measure[]): Rows {
  const [first] = runs
  const rows = measures.flatMap(({ name, title, unit }) =>
    runs.map((each): readonly string[] => {
      const { contender } = each
      if (hasFailed(each)) return [title, contender.name, 'failed']
      const values = measuresOf(each, name)
      const ratios =
        first === undefined || unit !== undefined
          ? ''
          : multiple(first, each, () => durationRatiosTo(first, each, name))
      const value = `${shown(median(values))} ${unit ?? 'ms'}`
      return [title, contender.name, value, quartiles(values), ratios]
    }),
  )
  return [['', 'contender', 'median', 'quartiles', 'first is'], ...rows]
}

const hasFailed = ({ problem, rounds }: Runs): boolean =>
  problem !== undefined || rounds.length === 0

/** Empty where there is nothing to compare with. */
function multiple(first: Runs, each: Runs, ratios: () => readonly number[]): string {
  return each === first || first.problem !== undefined ? '' : `${shown(median(ratios()))}×`
}

const quartiles = (values: readonly number[]): string =>
  `${shown(quantile(values, 0.25))} … ${shown(quantile(values, 0.75))}`

function aligned(rows: Rows): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const lines = rows.map((row) => {
    const cells = widths.map((width, column) => {
      const cell = row[column] ?? ''
      return column === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    return `| ${cells.join(' | ')} |`
  })
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [lines[0] ?? '', `| ${rule.join(' | ')} |`, ...lines.slice(1)]
}

const shown = (value: number): string =>
  Number.isNaN(value) ? '' : value >= 100 ? value.toFixed(0) : value.toPrecision(3)

const inMillions = (count: number): string =>
  count >= 1e6 ? `${Number((count / 1e6).toFixed(1))} M` : `${Number((count / 1e3).toFixed(1))} k`
