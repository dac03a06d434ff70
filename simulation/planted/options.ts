/** The command line of `npm run planted`: what may be given, and what is wrong with what was. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { UsageError } from '../cli/options.ts'
import type { PlantedBug } from './bug.ts'
import { bugs } from './catalogue.ts'

export interface PlantedOptions {
  readonly help: boolean
  readonly first: number
  readonly last: number
  /** To be hunted, in the order of the catalogue. */
  readonly bugs: readonly PlantedBug[]
  readonly minutes: number
  /** Takes over what an earlier hunt on this commit has found. */
  readonly goesOn: boolean
  readonly processes: number
  readonly json: boolean
  readonly records: boolean
}

export const USAGE = `npm run planted -- [options]

Puts mistakes of the kind that engineers make into the engine, in memory and one at a time, and
counts the seeds that the simulator needs to find each.

  --seeds A..B     seeds for each bug (default 1..1000)
  --only NAMES     these bugs only, by their names, with commas; "state-*" means all that begin so
  --minutes M      begin no seed after so many minutes
  --continue       go on where an earlier hunt on the same commit was broken off
  --processes N    hunt so many bugs at a time (default one for each core)
  --record         write docs/evidence/planted-bugs.json and docs/internals/planted-bugs.md
  --json           print the result as JSON, and nothing else
  --help           this

Examples:
  npm run planted -- --seeds 1..50
  npm run planted -- --only older-run-wins-a-merge
  npm run planted -- --record
  npm run planted -- --continue --minutes 30 --record

Exit code: 0 if 95 % are caught and the sound engine passes, 1 if not, 2 for wrong options.`

/** @throws UsageError for options that do not exist or make no sense. */
export function parsePlantedOptions(args: readonly string[]): PlantedOptions {
  const values = parsed(args)
  const [, first = '', last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seeds) ?? []
  if (first === '' || Number(last) < Number(first)) {
    throw new UsageError(`--seeds is a range such as 1..1000, not ${values.seeds}`)
  }
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new UsageError(`--minutes is a number above 0, not ${values.minutes}`)
  const processes = Number(values.processes ?? availableParallelism())
  if (!Number.isInteger(processes) || processes < 1) {
    throw new UsageError(`--processes is a number from 1 on, not ${values.processes}`)
  }
  const wanted = values.only === undefined ? bugs : chosen(values.only.split(','))
  const records = values.record
  if (records && wanted.length < bugs.length) {
    throw new UsageError('--record is of all bugs: leave --only out')
  }
  const { help, json, continue: goesOn } = values
  const range = { first: Number(first), last: Number(last) }
  return { help, ...range, bugs: wanted, minutes, goesOn, processes, json, records }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', default: false, short: 'h' },
        seeds: { type: 'string', default: '1..1000' },
        only: { type: 'string' },
        minutes: { type: 'string', default: 'Infinity' },
        continue: { type: 'boolean', default: false },
        processes: { type: 'string' },
        record: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function chosen(names: readonly string[]): readonly PlantedBug[] {
  const isMeant = (name: string, bug: PlantedBug): boolean => {
    return name.endsWith('*') ? bug.name.startsWith(name.slice(0, -1)) : bug.name === name
  }
  const unknown = names.find((name) => !bugs.some((bug) => isMeant(name, bug)))
  if (unknown !== undefined) throw new UsageError(`there is no planted bug "${unknown}"`)
  return bugs.filter((bug) => names.some((name) => isMeant(name, bug)))
}
