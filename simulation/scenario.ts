/**
 * The life of one job under one seed: it is started, disturbed, killed and started again, several
 * times; then all faults end, and it must come to its end with exactly what the oracle demands.
 */
import type { Job } from '../src/index.ts'
import { runOn, type JobHandle } from '../src/runtime/run.ts'
import type { RunOptions } from '../src/runtime/run-options.ts'
import { type Random, SeededRandom } from '../src/util/random.ts'
import { requireOutput } from './checks/output.ts'
import { describeError, requireExplained } from './explained.ts'
import { FaultPlan } from './faults.ts'
import { Lineages } from './lineages.ts'
import { makeRequests, type Requests, stopAtLast } from './requests.ts'
import { Scheduler, Violation } from './scheduler.ts'
import { SimClock } from './sim-clock.ts'
import { SimOutput } from './sim-connectors.ts'
import type { SeedOptions, SeedReport } from './seed.ts'
import { SimProcess } from './sim-host.ts'
import { SimFolders } from './sim-folders.ts'
import { simJob } from './sim-job.ts'
import { SimStorage } from './sim-store.ts'
import { Standbys } from './standbys.ts'
import { processOptions, randomOptions } from './start-options.ts'
import { Ages } from './workloads/held.ts'
import { generateWorkload } from './workloads/generate.ts'
import type { Workload } from './workloads/workload.ts'

const EVENTS_MAX = 400_000
const STARTS_MAX = 5
const START_LASTS_MS_MAX = 250
const FINAL_MS_MAX = 600_000
const CONSUMED_POLL_MS = 50
/** After the last batch was handed over, the job gets so long to work it off. */
const CONSUMED_WAIT_MS = 1_000

