/** What comparisons came to, as tables for people. */
import { median, quantile } from '../lib.ts'
import { type CellResult, ratesOf, type Runs } from './contract.ts'

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

/** The first contender's rate, as a multiple of another's, in each round in which both ran. */
export function ratiosTo(first: Runs, other: Runs): readonly number[] {
  const theirs = ratesOf(other)
  return ratesOf(first).flatMap((rate, round) => {
    const their = theirs[round]
    return their === undefined ? [] : [rate / their]
  })
}

/** A table of one cell, in Markdown. */
export function tableOf({ cell, runs }: CellResult): readonly string[] {
  const [first] = runs
  const { heads, figures } = cell.work === 'start' ? STARTS : RATES
  const rows = runs.map((each): readonly string[] => {
    const { contender, rounds, problem } = each
    if (problem !== undefined || rounds.length === 0) return [contender.name, 'failed']
    const [main, beside] = figures(each)
    const isFirst = each === first || first === undefined || first.problem !== undefined
    return [
      contender.name + (contender.oneIn === undefined ? '' : ` (on 1/${contender.oneIn})`),
      shown(median(main)),
      `${shown(quantile(main, 0.25))} … ${shown(quantile(main, 0.75))}`,
      shown(median(beside)),
      isFirst ? '' : `${shown(median(ratiosTo(first, each)))}×`,
    ]
  })
  const problems = runs.flatMap(({ contender, problem }) =>
    problem === undefined ? [] : [`${contender.name}: ${problem}`],
  )
  const size = cell.work === 'start' ? '' : `, ${inMillions(first?.records ?? 0)} records`
  const title = `### ${cell.name}: ${cell.title}${size}`
  return [title, '', ...aligned([heads, ...rows]), ...problems.flatMap((line) => ['', line]), '']
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
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
