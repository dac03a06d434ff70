/**
 * A simulated process: the host that the job master sees, whose workers are in `sim-worker.ts`. It
 * may crash or stall at named points, between any two of its events, and in each phase of a
 * checkpoint.
 */
import type { FromWorker, ToWorker } from '../src/checkpoint/messages.ts'
import type { Host, WorkerEvents, WorkerPort, WorkerSpec } from '../src/runtime/host.ts'
import type { NativeStoreFactory } from '../src/state/backend.ts'
import type { Random } from '../src/util/random.ts'
import type { FaultKind } from './fault-kinds.ts'
import { type FaultPlan, increment } from './faults.ts'
import { CheckpointWatch } from './checkpoint-watch.ts'
import { Scope, type Scheduler } from './scheduler.ts'
import { type ClockFace, SimClock } from './sim-clock.ts'
import type { SimFolders } from './sim-folders.ts'
import type { SimStorage } from './sim-store.ts'
import type { SimHelpers } from './tables/sim-helpers.ts'
import { KEYS_OF_SUBJECTS } from './sim-keys.ts'
import { SimWorker } from './sim-worker.ts'
import type { Witness } from './witness/witness.ts'

export interface ProcessWorld {
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
  readonly storage: SimStorage
  readonly nativeStore: NativeStoreFactory | undefined
  readonly helpers: SimHelpers
  readonly folders: SimFolders
  /** By storage: the process that has fenced all others off. */
  readonly leaders: Map<string, SimProcess>
  /** Of the state of its tasks; not in every seed. */
  readonly witness: Witness | undefined
}

export interface ProcessOptions {
  readonly name: string
  readonly random: Random
  /** Of which a job takes its share: small, so that memory is short. */
  readonly memoryBytes: number
  readonly ringBytes: number
  readonly sinkValues: number
  /** How long background work goes on at a time. */
  readonly sliceMs: number
  /** So many due timers fire in one go. */
  readonly timersPerStep: number
  /** How often a busy worker lets others run, from 0 to 1. */
  readonly yieldChance: number
  /** Processes of one machine see each other end. */
  readonly machine: number
  /** All of its workers load what they restore in slices; else half of them do. */
  readonly restoresLazily: boolean
  /** Some types of its states are newer than those of the process before. */
  readonly migrates: boolean
}

const JUMP_MS_MAX = 3_600_000
const LATE_MS_MAX = 250
const MERGE_MS_MAX = 150
const FENCE_MS_MAX = 60
/** A clock that goes wrong shows between these for one millisecond. */
const RATE_MIN = 0.8
const RATE_MAX = 1.25
/** A process that is to end somewhere does so within about two to the power of that many events. */
const DOOM_EVENTS_BITS = 11
const RESTORE_EVENTS_MAX = 60
const IMPORT_POINTS: ReadonlySet<string> = new Set([
  'run-imported',
  'before-import-link',
  'after-import-link',
  'claimed-deleted',
])

export class SimProcess {
  readonly scope: Scope
  readonly clock: SimClock
  /** Of this process and its workers. */
  readonly face: ClockFace
  readonly host: Host
  /** Resolves when the process has crashed. */
  readonly crashed: Promise<void>
  readonly machine: number
  readonly workers: SimWorker[] = []
  readonly checkpoints: CheckpointWatch
  readonly #world: ProcessWorld
  readonly #options: ProcessOptions
  readonly #random: Random
  /** Where its checkpoints are. */
  #storage = ''
  #isRestoring = false
  #isCancelled = false
  #reportCrash: () => void = () => undefined

