/**
 * The life of one job under one seed: it is started, disturbed, killed and started again, several
 * times; then all faults end, and it must come to its end with exactly what the oracle demands.
 */
import { required } from '../src/util/assert.ts'
import { type Random, SeededRandom } from '../src/util/random.ts'
import { bankEvents } from './checks/history.ts'
import { requireOutput } from './checks/output.ts'
import { FaultPlan } from './faults.ts'
import { Deployments } from './life/deployments.ts'
import { Erasures } from './life/erasures.ts'
import { finalStart, type FinalWorld, lastAttempt } from './life/final.ts'
import { type Fork, Forks } from './life/forks.ts'
import { Life } from './life/life.ts'
import { Place } from './life/place.ts'
import { Scheduler } from './scheduler.ts'
import type { SeedOptions, SeedReport } from './seed.ts'
import { SimClock } from './sim-clock.ts'
import { SimOutput } from './sim-connectors.ts'
import { SimStorage } from './sim-store.ts'
import { smaller } from './shrink/workload.ts'
import { randomTheme } from './theme.ts'
import { randomTimeScale, timeScale } from './time-scale.ts'
import { generateBank } from './workloads/generate-bank.ts'
import { generateCrowded } from './workloads/generate-crowded.ts'
import { generateWorkload } from './workloads/generate.ts'
import { withShredded } from './workloads/shredded.ts'
import type { Workload } from './workloads/workload.ts'

const EVENTS_MAX = 400_000
/** Of so many jobs one has subjects that are erased. */
const ERASED_OF = 12
/** The vault is one file: what a disk does to it nobody mends but from a copy. */
const SOUND_VAULTS = { lostSync: 0, bitRot: 0, lostWrite: 0, misdirectedWrite: 0 }
/** Of so many jobs that have finished one is run again, and must know that it has. */
const RUN_AGAIN_EVERY = 4

export class Scenario {
  readonly #options: SeedOptions
  readonly #scheduler: Scheduler
  readonly #faults: FaultPlan
  readonly #storage: SimStorage
  readonly #output: SimOutput
  readonly #workload: Workload
  readonly #clock: SimClock
  readonly #place: Place
  readonly #deployments: Deployments
  readonly #life: Life
  readonly #forks: Forks
  readonly #erasures: Erasures
  readonly #random: Random

