/**
 * The life of one job under one seed: it is started, disturbed, killed and started again with other
 * options, several times; then all faults end, and it must come to its end with exactly the output
 * that the oracle demands.
 */
import { type ErrorCode, isMillraceError } from '../src/errors.ts'
import type { Job } from '../src/index.ts'
import { runOn, type JobHandle } from '../src/runtime/run.ts'
import type { RunOptions } from '../src/runtime/run-options.ts'
import type { NativeStoreFactory, StateBackend } from '../src/state/backend.ts'
import { required } from '../src/util/assert.ts'
import { type Random, SeededRandom } from '../src/util/random.ts'
import { outputDifference } from './checks/output.ts'
import { FaultPlan } from './faults.ts'
import { evaluate } from './oracle.ts'
import { Scheduler, Violation } from './scheduler.ts'
import { SimClock } from './sim-clock.ts'
import { SimOutput, simSource } from './sim-connectors.ts'
import { SimProcess } from './sim-host.ts'
import { SimStorage } from './sim-store.ts'
import { buildWorkload } from './workloads/build.ts'
import { generateWorkload } from './workloads/generate.ts'
import type { Rec, Workload } from './workloads/workload.ts'

export interface SeedOptions {
  readonly seed: number
  readonly onTrace?: ((line: string) => void) | undefined
  readonly backends: readonly ((random: Random) => StateBackend)[]
  readonly nativeStore?: NativeStoreFactory | undefined
  /** For tests of the simulator itself: changes each record that a source reads. */
  readonly tamper?: ((record: Rec) => Rec) | undefined
}

export interface SeedReport {
  readonly seed: number
  readonly traceHash: string
  readonly events: number
  readonly virtualMs: number
  readonly starts: number
  /** Attempts that went on from a checkpoint in the middle of the input. */
  readonly resumed: number
  readonly faults: FaultPlan
  readonly workload: Workload
  /** What was violated; undefined if all went well. */
  readonly violation: Error | undefined
}

const EVENTS_MAX = 400_000
const STARTS_MAX = 5
const START_LASTS_MS_MAX = 250
const FINAL_MS_MAX = 600_000

/** Runs one seed from beginning to end. Never throws for what the engine does. */
export async function runSeed(options: SeedOptions): Promise<SeedReport> {
  const scenario = new Scenario(options)
  let violation: Error | undefined
  try {
    await scenario.run()
  } catch (error) {
    violation = error instanceof Error ? error : new Violation(String(error))
  }
  return { ...scenario.report(), violation }
}

class Scenario {
  readonly #options: SeedOptions
  readonly #random: Random
  readonly #scheduler: Scheduler
  readonly #faults: FaultPlan
  readonly #storage: SimStorage
  readonly #output: SimOutput
  readonly #workload: Workload
  readonly #clock: SimClock
  readonly #maxParallelism: number
  /** Processes that were left alive when another one was started. */
  readonly #zombies: SimProcess[] = []
  #starts = 0
  /** Where the job's checkpoints are; another place once it went on from a savepoint. */
  #location = 'sim/checkpoints'
  /** Whose output came before that of this location. */
  readonly #formerLineages: string[] = []
  #isFinished = false
  /** The job of this start gives its checkpoints up when it is cancelled. */
  #deletesOnCancel = false
  /** By location: the savepoint it began with. */
  readonly #origins = new Map<string, string>()
  /** The savepoint the next start goes on from. */
  #savepoint: string | undefined

  constructor(options: SeedOptions) {
    const random = new SeededRandom(options.seed)
    this.#options = options
    this.#random = random.fork('scenario')
    const scheduler = new Scheduler({ eventsMax: EVENTS_MAX, onTrace: options.onTrace })
    this.#scheduler = scheduler
    this.#faults = new FaultPlan(random.fork('faults'))
    const world = { scheduler, faults: this.#faults, random: random.fork('world') }
    this.#storage = new SimStorage(world)
    this.#output = new SimOutput(world, (lineage, id) => this.#storage.wasConfirmed(lineage, id))
    this.#workload = generateWorkload(random.fork('workload'))
    this.#maxParallelism = [4, 16, 128][this.#random.int(3)] ?? 128
    this.#clock = new SimClock(scheduler, scheduler.world, random.fork('clock'))
  }

  async run(): Promise<void> {
    let isDone = false
    const onUnhandled = (error: unknown): void => this.#scheduler.fail(error)
    process.on('unhandledRejection', onUnhandled)
    const life = this.#live().then(
      () => (isDone = true),
      (error: unknown) => this.#scheduler.fail(error),
    )
    try {
      await this.#scheduler.drive(() => isDone)
      await life
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }
  }

