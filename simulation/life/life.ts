/**
 * The disturbed part of a job's life: starts that fail, crash, are stopped or cancelled, or end by
 * themselves, while others stand by and people ask for things.
 */
import type { JobHandle } from '../../src/runtime/job-handle.ts'
import type { Random } from '../../src/util/random.ts'
import type { FaultPlan } from '../faults.ts'
import { type Scheduler, Violation } from '../scheduler.ts'
import type { SeedOptions } from '../seed.ts'
import type { Pastime, Shrunk } from '../shrink/shrunk.ts'
import type { SimClock } from '../sim-clock.ts'
import type { SimProcess } from '../sim-host.ts'
import type { SimStorage } from '../sim-store.ts'
import type { Theme } from '../theme.ts'
import { Commands } from './commands.ts'
import type { Begun, Deployments } from './deployments.ts'
import { describeError, requireExplained } from './explained.ts'
import type { Erasures } from './erasures.ts'
import type { Forks } from './forks.ts'
import type { Place } from './place.ts'
import {
  cancelAtLast,
  eraseSubjects,
  handOverAtLast,
  makeRequests,
  releaseParked,
  type Requests,
  stopAtLast,
} from './requests.ts'
import { requireRestartsUsed } from './restarts.ts'
import { Standbys } from './standbys.ts'

const STARTS_MAX = 4
/** Where a start is about the one before it. */
const SUCCESSIONS_MIN = 3
/** Whoever is next begins while the former process is still at its end. */
const IMPATIENT_OUTAGE_MS_MAX = 5
const PATIENCE_MS_MAX = 40

export interface LifeWorld {
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
  readonly clock: SimClock
  readonly random: Random
  readonly place: Place
  readonly deployments: Deployments
  readonly storage: SimStorage
  readonly forks: Forks
  readonly options: SeedOptions
  readonly theme: Theme
  readonly erasures: Erasures
}

export class Life {
  readonly #world: LifeWorld
  readonly #random: Random
  /** Processes that were left alive when another one was started. */
  readonly #zombies: SimProcess[] = []
  readonly #standbys: Standbys
  readonly commands: Commands
  #isFinished = false

