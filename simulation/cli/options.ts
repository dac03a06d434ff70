/** The command line of the simulator: what may be given, and what is wrong with what was. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { parseShrunk, type Shrunk } from '../shrink/shrunk.ts'

export interface CommandLine {
  readonly help: boolean
  /** One seed to replay; undefined: many are run. */
  readonly seed: number | undefined
  readonly first: number
  readonly last: number
  readonly minutes: number
  readonly processes: number
  readonly keepsGoing: boolean
  readonly json: boolean
  /** What came out is kept as evidence. */
  readonly records: boolean
  /** Counts which files of the engine the seeds run. */
  readonly countsFiles: boolean
  /** How many lines of a trace are shown, the last ones. */
  readonly lines: number
  /** Where a trace goes as a whole. */
  readonly traceFile: string | undefined
  /** Where the history of a bank goes: the seed is run with one instead of a random job. */
  readonly historyFile: string | undefined
  /** What the seed that is replayed is reduced by. */
  readonly shrunk: Shrunk | undefined
  /** A case that fails is made smaller. */
  readonly shrinks: boolean
}

/** What was asked for cannot be done; the message is for the user. */
export class UsageError extends Error {}

export const USAGE = `npm run simulate -- [options]

Runs whole jobs in virtual time, under faults, and compares their output with an oracle.

  --seeds A..B     run these seeds (default 1..500)
  --minutes M      begin no seed after so many minutes
  --processes N    run them in so many processes (default one for each core)
  --keep-going     go on after a seed that failed
  --files          tell which files of src the seeds have run, and which never (slower)
  --record         keep what came out in docs/evidence
  --json           print the totals as JSON, and nothing else

  --seed N         replay one seed
  --shrunk JSON    the seed, reduced by this; a seed that fails tells what
  --no-shrink      do not look for a smaller case that fails in the same way (takes a minute)
  --lines N        show the last N lines of a trace (default 40)
  --trace FILE     write the whole trace of the seed that is replayed, or that failed, to a file

  --history FILE   run the seed with a bank instead of a random job, and write the history of its
                   accounts for other checkers: as EDN if the file is so called, else as JSON

  --help           this

Examples:
  npm run simulate -- --seeds 1..10000 --minutes 10
  npm run simulate -- --seed 42 --trace seed-42.txt
  npm run simulate -- --seed 7 --history bank.edn
  npm run simulate -- --seeds 1..2000 --keep-going --json

Exit code: 0 if all went well, 1 if a seed failed, 2 for wrong options, 130 if interrupted.`

/** @throws UsageError for options that do not exist or make no sense. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const values = parsed(args)
  const [first, last] = seedRange(values.seeds)
  return {
    help: values.help,
    seed: values.seed === undefined ? undefined : numberOf('seed', values.seed, 0),
    first,
    last,
    minutes:
      values.minutes === undefined ? Infinity : numberOf('minutes', values.minutes, 0, Number),
    processes:
      values.processes === undefined
        ? availableParallelism()
        : numberOf('processes', values.processes, 1),
    keepsGoing: values['keep-going'],
    json: values.json,
    records: values.record,
    countsFiles: values.files,
    lines: numberOf('lines', values.lines, 0),
    traceFile: values.trace,
    historyFile: values.history,
    shrunk: values.shrunk === undefined ? undefined : shrunkOf(values.shrunk),
    shrinks: !values['no-shrink'],
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', default: false, short: 'h' },
        seed: { type: 'string' },
        seeds: { type: 'string', default: '1..500' },
        minutes: { type: 'string' },
        processes: { type: 'string' },
        'keep-going': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        record: { type: 'boolean', default: false },
        files: { type: 'boolean', default: false },
        lines: { type: 'string', default: '40' },
        trace: { type: 'string' },
        history: { type: 'string' },
        shrunk: { type: 'string' },
        'no-shrink': { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function shrunkOf(text: string): Shrunk {
  try {
    return parseShrunk(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UsageError(`--shrunk is what a failed seed has told, and this is not: ${why}`)
  }
}

function seedRange(text: string): readonly [number, number] {
  const [, first = '', last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? []
  if (first === '') throw new UsageError(`--seeds is a range such as 1..500, not ${text}`)
  if (Number(last) < Number(first)) throw new UsageError(`--seeds ${text} is no seed at all`)
  return [Number(first), Number(last)]
}

function numberOf(name: string, text: string, least: number, parse = integerOf): number {
  const value = parse(text)
  if (!(value >= least)) throw new UsageError(`--${name} is a number from ${least} on, not ${text}`)
  return value
}

function integerOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN
}