  report(): Omit<SeedReport, 'violation'> {
    return {
      seed: this.#options.seed,
      traceHash: this.#scheduler.traceHash,
      events: this.#scheduler.events,
      virtualMs: this.#scheduler.nowMs,
      starts: this.#starts,
      resumed: this.#storage.resumed,
      faults: this.#faults,
      workload: this.#workload,
    }
  }

  async #live(): Promise<void> {
    const random = this.#random
    const disturbed = random.int(STARTS_MAX + 1)
    for (let start = 0; start < disturbed; start++) {
      await this.#disturbedStart()
      if (this.#isFinished && random.int(3) > 0) break
    }
    for (const zombie of this.#zombies.splice(0)) zombie.crash('at last')
    this.#faults.heal()
    await this.#finalStart(false)
    this.#compare()
    await this.#finalStart(true)
    this.#compare()
  }

  /** A start that fails, crashes, is stopped or cancelled, or ends by itself. */
  async #disturbedStart(): Promise<void> {
    const random = this.#random
    const process = this.#process()
    const ended = this.#disturb(process)
    await Promise.race([ended, process.crashed])
    // Sometimes the former process is only believed dead: it stands still and wakes up later.
    if (process.scope.isAlive && !this.#deletesOnCancel && random.int(4) === 0) {
      process.stall()
      this.#zombies.push(process)
    } else process.crash('at the end of the start')
    await this.#clock.sleep(random.next() * 300)
  }

  async #disturb(process: SimProcess): Promise<void> {
    const random = this.#random
    let handle: JobHandle
    try {
      handle = await this.#start(process)
    } catch (error) {
      return this.#judge(process, 'start', error)
    }
    const finished = handle.finished.then(
      ({ outcome }) => void (this.#isFinished = outcome === 'finished'),
      (error: unknown) => this.#judge(process, 'run', error),
    )
    const deadline = this.#clock.sleep(random.next() * START_LASTS_MS_MAX)
    void this.#pester(process, handle).catch((error: unknown) => this.#scheduler.fail(error))
    await Promise.race([finished, deadline])
  }