  constructor(world: LifeWorld) {
    this.#world = world
    this.#random = world.random
    this.#standbys = new Standbys({
      clock: world.clock,
      start: (name) => world.deployments.standby(name),
      onFinished: () => (this.#isFinished = true),
      onError: (process, error) => this.#judge(process, 'standby', error),
    })
    this.commands = new Commands({
      ...world,
      random: world.random.fork('commands'),
      onError: (what, error) => this.#judge(undefined, what, error),
    })
  }

  async live(): Promise<void> {
    const random = this.#random
    const { starts = STARTS_MAX } = this.#shrunk
    const drawn = random.int(STARTS_MAX + 1)
    const { isLeftAlone = false, isImpatient = false, stops = false } = this.#world.theme
    const least = isImpatient || stops ? SUCCESSIONS_MIN : isLeftAlone ? 1 : 0
    const disturbed = Math.min(starts, Math.max(drawn, least))
    for (let start = 0; start < disturbed; start++) {
      await this.#disturbedStart()
      if (this.#isFinished && random.int(3) > 0) break
    }
    for (const zombie of this.#zombies.splice(0)) zombie.crash('at last')
  }

  async #disturbedStart(): Promise<void> {
    const random = this.#random
    const { deployments, clock } = this.#world
    const begun = deployments.begin()
    const { process } = begun
    await Promise.race([this.#disturb(begun), process.crashed])
    const { isImpatient = false } = this.#world.theme
    // Sometimes the former process is only believed dead: it stands still and wakes up later, or
    // is still at its end.
    const fate = random.int(4)
    if (process.scope.isAlive && (isImpatient ? fate > 0 : fate === 0)) {
      if (!isImpatient) process.stall()
      this.#zombies.push(process)
    } else if (random.int(3) > 0) process.crash('at the end of the start')
    else this.#world.storage.losePower(process.machine)
    this.#zombies.push(...(await this.#standbys.end(random)))
    if (!this.#isCalm('commands')) await this.commands.betweenStarts()
    this.#world.erasures.look(this.#world.place.location)
    const outageMsMax = isImpatient ? IMPATIENT_OUTAGE_MS_MAX : clock.scale.outageMsMax
    await clock.sleep(random.next() * outageMsMax)
  }

  async #disturb(begun: Begun): Promise<void> {
    const { process, restart = {} } = begun
    const random = this.#random
    const { clock, theme } = this.#world
    const handle = await this.#begun(begun)
    // Gone in the very event in which it began to run: nobody stands by for it any more.
    if (handle === undefined || !process.scope.isAlive) return
    const finished = handle.finished.then(
      ({ outcome }) => void (this.#isFinished = outcome === 'finished'),
      (error: unknown) => {
        this.#judge(process, 'run', error)
        if (!process.isCancelled) requireRestartsUsed(error, handle.status, restart)
      },
    )
    if (!this.#isCalm('standbys')) this.#standbys.begin(random, process.scope.name)
    const deadline = clock.sleep(random.next() * clock.scale.startMsMax)
    const requests = this.#requests(process, handle)
    const isLeftAlone = this.#world.theme.isLeftAlone === true && random.int(3) > 0
    if (!isLeftAlone && !this.#isCalm('requests')) {
      makeRequests(requests).catch((error: unknown) => this.#world.scheduler.fail(error))
    }
    if (!this.#isCalm('requests')) {
      releaseParked(requests).catch((error: unknown) => this.#world.scheduler.fail(error))
    }
    if (this.#world.erasures.areUsed && !this.#isCalm('requests')) {
      eraseSubjects(requests).catch((error: unknown) => this.#world.scheduler.fail(error))
    }
    await Promise.race([finished, deadline])
    if (this.#isCalm('requests')) return
    const last = random.int(4)
    if (theme.cancels === true && random.int(4) > 0) {
      await Promise.race([finished, cancelAtLast(requests)])
    } else if (last < 2 || theme.stops === true)
      await Promise.race([finished, stopAtLast(requests)])
    else if (this.#standbys.exist) await Promise.race([finished, handOverAtLast(requests)])
  }

  /** The job, once it runs; undefined: it does not, or nobody waits until it does. */
  async #begun({ process, running }: Begun): Promise<JobHandle | undefined> {
    const { clock, theme } = this.#world
    const judged = running.catch((error: unknown) => this.#judge(process, 'start', error))
    if (theme.isImpatient !== true || this.#random.int(3) > 0) return (await judged) ?? undefined
    const handle = await Promise.race([judged, clock.sleep(this.#random.next() * PATIENCE_MS_MAX)])
    if (handle !== undefined) return handle
    void judged.then((late) =>
      late?.finished.catch((error: unknown) => this.#judge(process, 'run', error)),
    )
    return undefined
  }

  get #shrunk(): Shrunk {
    return this.#world.options.shrunk ?? {}
  }

  #isCalm(pastime: Pastime): boolean {
    return this.#shrunk.calm?.includes(pastime) === true
  }

  #requests(process: SimProcess, handle: JobHandle): Requests {
    const { scheduler, clock, deployments, place, faults, forks } = this.#world
    const { starts } = deployments
    return {
      process,
      handle,
      clock,
      faults,
      random: this.#random.fork(`requests-${starts}`),
      parking: deployments.parking,
      erasures: this.#world.erasures,
      savepoint: `sim/savepoint-${starts}`,
      onRequest: () => scheduler.note(process.scope.name, 'request'),
      onStoppedWith: (savepoint) => {
        // What a process that slept has written is not where the job stands.
        if (deployments.isNewest(process) && !this.#standbys.exist) place.stoppedWith(savepoint)
      },
      onSavepoint: (savepoint, checkpointId) => {
        this.#acknowledged(savepoint)
        this.#world.erasures.savepoint(handle.checkpointLocation, savepoint)
        if (deployments.leads(process)) forks.acknowledged(savepoint, checkpointId)
      },
      sweep: () => this.commands.sweep(),
      onError: (error) => this.#judge(process, 'request', error),
    }
  }

  /** Somebody counts on this savepoint from now on. */
  #acknowledged(savepoint: string): void {
    const { storage, scheduler, faults } = this.#world
    try {
      if (!faults.hasDamage) storage.directory(savepoint).chain.acknowledged()
    } catch (error) {
      scheduler.fail(new Violation(`${savepoint}: ${describeError(error)}`))
    }
  }

  /** Errors that faults explain are part of life; any other one is a bug. */
  #judge(process: SimProcess | undefined, what: string, error: unknown): void {
    const { scheduler, faults, deployments } = this.#world
    scheduler.note(process?.scope.name ?? what, `${what} failed: ${describeError(error)}`)
    requireExplained(what, error, {
      hasRivals: this.#zombies.length > 0 || this.#standbys.exist,
      hasFlips: faults.hasFlips,
      hasStalled: faults.hasStalled,
      isOutdated: process !== undefined && deployments.isOutdated(process),
    })
  }
}