  constructor(options: SeedOptions) {
    const seeded = new SeededRandom(options.seed)
    this.#options = options
    const { onTrace, eventsMax = EVENTS_MAX, shrunk = {} } = options
    const { roll = 0, unit, without, cuts = [] } = shrunk
    const random = roll === 0 ? seeded : seeded.fork(`roll-${roll}`)
    const theme = randomTheme(seeded.fork('theme'))
    const drawn = theme.scale ?? randomTimeScale(seeded.fork('time'))
    const scale = unit === undefined ? drawn : timeScale(unit)
    const scheduler = new Scheduler({ eventsMax, onTrace, scale })
    this.#scheduler = scheduler
    const hasSubjects =
      options.onHistory === undefined && seeded.fork('erasures').int(ERASED_OF) === 0
    const strengths = hasSubjects ? { ...theme.faults, ...SOUND_VAULTS } : theme.faults
    this.#faults = new FaultPlan(random.fork('faults'), undefined, without, strengths)
    const world = { scheduler, faults: this.#faults, random: random.fork('world') }
    this.#storage = new SimStorage(world, theme.storage, hasSubjects)
    this.#output = new SimOutput(world, (lineage, id) => this.#storage.wasConfirmed(lineage, id))
    const usual = theme.isCrowded === true ? generateCrowded : generateWorkload
    const generate = options.onHistory === undefined ? usual : generateBank
    const usually = generate(seeded.fork('workload'), theme.isStateful)
    const whole = hasSubjects ? withShredded(usually, seeded.fork('subjects')) : usually
    const workload = smaller(whole, cuts)
    this.#workload = required(workload, 'the workload cannot be shrunk like that')
    this.#clock = new SimClock(scheduler, scheduler.world, random.fork('clock'))
    this.#place = new Place(this.#storage)
    const storage = this.#storage
    const ofErasures = { storage, faults: this.#faults, random: random.fork('erasures') }
    this.#erasures = new Erasures(ofErasures, this.#workload)
    const parts = {
      ...world,
      erasures: this.#erasures,
      theme,
      options,
      clock: this.#clock,
      place: this.#place,
      storage: this.#storage,
      output: this.#output,
      workload: this.#workload,
    }
    this.#random = random.fork('final')
    this.#forks = new Forks(this.#output, this.#place, random.fork('forks'))
    this.#deployments = new Deployments({ ...parts, random: random.fork('deployments') })
    const [deployments, forks] = [this.#deployments, this.#forks]
    this.#life = new Life({ ...parts, deployments, forks, random: random.fork('scenario') })
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
      await this.#erasures.settled()
    } finally {
      process.off('unhandledRejection', onUnhandled)
      this.#scheduler.end()
      this.#deployments.end()
    }
  }

  report(): Omit<SeedReport, 'violation'> {
    return {
      seed: this.#options.seed,
      traceHash: this.#scheduler.traceHash,
      events: this.#scheduler.events,
      virtualMs: this.#scheduler.nowMs,
      starts: this.#deployments.starts,
      resumed: this.#storage.resumed,
      faults: this.#faults,
      workload: this.#workload,
    }
  }

  async #live(): Promise<void> {
    await this.#life.live()
    this.#faults.heal()
    await finalStart(this.#finalWorld, false)
    this.#options.onHistory?.(bankEvents(this.#output.visible('history', this.#place.order)))
    this.#compare()
    await this.#eraseAtLast()
    if (this.#options.seed % RUN_AGAIN_EVERY === 0) {
      await finalStart(this.#finalWorld, true)
      this.#compare()
    }
    if (this.#options.shrunk?.calm?.includes('forks') === true) return
    const fork = this.#forks.chosen()
    if (fork !== undefined && !this.#faults.hasDamage) await this.#fork(fork)
  }

  /** Nothing disturbs it: then one vault is left, and nothing of the subject. */
  async #eraseAtLast(): Promise<void> {
    const { location } = this.#place
    this.#erasures.requireOneVault(location)
    await this.#life.commands.erase()
    this.#erasures.requireOneVault(location)
    this.#erasures.look(location)
  }

  /** Another job goes on from a savepoint; what was visible then and what it shows is all. */
  async #fork({ savepoint, lineages, visible }: Fork): Promise<void> {
    const deployments = this.#deployments
    let [from, { maxParallelism }] = [savepoint, deployments]
    if (this.#options.seed % 2 === 0) {
      from = `${savepoint}-converted`
      maxParallelism *= 2
      await this.#life.commands.convert(savepoint, from, maxParallelism)
    }
    const location = `${savepoint}-fork`
    const { chain } = this.#storage.directory(location)
    this.#output.beginFork()
    const at = () => chain.history.filter(({ kind }) => kind === 'checkpoint').length
    const begun = deployments.fork(from, location, maxParallelism)
    await lastAttempt(this.#finalWorld, begun, { hadFinished: false, at })
    this.#faults.count('fork')
    const ids = new Set([...visible, ...this.#output.committedByFork])
    const { order } = this.#place
    const confirming: typeof order.confirming = (lineage, checkpointId) =>
      (lineage === chain.lineage ? chain : order).confirming(lineage, checkpointId)
    const all = { lineages: [...lineages, chain.lineage], confirming }
    requireOutput(this.#workload, (uid) => this.#output.written(uid, all, ids), this.#timesErased)
  }

  readonly #timesErased = (k: number): number => this.#erasures.timesAsked(k)

  get #finalWorld(): FinalWorld {
    const [scheduler, faults, clock] = [this.#scheduler, this.#faults, this.#clock]
    const [deployments, place, random] = [this.#deployments, this.#place, this.#random]
    return { scheduler, faults, clock, deployments, place, random }
  }

  #compare(): void {
    const { order } = this.#place
    requireOutput(this.#workload, (uid) => this.#output.visible(uid, order), this.#timesErased)
  }
}