  constructor(world: ProcessWorld, options: ProcessOptions) {
    this.#world = world
    this.#options = options
    this.#random = options.random.fork('faults')
    this.scope = new Scope(options.name)
    this.machine = world.storage.machineOf(options.machine)
    world.storage.attach(this.machine, () => this.crash('with its machine'))
    this.checkpoints = new CheckpointWatch()
    this.crashed = new Promise((resolve) => (this.#reportCrash = resolve))
    this.face = this.#face()
    const { scheduler } = world
    this.clock = new SimClock(scheduler, this.scope, options.random.fork('clock'), this.face)
    this.host = this.#host()
    if (world.faults.wouldStrike('crashAnywhere')) this.#doom('crashAnywhere', DOOM_EVENTS_BITS)
  }

  /** As `kill -9`: nothing of the process happens any more. */
  crash(why: string): void {
    if (!this.scope.isAlive) return
    this.#world.scheduler.note(this.scope.name, `crash ${why}`)
    this.endsNow()
    this.scope.kill()
    this.#reportCrash()
  }

  /** The process stands still, as when a machine sleeps or is swapping. */
  stall(): void {
    const { nowMs, scale } = this.#world.scheduler
    this.scope.stallUntil(nowMs + this.#options.random.next() * scale.stallMsMax)
  }

  /** Somebody has asked for its job to be cancelled. */
  get isCancelled(): boolean {
    return this.#isCancelled
  }

  /** From now on its job is being cancelled. */
  cancels(): void {
    this.#isCancelled = true
    this.endsNow()
  }

  /** It is asked to end, or does: counted if a checkpoint is under way. */
  endsNow(): void {
    if (this.checkpoints.isUnderWay) this.#world.faults.count('endDuringCheckpoint')
  }

  /** What a named point does: a fault, or nothing. */
  at(point: string, worker: SimWorker | undefined): void | Promise<void> {
    const { faults, scheduler } = this.#world
    const scope = worker?.scope ?? this.scope
    if (!scope.isAlive) return new Promise(() => undefined)
    increment(faults.pointsReached, point)
    scheduler.note(scope.name, `at ${point}`)
    this.#seeLead(point)
    if (faults.strikes('clockJump')) {
      this.face.offsetMs = (this.#options.random.next() - 0.5) * JUMP_MS_MAX
    }
    if (faults.strikes('stallAtPoint') || this.#stallsIn(point)) {
      // The others go on meanwhile: not for days, in which nothing happens that is worth it.
      const { stallMsMax, startMsMax } = scheduler.scale
      const lastsMs = worker === undefined ? stallMsMax : Math.min(stallMsMax, 6 * startMsMax)
      scope.stallUntil(scheduler.nowMs + this.#options.random.next() * lastsMs)
      // Even what is said at once arrives later: the point itself waits.
      return (worker?.clock ?? this.clock).sleep(0)
    }
    if (worker !== undefined && point.startsWith('merge') && faults.strikes('mergeSlow')) {
      return worker.clock.sleep(this.#options.random.next() * MERGE_MS_MAX)
    }
    if (point === 'before-fence' && !this.#isCancelled && faults.strikes('fenceSlow')) {
      return this.clock.sleep(this.#options.random.next() * FENCE_MS_MAX)
    }
    const isConfirm = point === 'before-manifest' || point === 'after-manifest'
    if (isConfirm && this.#loses('coordinatorLostInConfirm')) return new Promise(() => undefined)
    if (IMPORT_POINTS.has(point) && this.#loses('crashInImport')) {
      increment(faults.pointsCrashed, point)
      return new Promise(() => undefined)
    }
    if (faults.strikes('crashAtPoint')) this.crash(`at ${point}`)
    else if (worker !== undefined && faults.strikes('workerCrashAtPoint')) worker.crash(point)
    else return
    increment(faults.pointsCrashed, point)
    return new Promise(() => undefined)
  }

  /** Meanwhile another one leads, for which something else is to be kept. */
  #stallsIn(point: string): boolean {
    const { faults } = this.#world
    if (this.#isCancelled && point.startsWith('gc-')) return faults.strikes('stallInGivingUp')
    return point === 'gc-begin' && faults.strikes('stallInCollecting')
  }

  /** A message is on its way to a worker; those to the others may never be. */
  onSent(message: ToWorker): void {
    this.checkpoints.sent(message)
    if (message.kind === 'trigger') this.#loses('coordinatorLostInInit')
    else if (message.kind === 'complete') this.#completes(message)
    else if (message.kind === 'deploy') this.#beginRestoring()
  }

  /** A message of a worker has been taken note of. */
  onReceived(message: FromWorker): void {
    const { kind } = message
    this.checkpoints.received(message)
    if (kind === 'acknowledge') this.#loses('coordinatorLostInPrepare')
    if (kind === 'acknowledge') this.#isRestoring = false
  }

  #host(): Host {
    const { storage, folders } = this.#world
    const { memoryBytes, ringBytes, sinkValues, sliceMs, timersPerStep, random } = this.#options
    const { machine } = this
    return {
      clock: this.clock,
      random: random.fork('master'),
      memoryBytes,
      bounds: { ringBytes, sinkValues, sliceMs, timersPerStep },
      runsValuesInParallel: true,
      machineLayers: async () => [],
      at: (point) => this.at(point, undefined),
      openStore: async (location) => {
        if (this.#storage === '') this.#storage = location
        return storage.open(location, this.scope, this.machine)
      },
      // Two rings must not draw the same.
      openKeys: async (place) => {
        return storage.keys.ring(random.fork(place === KEYS_OF_SUBJECTS ? place : 'keys'))
      },
      openSignatures: () => Promise.reject(new Error('no simulated job signs')),
      absoluteLocation: (location) => location,
      requireUnowned: async () => undefined,
      process: { host: `machine-${machine}`, pid: 1 },
      owner: async (directory, jobName) => folders.owner(this, directory, jobName),
      claim: async (request) => folders.claim(this, request),
      spawn: (spec, events) => this.#spawn(spec, events),
    }
  }

  #spawn(spec: WorkerSpec, events: WorkerEvents): WorkerPort {
    const worker = new SimWorker(this, this.#world, this.#options, spec, events)
    this.workers[spec.index] = worker
    return worker
  }

  #face(): ClockFace {
    const { faults } = this.#world
    const random = this.#options.random.fork('face')
    const rate = RATE_MIN + random.next() * (RATE_MAX - RATE_MIN)
    const lateMs = (): number => (faults.strikes('timerLate') ? random.next() * LATE_MS_MAX : 0)
    return { offsetMs: 0, rate: faults.strikes('clockDrift') ? rate : 1, lateMs }
  }

  #doom(kind: FaultKind, bits: number): void {
    const events = Math.floor(2 ** (this.#random.next() * bits))
    this.scope.doomAfter(events, () => {
      this.#world.faults.strike(kind, () => this.crash('somewhere'))
    })
  }

  /** The process is gone, and with it whoever coordinates checkpoints. */
  #loses(kind: FaultKind): boolean {
    if (!this.scope.isAlive || !this.#world.faults.strikes(kind)) return false
    this.crash(kind)
    return true
  }

  /** What a checkpoint holds is needed when somebody goes down before the next one. */
  #completes(message: ToWorker): void {
    if (this.#loses('coordinatorLostInComplete')) return
    if (!this.checkpoints.completesSpecial(message) || !this.scope.isAlive) return
    if (!this.#world.faults.strikes('lostWhenNeeded')) return
    const why = 'when its checkpoint is needed'
    const worker = this.workers[this.#random.int(2 * this.workers.length)]
    if (worker === undefined) this.crash(why)
    else worker.crash(why)
  }

  #beginRestoring(): void {
    const { faults } = this.#world
    if (!this.#options.migrates || this.#isRestoring) return
    this.#isRestoring = true
    if (!faults.wouldStrike('crashInMigration')) return
    this.scope.doomAfter(this.#random.int(RESTORE_EVENTS_MAX), () => {
      // Later than the first acknowledgement all that was restored has been used.
      if (!this.#isRestoring) return
      faults.strike('crashInMigration', () => this.crash('while it restores older types'))
    })
  }

  /** Who leads is who has written the newest fence; another one may not know of that yet. */
  #seeLead(point: string): void {
    const { leaders, faults } = this.#world
    if (point === 'after-fence') leaders.set(this.#storage, this)
    const leader = leaders.get(this.#storage)
    if (point !== 'before-manifest' || leader === this || leader?.scope.isAlive !== true) return
    faults.count('twoCoordinators')
  }
}