  /** Requests at random moments, as users make them. */
  async #pester(process: SimProcess, handle: JobHandle): Promise<void> {
    const random = this.#random.fork(`pester-${this.#starts}`)
    for (let left = random.int(4); left > 0; left--) {
      await this.#clock.sleep(random.next() * 200)
      if (!process.scope.isAlive) return
      try {
        await this.#request(process, handle, random)
      } catch (error) {
        this.#judge(process, 'request', error)
      }
    }
  }

  async #request(process: SimProcess, handle: JobHandle, random: Random): Promise<unknown> {
    const savepoint = `sim/savepoint-${this.#starts}-${random.int(3)}`
    this.#scheduler.note(process.scope.name, 'request')
    switch (random.int(8)) {
      case 0:
        return handle.savepoint(savepoint)
      case 1:
        return handle.stop()
      case 2:
        return handle.stop({ savepoint }).then(() => (this.#savepoint ??= savepoint))
      case 3:
        return handle.cancel()
      case 4:
        return process.workers[random.int(3)]?.crash('by request')
      case 5:
        return process.crash('by request')
      case 6:
        return process.stall()
      default:
        return handle.checkpoint()
    }
  }

  /** Without faults the job must run to its end, and say so when it is run again. */
  async #finalStart(hadFinished: boolean): Promise<void> {
    const process = this.#process()
    const deadline = this.#clock.sleep(FINAL_MS_MAX).then(() => 'late' as const)
    const handle = await this.#start(process)
    const result = await Promise.race([handle.finished, deadline])
    if (result === 'late') throw new Violation(`not finished ${FINAL_MS_MAX} ms after the faults`)
    if (result.outcome !== 'finished') throw new Violation(`it ended ${result.outcome}`)
    if (hadFinished && !result.hadFinished) throw new Violation('it finished twice')
    const { attempts } = handle.status
    if (attempts !== 1) throw new Violation(`${attempts} attempts were needed without any fault`)
    process.crash('at its end')
  }

  #process(): SimProcess {
    const random = this.#random.fork(`process-${++this.#starts}`)
    const { nativeStore } = this.#options
    return new SimProcess(
      { scheduler: this.#scheduler, faults: this.#faults, storage: this.#storage, nativeStore },
      {
        name: `p${this.#starts}`,
        random,
        memoryBytes: [64 * 1024, 1024 ** 2, 1024 ** 3][random.int(3)] ?? 1024 ** 3,
        ringBytes: random.int(2) === 0 ? 4096 : 65_536,
        yieldChance: [0.2, 0.6, 1][random.int(3)] ?? 1,
      },
    )
  }

  #start(process: SimProcess): Promise<JobHandle> {
    const random = this.#random.fork(`options-${this.#starts}`)
    const origin = this.#origin(random)
    this.#deletesOnCancel = random.int(4) === 0
    return runOn(process.host, this.#job(random), { ...this.#runOptions(random), ...origin })
  }

  /** Mostly the newest checkpoint; sometimes an older one, a savepoint, or nothing. */
  #origin(random: Random): Pick<RunOptions, 'from' | 'fresh'> {
    const { chain } = this.#storage.directory(this.#location)
    const savepoint = this.#savepoint
    this.#savepoint = undefined
    if (savepoint !== undefined && random.int(2) === 0) {
      this.#formerLineages.push(chain.lineage)
      this.#location = `${savepoint}-continued`
      this.#origins.set(this.#location, savepoint)
      return { from: savepoint }
    }
    // Until it is imported, whoever starts the job must say again where it goes on from.
    const origin = this.#origins.get(this.#location)
    if (origin !== undefined && chain.checkpointIds.length === 0) return { from: origin }
    if (this.#faults.isHealed) return {}
    if (random.int(20) === 0) {
      this.#formerLineages.length = 0
      return { fresh: true }
    }
    const ids = chain.checkpointIds
    if (ids.length === 0 || random.int(6) > 0) return {}
    return { from: String(ids[random.int(ids.length)]) }
  }

  #job(random: Random): Job {
    const { backends, tamper } = this.#options
    const faults = this.#faults
    const world = { scheduler: this.#scheduler, faults, random: random.fork('connectors') }
    const { sources, typed, lastingWriters } = this.#workload
    const backend = required(backends[random.int(backends.length)], 'no backend is given')
    return buildWorkload('sim', this.#workload, {
      backend: backend(random),
      source: (index) => {
        return simSource(world, required(sources[index], 'no such source'), { typed, tamper })
      },
      sink: (uid) => this.#output.sink(uid, lastingWriters),
      beforeRecord() {
        if (faults.strikes('functionError')) throw new Error('injected: the function failed')
      },
    })
  }

  #runOptions(random: Random): RunOptions {
    return {
      parallelism: 1 + random.int(3),
      maxParallelism: this.#maxParallelism,
      batchRecords: 1 + random.int(40),
      checkpointing: {
        storage: this.#location,
        onCancel: this.#deletesOnCancel ? 'delete' : 'keep',
        interval: 10 + random.int(40),
        timeout: this.#faults.isHealed ? 60_000 : 100 + random.int(2_000),
        minPause: random.int(2) * random.int(60),
        tolerableFailures: random.int(4),
        keep: 1 + random.int(3),
        compression: random.int(8) === 0 ? 'zstd' : 'none',
      },
      restart: {
        strategy: STRATEGIES[random.int(3)] ?? 'fixed-delay',
        delay: 1 + random.int(60),
        attempts: random.int(8),
        interval: 200,
      },
    }
  }

  /** Errors that faults explain are part of life; any other one is a bug. */
  #judge(process: SimProcess, what: string, error: unknown): void {
    const { scope } = process
    if (!isMillraceError(error)) throw new Violation(`${what}: ${stackOf(error)}`)
    this.#scheduler.note(scope.name, `${what} failed: ${error.code} ${error.message}`)
    if (EXPLAINED.has(error.code)) return
    if (this.#zombies.length > 0 && EXPLAINED_BY_RIVALS.has(error.code)) return
    throw new Violation(`${what} failed: ${error.code} ${stackOf(error)}`)
  }

  #compare(): void {
    const expected = evaluate(this.#workload)
    const { chain } = this.#storage.directory(this.#location)
    const lineages = [...this.#formerLineages, chain.lineage]
    for (const node of this.#workload.nodes) {
      if (node.kind !== 'sink') continue
      const visible = this.#output.visible(node.uid, lineages)
      const wanted = required(expected.get(node.uid), `the oracle does not know ${node.uid}`)
      const difference = outputDifference(node.compare, wanted, visible)
      if (difference !== undefined) {
        throw new Violation(`${node.uid} (${node.compare}): ${difference}`)
      }
    }
  }
}

const STRATEGIES = ['fixed-delay', 'exponential-delay', 'failure-rate'] as const

/** What faults may lead to. */
const EXPLAINED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  // Asked for by its number: it may be on a line that the job has left.
  'CHECKPOINT_NOT_FOUND',
  'CHECKPOINT_FAILED',
  'CONNECTOR_FAILED',
  'FUNCTION_FAILED',
  'JOB_CANCELLED',
  'JOB_NOT_RUNNING',
  'STORAGE_CONFLICT',
  'STORAGE_FAILED',
  'WORKER_LOST',
])

/** What another process may lead to that leads the same job. */
const EXPLAINED_BY_RIVALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'LEADERSHIP_LOST',
  'STORAGE_NOT_FOUND',
])

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
