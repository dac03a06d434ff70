/**
 * Starts of the simulated job: each has a process of its own, random options, and the code of some
 * age, whose states may have newer types than those of the start before.
 */
import type { Job } from '../../src/index.ts'
import type { JobHandle } from '../../src/runtime/job-handle.ts'
import { runOn } from '../../src/runtime/run-on.ts'
import type { RunOptions } from '../../src/runtime/run-options.ts'
import type { Random } from '../../src/util/random.ts'
import type { FaultPlan } from '../faults.ts'
import { type Scheduler, Violation } from '../scheduler.ts'
import type { SeedOptions } from '../seed.ts'
import type { SimClock } from '../sim-clock.ts'
import type { SimOutput } from '../sim-connectors.ts'
import { SimFolders } from '../sim-folders.ts'
import { type ProcessWorld, SimProcess } from '../sim-host.ts'
import type { SimStorage } from '../sim-store.ts'
import type { Theme } from '../theme.ts'
import { SimHelpers } from '../tables/sim-helpers.ts'
import { Witness } from '../witness/witness.ts'
import { Ages } from '../workloads/held.ts'
import type { Workload } from '../workloads/workload.ts'
import type { Erasures } from './erasures.ts'
import type { Place } from './place.ts'
import { Poison } from './poison.ts'
import { simJob } from './sim-job.ts'
import { processOptions, randomOptions } from './start-options.ts'

export interface DeploymentWorld {
  readonly options: SeedOptions
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
  readonly storage: SimStorage
  readonly output: SimOutput
  readonly workload: Workload
  readonly clock: SimClock
  readonly random: Random
  readonly place: Place
  readonly theme: Theme
  readonly erasures: Erasures
}

export interface Begun {
  readonly process: SimProcess
  readonly running: Promise<JobHandle>
  readonly restart?: RunOptions['restart']
}

export class Deployments {
  readonly #world: DeploymentWorld
  readonly #processWorld: ProcessWorld
  readonly #random: Random
  readonly #ages: Ages
  readonly #poison: Poison
  readonly #maxParallelism: number
  /** Splits that have been read to their end. */
  readonly #consumed = new Set<string>()
  /** Of the code in a process. */
  readonly #ageOf = new Map<SimProcess, number>()
  /** Where the job was before it went on from a savepoint, by where it is. */
  readonly #formerly = new Map<string, string>()
  /** Grows with each look for splits of a source that is not bounded. */
  #discoveries = 0.5
  #starts = 0
  #newest: SimProcess | undefined
  #deletesOnCancel = false
  #parallelism = 0

  constructor(world: DeploymentWorld) {
    const { random, scheduler, options, faults, storage } = world
    const { nativeStore } = options
    this.#world = world
    this.#random = random.fork('deployments')
    this.#ages = new Ages(random.fork('ages'))
    this.#poison = new Poison(faults, random.fork('poison'))
    const keyGroups = [4, 16, 128][random.int(3)] ?? 128
    this.#maxParallelism = world.theme.maxParallelism ?? keyGroups
    const folders = new SimFolders(scheduler, random.fork('folders'))
    const isWitnessed = random.fork('witness').int(world.theme.isStateful === true ? 2 : 5) === 0
    // It does not read what is sealed; such jobs have a witness of their own.
    const isReadable = isWitnessed && !world.erasures.areUsed
    const witness = isReadable ? new Witness({ scheduler, storage, faults }) : undefined
    const leaders = new Map<string, SimProcess>()
    const helpers = new SimHelpers()
    const parts = { scheduler, faults, folders, storage, nativeStore, helpers }
    this.#processWorld = { ...parts, leaders, witness }
  }

  /** Nothing happens any more. */
  end(): void {
    this.#processWorld.helpers.end()
  }

  get starts(): number {
    return this.#starts
  }

  get newest(): SimProcess | undefined {
    return this.#newest
  }

  isNewest(process: SimProcess): boolean {
    return process === this.#newest
  }

