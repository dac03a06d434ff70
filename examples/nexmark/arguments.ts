// The command line of `npm run nexmark`.
import { parseArgs } from 'node:util'
import { generatorDefaults } from './generator.ts'
import { queries } from './queries.ts'

const eventsDefault = 100_000
const eventsMax = 1_000_000_000
const parallelismMax = 64

export const usage = `npm run nexmark -- --query q5 --input events.txt --output rows.txt
npm run nexmark -- --write events.txt --events 100000
npm run nexmark -- --check --events 100000

  --query <name>        ${[...queries.keys()].join(' ')}
  --input <file>        events as text; without it, events are generated
  --output <file>       where the rows go, sorted
  --parallelism <n>     worker threads (default 1)
  --backend <name>      hashmap or rocksdb (default hashmap)
  --write <file>        only writes generated events
  --check               every query (or --query q1,q2): both backends, parallelism 1 and 2, each
                        killed in the middle; rows must be those of the plain evaluation
  --events <n>          how many are generated (default ${eventsDefault})
  --rate <n>            per second of event time (default ${generatorDefaults.eventsPerSecond})
  --seed <n>            other events (default ${generatorDefaults.seed})
  --help                this text
`

export interface Arguments {
  readonly help: boolean
  readonly check: boolean
  readonly write: string | undefined
  readonly queries: readonly string[]
  readonly input: string | undefined
  readonly output: string | undefined
  readonly parallelism: number
  readonly backend: 'hashmap' | 'rocksdb'
  readonly events: number
  readonly rate: number
  readonly seed: number
}

/** A mistake on the command line. */
export class UsageError extends Error {}

export function readArguments(given: readonly string[]): Arguments {
  const values = parsed(given)
  const { backend = 'hashmap', query, check = false, help = false, write, input, output } = values
  if (backend !== 'hashmap' && backend !== 'rocksdb') {
    throw new UsageError(`--backend ${backend}: there are hashmap and rocksdb`)
  }
  const names = query?.split(',') ?? (check ? [...queries.keys()] : [])
  for (const name of names) {
    if (!queries.has(name)) throw new UsageError(`--query ${name}: there is no such query`)
  }
  const isRun = !help && !check && write === undefined
  if (isRun && (names.length !== 1 || output === undefined)) {
    throw new UsageError('give one --query and the --output for its rows')
  }
  const number = (flag: 'events' | 'rate' | 'seed' | 'parallelism', max: number, other: number) =>
    wholeNumber(flag, values[flag], max, other)
  return {
    help,
    check,
    write,
    queries: names,
    input,
    output,
    backend,
    parallelism: number('parallelism', parallelismMax, 1),
    events: number('events', eventsMax, eventsDefault),
    rate: number('rate', eventsMax, generatorDefaults.eventsPerSecond),
    seed: number('seed', 0xffff_ffff, generatorDefaults.seed),
  }
}

function parsed(given: readonly string[]) {
  try {
    const text = { type: 'string' } as const
    const yes = { type: 'boolean' } as const
    const { values } = parseArgs({
      args: [...given],
      options: {
        query: text,
        input: text,
        output: text,
        write: text,
        backend: text,
        parallelism: text,
        events: text,
        rate: text,
        seed: text,
        check: yes,
        help: yes,
      },
    })
    return values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function wholeNumber(flag: string, text: string | undefined, max: number, other: number): number {
  if (text === undefined) return other
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value
  throw new UsageError(`--${flag} ${text}: give a whole number from 1 to ${max}`)
}