export class Scenario {
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
  readonly #standbys: Standbys
  readonly #folders: SimFolders
  #newest: SimProcess | undefined
  #starts = 0
  /** Where the job's checkpoints are; another place once it went on from a savepoint. */
  #location = 'sim/checkpoints'
  /** Whose output came before that of this location. */
  readonly #lineages = new Lineages()
  /** Grows with each look for splits of a source that is not bounded. */
  #discoveries = 0.5
  /** Splits that have been read to their end. */
  readonly #consumed = new Set<string>()
  #isFinished = false
  readonly #ages: Ages
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
    this.#ages = new Ages(random.fork('ages'))
    this.#maxParallelism = [4, 16, 128][this.#random.int(3)] ?? 128
    this.#clock = new SimClock(scheduler, scheduler.world, random.fork('clock'))
    this.#folders = new SimFolders(scheduler, random.fork('folders'))
    this.#standbys = new Standbys({
      clock: this.#clock,
      process: (name) => this.#newProcess(name),
      start: (process) => this.#startStandby(process),
      onFinished: () => (this.#isFinished = true),
      onError: (process, error) => this.#judge(process, 'standby', error),
    })
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
    this.#zombies.push(...(await this.#standbys.end(random)))
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
    if (!this.#deletesOnCancel) this.#standbys.begin(random, process.scope.name)
    const deadline = this.#clock.sleep(random.next() * START_LASTS_MS_MAX)
    const requests = {
      process,
      handle,
      clock: this.#clock,
      random: this.#random.fork(`requests-${this.#starts}`),
      savepoint: `sim/savepoint-${this.#starts}`,
      onRequest: () => this.#scheduler.note(process.scope.name, 'request'),
      onStoppedWith: (savepoint: string) => {
        // What a process that slept has written is not where the job stands.
        if (process === this.#newest && !this.#standbys.exist) this.#savepoint = savepoint
      },
      onError: (error: unknown) => this.#judge(process, 'request', error),
    } satisfies Requests
    makeRequests(requests).catch((error: unknown) => this.#scheduler.fail(error))
    await Promise.race([finished, deadline])
    if (random.int(2) === 0) await Promise.race([finished, stopAtLast(requests)])
  }

  /** Without faults the job must run to its end, and say so when it is run again. */
  async #finalStart(hadFinished: boolean): Promise<void> {
    this.#consumed.clear()
    const process = this.#process()
    const deadline = this.#clock.sleep(FINAL_MS_MAX).then(() => 'late' as const)
    const handle = await this.#start(process)
    if (!hadFinished) void this.#drainWhenConsumed(handle)
    const result = await Promise.race([handle.finished, deadline])
    if (result === 'late') throw new Violation(`not finished ${FINAL_MS_MAX} ms after the faults`)
    if (result.outcome !== 'finished') throw new Violation(`it ended ${result.outcome}`)
    if (hadFinished && !result.hadFinished) throw new Violation('it finished twice')
    const { attempts } = handle.status
    const why = handle.status.lastError?.message
    if (attempts !== 1) throw new Violation(`${attempts} attempts without any fault: ${why}`)
    process.crash('at its end')
  }

  /** A source that is not bounded ends only when it is told to. */
  async #drainWhenConsumed(handle: JobHandle): Promise<void> {
    const endless = this.#workload.sources.filter(({ bounded }) => !bounded)
    if (endless.length === 0) return
    const all = endless.flatMap(({ uid, splits }) => splits.map(({ id }) => `${uid}/${id}`))
    while (all.some((split) => !this.#consumed.has(split)))
      await this.#clock.sleep(CONSUMED_POLL_MS)
    await this.#clock.sleep(CONSUMED_WAIT_MS)
    await handle.stop({ drain: true })
  }

  #process(): SimProcess {
    return (this.#newest = this.#newProcess(`p${++this.#starts}`))
  }

  #newProcess(name: string): SimProcess {
    const { nativeStore } = this.#options
    const [scheduler, faults, folders] = [this.#scheduler, this.#faults, this.#folders]
    const world = { scheduler, faults, folders, storage: this.#storage, nativeStore }
    return new SimProcess(world, processOptions(name, this.#random.fork(`process-${name}`)))
  }

  #start(process: SimProcess): Promise<JobHandle> {
    const random = this.#random.fork(`options-${this.#starts}`)
    const origin = this.#origin(random)
    this.#deletesOnCancel = random.int(4) === 0
    const job = this.#job(random, this.#ages.next())
    return runOn(process.host, job, { ...this.#runOptions(random), ...origin })
  }

  #startStandby(process: SimProcess): Promise<JobHandle> {
    const random = this.#random.fork(`options-${process.scope.name}`)
    const job = this.#job(random, this.#ages.now)
    return runOn(process.host, job, { ...this.#runOptions(random), standby: true })
  }

  #runOptions(random: Random): RunOptions {
    return randomOptions(random, {
      storage: this.#location,
      maxParallelism: this.#maxParallelism,
      deletesOnCancel: this.#deletesOnCancel,
      isPatient: this.#faults.isHealed,
    })
  }

  /** Mostly the newest checkpoint; sometimes an older one, a savepoint, or nothing. */
  #origin(random: Random): Pick<RunOptions, 'from' | 'fresh' | 'claim'> {
    const { chain } = this.#storage.directory(this.#location)
    const savepoint = this.#savepoint
    this.#savepoint = undefined
    if (savepoint !== undefined && random.int(4) > 0) {
      this.#lineages.continued(chain.lineage)
      this.#location = `${savepoint}-continued`
      this.#origins.set(this.#location, savepoint)
      return { from: savepoint, claim: random.int(2) === 0 ? 'claim' : 'no-claim' }
    }
    // What a start has begun to import, the next one goes on with; it may be told so again.
    const origin = this.#origins.get(this.#location)
    if (origin !== undefined && chain.checkpointIds.length === 0) {
      return chain.history.length > 0 && random.int(2) === 0 ? {} : { from: origin }
    }
    if (this.#faults.isHealed) return {}
    if (random.int(20) === 0) {
      this.#lineages.leftBehind(chain.lineage)
      return { fresh: true }
    }
    const ids = chain.checkpointIds
    if (ids.length < 2 || random.int(2) === 0) return {}
    return { from: String(ids[random.int(ids.length - 1)]) }
  }

  #job(random: Random, age: number): Job {
    const [scheduler, faults] = [this.#scheduler, this.#faults]
    return simJob(
      { scheduler, faults, random: random.fork('connectors') },
      {
        ...this.#options,
        random,
        age,
        workload: this.#workload,
        output: this.#output,
        clock: this.#clock,
        splitsNow: () => (this.#discoveries += 0.5),
        onSplitEnd: (split) => this.#consumed.add(split),
      },
    )
  }

  /** Errors that faults explain are part of life; any other one is a bug. */
  #judge(process: SimProcess, what: string, error: unknown): void {
    this.#scheduler.note(process.scope.name, `${what} failed: ${describeError(error)}`)
    const hasRivals = this.#zombies.length > 0 || this.#standbys.exist
    requireExplained(what, error, hasRivals, this.#faults.hasFlips)
  }

  #compare(): void {
    const lineages = this.#lineages.upTo(this.#storage.directory(this.#location).chain.lineage)
    requireOutput(this.#workload, (uid) => this.#output.visible(uid, lineages))
  }
}
