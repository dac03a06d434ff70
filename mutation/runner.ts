// The test runner for Stryker: one warm process holds all tests as functions and runs, for each
// mutant, those which reach it, the likeliest to fail first, until one does. Starting `node --test`
// for each mutant would take some hundred times as long.
//
// A failure counts only if the same test passes again without the mutant. If it does not, the
// mutant has left something broken behind (or the test is unreliable): the process ends itself, and
// Stryker runs the mutant anew in a fresh one.
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { limitRuns } from './fast-check.ts'
import {
  activate,
  countByNumber,
  deactivate,
  endCounting,
  type Hits,
  standIn,
  takeHits,
} from './instrumented.ts'
import { type Mutant, type Settings, type StrykerOptions, TIMINGS_FILE } from './settings.ts'
import { beginFile, cases, Session, type TestCase } from './suite.ts'

interface MutantRun {
  readonly activeMutant: Mutant
  readonly testFilter?: readonly string[]
  readonly hitLimit?: number
}

type Outcome = 'passed' | 'timeout' | { readonly failed: string }

/** A test that waits this much longer than without a mutant waits for ever. */
const LIMIT_FACTOR = 5
const LIMIT_MIN_MS = 3_000
const FIRST_LIMIT_MS = 60_000
const UNKNOWN_MS = 1_000
/** A process that waits takes less of a processor. */
const WAITING_SHARE = 0.05

const projectRoot = resolve(import.meta.dirname, '..')

export class HotRunner {
  static readonly inject = ['options']

  readonly #settings: Settings
  readonly #byId = new Map<string, TestCase>()
  /** By a test's name: the processor time that it takes without a mutant. */
  readonly #timesMs = new Map<string, number>()
  /** By source file: the tests that have found mutants there, and how many. */
  readonly #finders = new Map<string, Map<string, number>>()
  /** By test what it reaches; empty in a process that took over from one which ended. */
  readonly #reached = new Map<string, Hits>()
  #stray: unknown

  constructor({ millrace }: StrykerOptions) {
    this.#settings = millrace
  }

  capabilities(): object {
    return { reloadEnvironment: true }
  }