  /** No other process has fenced this one off. */
  leads(process: SimProcess): boolean {
    const { leaders } = this.#processWorld
    return this.isNewest(process) && leaders.get(this.#world.place.location) === process
  }

  /** The code of this process is older than that of a later start. */
  isOutdated(process: SimProcess): boolean {
    return (this.#ageOf.get(process) ?? 0) < this.#ages.now
  }

  /** So many key groups, unless a savepoint was converted to another number. */
  get maxParallelism(): number {
    return this.#maxParallelism
  }

  /** A job of its own goes on from a savepoint, in a place of its own. */
  fork(savepoint: string, storage: string, maxParallelism: number): Begun {
    this.#consumed.clear()
    const name = `f${++this.#starts}`
    const process = this.#process(name, this.#ages.now, false)
    const random = this.#random.fork(`options-${name}`)
    const own = { from: savepoint, claim: 'claim', maxParallelism } as const
    const job = this.#job(random, this.#ages.now)
    const options = { ...this.#runOptions(random, storage), ...own }
    return { process, running: this.#run(process, job, options, this.#world.place.location) }
  }

  /**
   * Begins a start: its process and, when it runs, the job in it.
   *
   * @param changes of its options for checkpoints.
   */
  begin(changes: RunOptions['checkpointing'] = {}): Begun {
    const { place, faults } = this.#world
    const before = this.#newest
    const former = { age: this.#ages.now, parallelism: this.#parallelism }
    this.#consumed.clear()
    this.#poison.deployed()
    const age = this.#ages.next()
    const process = this.#process(`p${++this.#starts}`, age, former.age >= 0 && age > former.age)
    this.#newest = process
    const random = this.#random.fork(`options-${this.#starts}`)
    const formerly = place.location
    const origin = place.origin(random, faults.isHealed, this.#world.theme.goesBack)
    if (place.location !== formerly) this.#formerly.set(place.location, formerly)
    this.#deletesOnCancel = random.int(4) === 0
    const job = this.#job(random, age)
    const drawn = this.#runOptions(random)
    const parallelism = this.#world.theme.shrinks === true ? this.#shrunk(random) : {}
    const options = { ...drawn, ...parallelism }
    this.#parallelism = options.parallelism ?? 1
    const isRescaled = this.#parallelism !== former.parallelism
    if (before?.checkpoints.isUnderWay === true && isRescaled) {
      faults.count('rescaleDuringCheckpoint')
    }
    const checkpointing = { ...options.checkpointing, ...changes }
    const all = { ...options, checkpointing, ...origin }
    const running = this.#run(process, job, all, this.#formerly.get(place.location))
    return { process, running, restart: options.restart }
  }

  /** A process of its own that stands by; it may have newer code than who leads. */
  standby(name: string): Begun {
    const random = this.#random.fork(`options-${name}`)
    const { now } = this.#ages
    const age = this.#ages.next()
    const process = this.#process(name, age, age > now)
    const options = { ...this.#runOptions(random), standby: true }
    return { process, running: runOn(process.host, this.#job(random, age), options) }
  }

  /** Uids of the operators that park keys. */
  get parking(): readonly string[] {
    return this.#world.workload.nodes.flatMap((node) => {
      return node.kind === 'guard' && node.policy === 'park' ? node.uid : []
    })
  }

  /** Some source waits for more input for ever. */
  get isEndless(): boolean {
    return this.#world.workload.sources.some(({ bounded }) => !bounded)
  }

  violated(message: string): void {
    this.#world.scheduler.fail(new Violation(message))
  }

  /** All that sources which end only when they are told to have is handed over. */
  hasConsumedAll(): boolean {
    const endless = this.#world.workload.sources.filter(({ bounded }) => !bounded)
    const all = endless.flatMap(({ uid, splits }) => splits.map(({ id }) => `${uid}/${id}`))
    return all.every((split) => this.#consumed.has(split))
  }

  /** Many subtasks, then fewer, and so on. */
  #shrunk(random: Random): Pick<RunOptions, 'parallelism'> {
    return { parallelism: this.#starts % 2 === 1 ? 3 : 1 + random.int(2) }
  }

  /** @param formerly where the vault is, if the job goes on from another's savepoint. */
  async #run(
    process: SimProcess,
    job: Job,
    options: RunOptions,
    formerly: string | undefined,
  ): Promise<JobHandle> {
    const { erasures, clock } = this.#world
    const to = options.checkpointing?.storage
    const isMissing = erasures.areUsed && typeof to === 'string' && !erasures.hasVault(to)
    if (isMissing && formerly !== undefined) await erasures.carry(formerly, to, clock)
    return await runOn(process.host, job, options)
  }

  #process(name: string, age: number, migrates: boolean): SimProcess {
    const random = this.#random.fork(`process-${name}`)
    const process = new SimProcess(this.#processWorld, {
      ...processOptions(name, random, this.#world.theme),
      ...this.#world.theme.process,
      migrates: migrates && this.#world.workload.typed,
    })
    this.#ageOf.set(process, age)
    return process
  }

  #runOptions(random: Random, storage = this.#world.place.location): RunOptions {
    const { faults, scheduler, theme } = this.#world
    const { keys } = this.#world.storage
    // Sometimes there is a newer one.
    if (keys.areUsed && random.fork('rotation').int(3) === 0) keys.rotate()
    const options = randomOptions(random, {
      isEncrypted: keys.areUsed,
      hasSubjects: this.#world.erasures.areUsed,
      storage,
      maxParallelism: this.#maxParallelism,
      deletesOnCancel: this.#deletesOnCancel,
      isPatient: faults.isHealed,
      scale: scheduler.scale,
      theme,
    })
    const { keep } = options.checkpointing ?? {}
    if (typeof keep === 'number') this.#world.storage.directory(storage).chain.keeps(keep)
    return options
  }

  #job(random: Random, age: number): Job {
    const { scheduler, faults, options, workload, output, clock } = this.#world
    return simJob(
      { scheduler, faults, random: random.fork('connectors') },
      {
        ...options,
        random,
        age,
        workload,
        output,
        clock,
        poison: this.#poison,
        needs: this.#world.theme.backend,
        isEncrypted: this.#world.storage.keys.areUsed,
        witness: this.#processWorld.witness,
        splitsNow: () => (this.#discoveries += 0.5),
        onSplitEnd: (split) => this.#consumed.add(split),
      },
    )
  }
}
