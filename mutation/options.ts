// The command line of the mutation run. What is wrong in it ends the process with one line and 2.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { optionsOf, wrongUsage } from '../scripts/lib/command-line.ts'
import { root } from '../scripts/lib/process.ts'
import { TESTS_OF } from './settings.ts'

const USAGE = `npm run mutate -- [options]

Changes the code in small ways, one at a time, and looks whether a test notices.

  --sample S       this share of the mutants, at random, above 0 and up to 1 (default 0.04)
  --seed N         which of them: the same seed chooses the same ones (default 1)
  --in PATH        mutate this folder or file only; may be given more than once
                   (default ${Object.keys(TESTS_OF).join(', ')})
  --all            every mutant, every test: hours
  --concurrency N  run in so many processes (default 1)
  --record         keep what came out in docs/evidence
  --help           this

Examples:
  npm run mutate -- --sample 0.05 --seed 7
  npm run mutate -- --in src/checkpoint --sample 1

Exit code: 0 if the score reaches 85 %, 1 if it does not, 2 for wrong options or if there is none.`

export interface CommandLine {
  /** 0 to 1. */
  readonly sample: number
  readonly seed: number
  /** Folders and files. */
  readonly in: readonly string[]
  readonly all: boolean
  readonly concurrency: number
  readonly record: boolean
}

export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = optionsOf(args, 'mutate', USAGE, {
    sample: { type: 'string', default: '0.04' },
    seed: { type: 'string', default: '1' },
    in: { type: 'string', multiple: true, default: Object.keys(TESTS_OF) },
    all: { type: 'boolean', default: false },
    concurrency: { type: 'string', default: '1' },
    record: { type: 'boolean', default: false },
  })
  const sample = Number(values.sample)
  if (!(sample > 0 && sample <= 1)) {
    wrongUsage('mutate', `--sample is a share above 0 and up to 1, not "${values.sample}"`)
  }
  for (const path of values.in) {
    const isKnown = Object.keys(TESTS_OF).some((folder) => `${path}/`.startsWith(`${folder}/`))
    if (isKnown && existsSync(join(root, path))) continue
    const known = Object.keys(TESTS_OF).join(', ')
    wrongUsage('mutate', `--in names a folder or file of ${known}, not "${path}"`)
  }
  return {
    sample,
    seed: whole('seed', values.seed, 0),
    in: values.in.map((path) => path.replace(/\/$/, '')),
    all: values.all,
    concurrency: whole('concurrency', values.concurrency, 1),
    record: values.record,
  }
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text)
  if (text !== '' && Number.isSafeInteger(value) && value >= least) return value
  return wrongUsage('mutate', `--${name} is a whole number from ${least}, not "${text}"`)
}
