// The command line of `npm start`.
import { parseArgs } from 'node:util'
import type { Duration } from 'millrace'

/** About 15 seconds on one worker. */
export const passesDefault = 50
const passesMax = 100_000
const parallelismMax = 64

export const usage = `npm start -- [options]

  --passes <n>            how often the book is read (default ${passesDefault})
  --backend <name>        rocksdb or hashmap (default rocksdb where it is available)
  --parallelism <n>       worker threads (default 1)
  --interval <duration>   from one checkpoint to the next (default 2s)
  --fresh                 begin again, whatever was left unfinished
  --help                  this text
`

export interface Arguments {
  /** Undefined: those of the unfinished run, else the default. */
  readonly passes: number | undefined
  readonly backend: 'rocksdb' | 'hashmap' | undefined
  readonly parallelism: number
  readonly interval: Duration
  readonly fresh: boolean
  readonly help: boolean
}

/** A mistake on the command line, or a request that does not fit what is there. */
export class UsageError extends Error {}

export function readArguments(given: readonly string[]): Arguments {
  const values = parsed(given)
  const { backend, interval = '2s', fresh = false, help = false } = values
  if (backend !== undefined && backend !== 'rocksdb' && backend !== 'hashmap') {
    throw new UsageError(`--backend ${backend}: there are rocksdb and hashmap`)
  }
  if (!isDuration(interval)) throw new UsageError(`--interval ${interval}: give it as 2s or 500ms`)
  const passes = count('--passes', values.passes, passesMax)
  const parallelism = count('--parallelism', values.parallelism, parallelismMax) ?? 1
  return { passes, backend, parallelism, interval, fresh, help }
}

function parsed(given: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...given],
      options: {
        passes: { type: 'string' },
        backend: { type: 'string' },
        parallelism: { type: 'string' },
        interval: { type: 'string' },
        fresh: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    return values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function count(flag: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value
  throw new UsageError(`${flag} ${text}: give a whole number from 1 to ${max}`)
}

function isDuration(text: string): text is Duration & string {
  return /^\d+ ?(ms|s|min)$/.test(text)
}
