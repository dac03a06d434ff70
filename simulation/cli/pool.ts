/**
 * Runs seeds in several processes, in order, and gives the results in the order of the seeds,
 * whichever process was faster. A seed that does not come to its end, or takes its process with it,
 * is a result like any other.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { lostSeed, type SeedResult } from './seed-result.ts'

const CHILD = join(import.meta.dirname, 'child.ts')
/** Seeds that a process knows of beforehand, so that it never waits for the next one. */
const SEEDS_AHEAD = 2
/** A seed runs for a tenth of a second; one that has not ended by now never will. */
const SEED_LASTS_MS_MAX = 300_000

export interface PoolOptions {
  readonly first: number
  readonly last: number
  readonly processes: number
  /** The processes write there which code they have run; undefined: they do not count. */
  readonly coverageFolder: string | undefined
  /** Asked before each seed: whether it may begin. */
  mayBegin(): boolean
  /** Called in the order of seeds; false: no further seed begins. */
  onResult(result: SeedResult): boolean
}

/** Resolves when each seed that has begun has a result. */
export async function runInProcesses(options: PoolOptions): Promise<void> {
  await new Pool(options).run()
}

class Pool {
  readonly #options: PoolOptions
  readonly #done = new Map<number, SeedResult>()
  /** Seeds whose process was lost before it could begin with them. */
  readonly #again: number[] = []
  #next: number
  #reported: number
  #stops = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#next = options.first
    this.#reported = options.first
  }

  async run(): Promise<void> {
    const { processes, first, last } = this.#options
    const count = Math.min(processes, last - first + 1)
    await Promise.all(Array.from({ length: count }, () => this.#runChildren()))
  }

  /** A process, and another one if it ends too early. */
  async #runChildren(): Promise<void> {
    while (this.#mayBegin()) await this.#runChild()
  }

  #mayBegin(): boolean {
    if (this.#stops) return false
    return this.#again.length > 0 || (this.#next <= this.#options.last && this.#options.mayBegin())
  }

  async #runChild(): Promise<void> {
    const { coverageFolder } = this.#options
    const counts = coverageFolder === undefined ? {} : { NODE_V8_COVERAGE: coverageFolder }
    const child = fork(CHILD, { env: { ...process.env, ...counts } })
    const asked: number[] = []
    let watch: NodeJS.Timeout | undefined
    let why = 'its process ended while it ran'
    const ask = (): void => {
      while (asked.length < SEEDS_AHEAD && this.#mayBegin()) {
        const seed = this.#again.shift() ?? this.#next++
        asked.push(seed)
        child.send(seed)
      }
      clearTimeout(watch)
      if (asked.length === 0) return child.disconnect()
      watch = setTimeout(() => {
        why = `it has not ended after ${SEED_LASTS_MS_MAX / 1_000} s`
        child.kill('SIGKILL')
      }, SEED_LASTS_MS_MAX)
    }
    child.on('message', (message) => {
      asked.shift()
      // The child sends nothing else.
      this.#take(message as SeedResult)
      ask()
    })
    ask()
    const code = await ended(child)
    clearTimeout(watch)
    if (asked.length === 0) return
    // The first was running; the others go to another process.
    const [running = 0, ...waiting] = asked
    this.#again.push(...waiting)
    this.#take(lostSeed(running, `${why} (${code})`))
  }

  #take(result: SeedResult): void {
    this.#done.set(result.seed, result)
    for (;;) {
      const next = this.#done.get(this.#reported)
      if (next === undefined) return
      this.#done.delete(this.#reported++)
      // What ran beside a seed that ends the run is not a part of it.
      if (!this.#stops && !this.#options.onResult(next)) this.#stops = true
    }
  }
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
}
