/** Runs suites: starts what is compared with, prints a table after each cell, keeps all rounds. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from '../../scripts/build.ts'
import { installIn } from '../../scripts/lib/install.ts'
import { type BenchOptions, isChosen } from '../options.ts'
import { SUITES } from './cells.ts'
import { compare, isOfPackage } from './compare.ts'
import type { Cell, CellResult } from './contract.ts'
import { Flink, whyNoFlink } from './flink.ts'
import { regressions, renewed, ROUNDS_MIN, type StoredRatios } from './guard.ts'
import { nexmarkMeans } from './mean.ts'
import { tableOf } from './report.ts'

export interface SuiteResult {
  readonly cells: readonly CellResult[]
  /** What was passed over, and why. */
  readonly skipped: readonly string[]
  /** Sentences: what failed, was void or became slower. */
  readonly problems: readonly string[]
}

export interface Output {
  /** Takes a line of tables and remarks. */
  readonly say: (line: string) => void
  /** Called after each cell, with all until then. */
  readonly keep: (result: SuiteResult) => void
}

const RATIOS = join(import.meta.dirname, '..', 'ratios.json')

export async function runSuites(options: BenchOptions, output: Output): Promise<SuiteResult> {
  const cells = cellsOf(options)
  const engines = new Set(cells.flatMap(({ contenders }) => contenders.map((each) => each.engine)))
  const skipped: string[] = []
  if (engines.has('rxjs') || engines.has('d2ts')) await installIn('bench/peers', 'RxJS and d2ts')
  const whyNot = engines.has('flink') ? whyNoFlink() : undefined
  if (whyNot !== undefined) skipped.push(`Flink is skipped: ${whyNot}`)
  for (const line of skipped) output.say(`${line}\n`)
  if (cells.some(({ work }) => isOfPackage(work))) {
    progress('building the package')
    await build()
  }
  const isWithFlink = engines.has('flink') && whyNot === undefined
  if (isWithFlink) progress('building and starting Flink')
  const flink = isWithFlink ? await Flink.start() : undefined
  const results: CellResult[] = []
  try {
    for (const cell of cells) {
      const { rounds, records, checkpointSeconds } = options
      const all = { rounds, checkpointSeconds, flink, onRun: progress }
      const result = await compare(cell, records === undefined ? all : { ...all, records })
      results.push(result)
      progress('')
      for (const line of tableOf(result)) output.say(line)
      output.keep({ cells: results, skipped, problems: failuresOf(results) })
    }
  } finally {
    progress('')
    await flink?.close()
  }
  for (const line of nexmarkMeans(results)) output.say(`${line}\n`)
  const slower = options.rounds < ROUNDS_MIN ? [] : regressions(results, storedRatios())
  const problems = [...failuresOf(results), ...slower.map((line) => `slower: ${line}`)]
  for (const line of problems) output.say(line)
  if (options.isStored && failuresOf(results).length === 0) store(results)
  const whole = { cells: results, skipped, problems }
  output.keep(whole)
  return whole
}

/** The chosen cells with the chosen contenders; those where nobody is left to compare are none. */
function cellsOf({ suites, only, without }: BenchOptions): readonly Cell[] {
  return suites
    .flatMap((suite) => SUITES[suite] ?? [])
    .filter(({ name }) => isChosen(name, only))
    .map((cell) => {
      const contenders = cell.contenders.filter(({ engine }) => !without.includes(engine))
      return { ...cell, contenders }
    })
}

function failuresOf(results: readonly CellResult[]): readonly string[] {
  return results.flatMap(({ cell, runs }) =>
    runs.flatMap(({ contender, problem }) =>
      problem === undefined ? [] : [`${cell.name}, ${contender.name}: ${problem}`],
    ),
  )
}

function storedRatios(): StoredRatios {
  if (!existsSync(RATIOS)) return {}
  return JSON.parse(readFileSync(RATIOS, 'utf8')) as StoredRatios // as `store` writes it
}

function store(results: readonly CellResult[]): void {
  writeFileSync(RATIOS, `${JSON.stringify(renewed(storedRatios(), results), undefined, 2)}\n`)
}

/** Shows on a terminal what runs now; empty: nothing. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`)
}
