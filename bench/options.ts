/** The command line of the bench. What is wrong in it ends the process with one line and 2. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { optionsOf, wrongUsage } from '../scripts/lib/command-line.ts'
import { SUITES } from './suite/cells.ts'

const programs = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map(({ name }) => name.slice(0, -'.ts'.length))
  .filter((name) => !['lib', 'machine', 'main', 'options'].includes(name))

/** Of those that print nothing of their own. */
const BY_DEFAULT = [
  'word-count',
  'keyed-sum',
  'checkpoint',
  'exchange',
  'timers',
  'joins',
  'larger-than-memory',
  'memory',
  'operators',
  'windows',
]

const USAGE = `npm run bench -- [name …] [options]

Measures, and prints medians of rounds with their quartiles. Suites compare Millrace with others on
the same input: a loop by hand, RxJS, d2ts, and Apache Flink where Java 17 and Maven are. The output
of each must be the same, or its runs are void. Programs measure Millrace alone.

  suites    ${Object.keys(SUITES).join(', ')}: words, sums by key, maps and lists,
            snapshots, queries of Nexmark, the exchange, state larger than memory,
            latency, start of a process
  programs  ${BY_DEFAULT.slice(0, 5).join(', ')},
            ${BY_DEFAULT.slice(5).join(', ')}: these are run if no name is given;
            and the others of bench/

  --rounds N            how often each is run (default 5)
  --json                print JSON with the figures of each round instead of tables
  --out FILE            where that is kept, too (default for suites: bench/results/<names>.json)
  --help                this

Of suites:
  --only TEXT           only cells with this in their name; may be given more than once
  --records N           so many instead of each cell's own number
  --checkpoint-every S  a checkpoint each S seconds, of Millrace and Flink alike (default 0: none)
  --without ENGINE      pass over flink, rxjs, d2ts, tables or by-hand; may be given more than once
  --store               keep the ratios to others in bench/ratios.json

Ratios are held against stored ones if the number of records is the same and there are at least
three rounds. It ends with 1 if one is lower by more than 15 % (by half, of single durations), or
a run failed or was void; with 2 for wrong usage.

Examples:
  npm run bench -- w1
  npm run bench -- w2 --only 1m --records 200000 --rounds 1
  npm run bench -- w1 w2 w3 --rounds 7 --store
  npm run bench -- w3 --without flink --json
  npm run bench -- word-count timers`

export interface BenchOptions {
  readonly suites: readonly string[]
  /** Files of programs. */
  readonly programs: readonly string[]
  readonly rounds: number
  readonly isJson: boolean
  readonly out: string | undefined
  readonly only: readonly string[]
  readonly records: number | undefined
  readonly checkpointSeconds: number
  readonly without: readonly string[]
  readonly isStored: boolean
}

export function parseCommandLine(args: readonly string[]): BenchOptions {
  const { values, positionals } = optionsOf(
    args,
    'bench',
    USAGE,
    {
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      out: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      records: { type: 'string' },
      'checkpoint-every': { type: 'string', default: '0' },
      without: { type: 'string', multiple: true, default: [] },
      store: { type: 'boolean', default: false },
    },
    true,
  )
  const names = positionals.length === 0 ? BY_DEFAULT : positionals
  const unknown = names.find((name) => !(name in SUITES) && !programs.includes(name))
  if (unknown !== undefined) {
    const all = [...Object.keys(SUITES), ...programs].join(', ')
    wrongUsage('bench', `there is no ${unknown}; there are ${all}`)
  }
  const suites = names.filter((name) => name in SUITES)
  const { records, only } = values
  const cells = suites.flatMap((suite) => SUITES[suite] ?? [])
  if (cells.length > 0 && !cells.some((cell) => isChosen(cell.name, only))) {
    const all = cells.map((cell) => cell.name).join(', ')
    wrongUsage('bench', `no cell has ${only.join(' or ')} in its name; there are ${all}`)
  }
  return {
    suites,
    programs: names.filter((name) => !(name in SUITES)).map(pathOf),
    rounds: whole('rounds', values.rounds, 1),
    isJson: values.json,
    out: values.out ?? (suites.length > 0 ? defaultOut(suites) : undefined),
    only,
    records: records === undefined ? undefined : whole('records', records, 1),
    checkpointSeconds: whole('checkpoint-every', values['checkpoint-every'], 0),
    without: values.without,
    isStored: values.store,
  }
}

/** Whether a cell is one of those that were asked for. */
export function isChosen(cell: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((text) => cell.includes(text))
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= least) return value
  return wrongUsage('bench', `--${name} is ${text}; it must be a whole number from ${least}`)
}

const pathOf = (name: string): string => join(import.meta.dirname, `${name}.ts`)

function defaultOut(suites: readonly string[]): string {
  return join(import.meta.dirname, 'results', `${suites.join('-')}.json`)
}
