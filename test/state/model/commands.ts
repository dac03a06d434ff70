// Drives a system beside its plain model by fast-check: a run is a list of commands, each with a
// seed of its own, so that a failing run is shrunk by leaving commands out. A failure prints the
// commands that are left and MILLRACE_REPLAY=<seed|path|commands>, which runs only that again.
import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import fc from 'fast-check'
import { type Random, SeededRandom } from '../../../src/util/random.ts'

/** A system that takes random steps and checks them against its model. */
export interface Stepped {
  /** One step, all of whose choices come from `random`; says what it did. */
  step(random: Random): Promise<string>
  /** Everything is as in the model. */
  compare(): void
  close(): Promise<void>
  /** How often what came to pass. */
  readonly counts: ReadonlyMap<string, number>
}

export interface CommandsOptions {
  readonly name: string
  readonly seed: number
  /** In all runs together, at least. */
  readonly commands: number
  /** In the longest run. */
  readonly perRun: number
  /** What must come to pass. */
  readonly expect: readonly string[]
  open(): Promise<Stepped>
}

class Command implements fc.AsyncCommand<object, Stepped> {
  readonly #seed: number
  #said = 'not run'

  constructor(seed: number) {
    this.#seed = seed
  }

  /** Each attempt to shrink says its own. */
  [fc.cloneMethod](): Command {
    return new Command(this.#seed)
  }

  check(): boolean {
    return true
  }

  async run(_: object, system: Stepped): Promise<void> {
    this.#said = `seed ${this.#seed}`
    this.#said = await system.step(new SeededRandom(this.#seed))
  }

  toString(): string {
    return this.#said
  }
}

const SHRINK_MS = 60_000
/** How many times as many commands as in `npm test`. */
const LONGER = Number(process.env['MILLRACE_LONGER'] ?? 1)
/** A short form, for mutants: so few that not everything need come to pass. */
const COMMANDS_MAX = Number(process.env['MILLRACE_COMMANDS_MAX'] ?? Number.POSITIVE_INFINITY)

/** Of one test: what `test/state/model/main.ts` adds up. */
export interface CommandsRun {
  readonly name: string
  readonly seed: number
  readonly commands: number
  /** How often what came to pass. */
  readonly counts: Readonly<Record<string, number>>
}

/** Each run is written to this file, one line each, if it is set. */
export const RUNS_FILE_VARIABLE = 'MILLRACE_MODEL_RUNS'

/** Runs commands until there were enough; gives how often what came to pass. */
export async function checkCommands(options: CommandsOptions): Promise<Map<string, number>> {
  const { name, perRun, expect } = options
  const commands = Math.min(LONGER * options.commands, COMMANDS_MAX)
  const counts = new Map<string, number>()
  const [seed = options.seed, path, replayPath] = replayed()
  let ran = 0
  const one = async (list: Iterable<fc.AsyncCommand<object, Stepped>>): Promise<void> => {
    const system = await options.open()
    try {
      await fc.asyncModelRun(() => ({ model: {}, real: counting(system, () => ran++) }), list)
      system.compare()
    } finally {
      await system.close()
    }
    for (const [what, count] of system.counts) counts.set(what, (counts.get(what) ?? 0) + count)
  }
  // Only leaving out makes a run simpler: another seed is another step.
  const command = fc.noShrink(fc.integer()).map((own) => new Command(own))
  const lists = fc.commands([command], {
    maxCommands: perRun,
    size: 'max',
    ...(replayPath === undefined ? {} : { replayPath }),
  })
  for (let round = 0; ran < commands; round++) {
    const details = await fc.check(fc.asyncProperty(lists, one), {
      seed: seed + round,
      numRuns: Math.max(1, Math.ceil((2 * (commands - ran)) / perRun)),
      interruptAfterTimeLimit: SHRINK_MS,
      ...(path === undefined ? {} : { path }),
    })
    if (details.failed) assert.fail(explain(name, details))
    if (path !== undefined) break
  }
  if (path !== undefined || commands === COMMANDS_MAX) return counts
  const file = process.env[RUNS_FILE_VARIABLE]
  const run: CommandsRun = { name, seed, commands: ran, counts: Object.fromEntries(counts) }
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(run)}\n`)
  for (const what of expect) assert.ok((counts.get(what) ?? 0) > 0, `${what} came to pass`)
  return counts
}

function counting(system: Stepped, count: () => void): Stepped {
  return {
    counts: system.counts,
    compare: () => system.compare(),
    close: () => system.close(),
    step(random) {
      count()
      return system.step(random)
    },
  }
}

type Failure = Pick<
  fc.RunDetailsCommon<[Iterable<unknown>]>,
  'counterexample' | 'counterexamplePath' | 'seed' | 'errorInstance' | 'numShrinks'
>

function replayed(): [seed?: number, path?: string, commands?: string] {
  const [seed, path, commands] = process.env['MILLRACE_REPLAY']?.split('|') ?? []
  if (seed === undefined || path === undefined) return []
  return commands === undefined ? [Number(seed), path] : [Number(seed), path, commands]
}

function explain(name: string, details: Failure): string {
  const { counterexample, counterexamplePath, seed, errorInstance, numShrinks } = details
  const [list] = counterexample ?? []
  // fast-check gives lists of commands a text of their own.
  const text = (list as { toString(): string } | undefined)?.toString() ?? ''
  const path = /\/\*replayPath=(".*")\*\//.exec(text)?.[1]
  const replay = `${seed}|${counterexamplePath}|${path === undefined ? '' : JSON.parse(path)}`
  const cause = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  const commands = text.replace(/\s*\/\*.*\*\//, '').split(',')
  return [
    `${name}: after ${numShrinks} shrinks, ${commands.length} commands are left:`,
    ...commands.map((command) => `  ${command}`),
    cause,
    `replay: MILLRACE_REPLAY='${replay}' and this test's name`,
  ].join('\n')
}