  async init(): Promise<void> {
    standIn('node:test', 'suite.ts')
    standIn('fast-check', 'fast-check.ts')
    limitRuns(this.#settings.runsMax)
    countByNumber()
    process.setMaxListeners(0)
    process.on('unhandledRejection', (reason) => (this.#stray ??= reason))
    process.on('uncaughtException', (error) => (this.#stray ??= error))
    for (const file of globSync(this.#settings.tests).toSorted()) {
      beginFile(file)
      await import(pathToFileURL(resolve(file)).href)
    }
    // Read by now; jobs would take them for options of theirs.
    for (const name of this.#settings.variables) delete process.env[name]
    for (const [name, timeMs] of Object.entries(readTimes())) this.#timesMs.set(name, timeMs)
    for (const one of cases) if (!this.#isSlow(one)) this.#byId.set(one.id, one)
  }

  /** Runs every test once, without a mutant, and notes what each reaches and how long it takes. */
  async dryRun(): Promise<object> {
    const session = new Session()
    const tests: object[] = []
    const reachedByImports = takeHits()
    for (const [id, one] of this.#byId) {
      const started = performance.now()
      const before = processorMs()
      const outcome = await this.#run(session, one, FIRST_LIMIT_MS)
      this.#timesMs.set(one.name, Math.round(processorMs() - before))
      this.#reached.set(id, takeHits())
      this.#saveTimes()
      const timeSpentMs = performance.now() - started
      const told = { id, name: one.name, fileName: resolve(one.file), timeSpentMs }
      if (outcome !== 'passed') this.#leaveOut(one, describeOutcome(outcome))
      else if (this.#isSlow(one)) this.#leaveOut(one)
      else tests.push({ ...told, status: 0 })
    }
    await session.end()
    endCounting()
    const perTest = Object.fromEntries(this.#reached)
    return { status: 'complete', tests, mutantCoverage: { static: reachedByImports, perTest } }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }: MutantRun): Promise<object> {
    endCounting()
    const session = new Session()
    const started = processorMs()
    let nrOfTests = 0
    for (const one of this.#inOrder(activeMutant.fileName, testFilter)) {
      if (processorMs() - started > this.#settings.budgetMs) break
      nrOfTests++
      const hits = this.#reached.get(one.id)?.[activeMutant.id]
      activate(activeMutant.id, hits === undefined ? hitLimit : hits * 100 + 1_000)
      const outcome = await this.#run(session, one, this.#limitMs(one))
      const isLoop = deactivate()
      if (outcome === 'passed') continue
      await session.end().catch(() => undefined)
      await this.#assertRecovered(one)
      const reason = describeOutcome(outcome)
      if (outcome === 'timeout' || isLoop) return { status: 'timeout', reason }
      this.#noteFinder(activeMutant.fileName, one.id)
      return { status: 'killed', killedBy: [one.id], failureMessage: reason, nrOfTests }
    }
    await session.end()
    return { status: 'survived', nrOfTests }
  }

  /** Those first that have found mutants of this file, then the fastest. */
  #inOrder(fileName: string, ids: readonly string[] | undefined): readonly TestCase[] {
    const finders = this.#finders.get(fileName)
    const cost = ({ id, name }: TestCase) =>
      ((this.#timesMs.get(name) ?? UNKNOWN_MS) + 1) / (1 + 4 * (finders?.get(id) ?? 0))
    const chosen = (ids ?? [...this.#byId.keys()]).flatMap((id) => this.#byId.get(id) ?? [])
    return chosen.toSorted((a, b) => cost(a) - cost(b))
  }

  #noteFinder(fileName: string, id: string): void {
    const finders = this.#finders.get(fileName) ?? new Map<string, number>()
    finders.set(id, (finders.get(id) ?? 0) + 1)
    this.#finders.set(fileName, finders)
  }

  async #assertRecovered(one: TestCase): Promise<void> {
    // What the failed test has left under way may end now, without being taken for the next one's.
    await new Promise((done) => setTimeout(done, 1))
    const session = new Session()
    const outcome = await this.#run(session, one, this.#limitMs(one))
    await session.end().catch(() => undefined)
    if (outcome === 'passed') return
    console.error(`${one.name} fails without the mutant, too: ${describeOutcome(outcome)}`)
    process.exit(1)
  }

  #isSlow({ name }: TestCase): boolean {
    return (this.#timesMs.get(name) ?? 0) > this.#settings.testMaxMs
  }

  /** A test that is slow, or cannot pass in so few runs, or not at all here. */
  #leaveOut({ id, name }: TestCase, why?: string): void {
    this.#byId.delete(id)
    this.#reached.delete(id)
    if (why !== undefined) console.warn(`left out, as it fails without any mutant: ${name}: ${why}`)
  }

  /** After each test, so that a run which is broken off has not measured for nothing. */
  #saveTimes(): void {
    const times = Object.fromEntries(this.#timesMs)
    writeFileSync(join(projectRoot, TIMINGS_FILE), JSON.stringify(times, undefined, 1))
  }

  #limitMs({ name }: TestCase): number {
    return LIMIT_MIN_MS + LIMIT_FACTOR * (this.#timesMs.get(name) ?? UNKNOWN_MS)
  }

  async #run(session: Session, one: TestCase, limitMs: number): Promise<Outcome> {
    this.#stray = undefined
    const { promise: late, resolve: expire } = Promise.withResolvers<Outcome>()
    const [started, before] = [performance.now(), processorMs()]
    // On a busy machine a test may get little of the processor, but one that waits takes none.
    const timer = setInterval(() => {
      const usedMs = processorMs() - before
      const isWaiting = usedMs < WAITING_SHARE * (performance.now() - started)
      if (isWaiting || usedMs > limitMs) expire('timeout')
    }, limitMs)
    const failed = (error: unknown): Outcome => ({ failed: textOf(error) })
    const passed = (): Outcome => 'passed'
    const outcome = await Promise.race([session.run(one).then(passed, failed), late])
    clearInterval(timer)
    if (outcome === 'passed' && this.#stray !== undefined) return failed(this.#stray)
    return outcome
  }
}

function readTimes(): Readonly<Record<string, number>> {
  const path = join(projectRoot, TIMINGS_FILE)
  // Written by `dryRun` alone.
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>) : {}
}

function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function describeOutcome(outcome: Outcome): string {
  return typeof outcome === 'string' ? outcome : outcome.failed
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.slice(0, 300)
}
