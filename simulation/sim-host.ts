/**
 * A simulated process: the host that the job master sees, and one for each worker. Workers are the
 * real worker runtime in the same thread; messages between them and the master are copied and
 * delivered through the event queue, in order for each direction. Named points may crash or stall.
 */
import type { FromWorker, ToWorker } from '../src/checkpoint/messages.ts'
import { errorToData, MillraceError } from '../src/errors.ts'
import type { Host, WorkerEvents, WorkerHost, WorkerPort, WorkerSpec } from '../src/runtime/host.ts'
import { WorkerRuntime } from '../src/runtime/worker-runtime.ts'
import type { NativeStoreFactory } from '../src/state/backend.ts'
import { MemoryScratch } from '../src/storage/scratch-memory.ts'
import type { TimerHandle } from '../src/util/clock.ts'
import type { Random } from '../src/util/random.ts'
import { type FaultPlan, increment } from './faults.ts'
import { Scope, type Scheduler, Violation } from './scheduler.ts'
import { SimClock } from './sim-clock.ts'
import type { SimFolders } from './sim-folders.ts'
import type { SimStorage } from './sim-store.ts'

export interface ProcessWorld {
  readonly scheduler: Scheduler
  readonly faults: FaultPlan
  readonly storage: SimStorage
  readonly nativeStore: NativeStoreFactory | undefined
  readonly folders: SimFolders
}

export interface ProcessOptions {
  readonly name: string
  readonly random: Random
  /** Of which a job takes its share: small, so that memory is short. */
  readonly memoryBytes: number
  readonly ringBytes: number
  readonly sinkValues: number
  /** How often a busy worker lets others run, from 0 to 1. */
  readonly yieldChance: number
  /** Processes of one machine see each other end. */
  readonly machine: number
}

const MESSAGE_MS_MAX = 0.6
const SLOW_MESSAGE_MS_MAX = 40
const WAKE_MS_MAX = 0.2
const STALL_MS_MAX = 1_500
const JUMP_MS_MAX = 3_600_000
const FOREVER = new Promise<never>(() => undefined)

/** Messages in one direction: copied when sent, delivered in order after some time. */
class Line {
  readonly #world: ProcessWorld
  readonly #random: Random
  readonly #receiver: Scope
  #lastAtMs = 0

  constructor(world: ProcessWorld, random: Random, receiver: Scope) {
    this.#world = world
    this.#random = random
    this.#receiver = receiver
  }

  send(label: string, deliver: () => void): void {
    const { scheduler, faults } = this.#world
    const { nowMs } = scheduler
    const delayMsMax = faults.strikes('messageSlow') ? SLOW_MESSAGE_MS_MAX : MESSAGE_MS_MAX
    this.#lastAtMs = Math.max(this.#lastAtMs, nowMs + this.#random.next() * delayMsMax)
    scheduler.schedule(this.#receiver, this.#lastAtMs - nowMs, label, deliver)
  }
}

export class SimProcess {
  readonly scope: Scope
  readonly clock: SimClock
  readonly host: Host
  /** Resolves when the process has crashed. */
  readonly crashed: Promise<void>
  readonly machine: number
  readonly workers: SimWorker[] = []
  readonly #world: ProcessWorld
  readonly #options: ProcessOptions
  #reportCrash: () => void = () => undefined

  constructor(world: ProcessWorld, options: ProcessOptions) {
    this.#world = world
    this.#options = options
    this.scope = new Scope(options.name)
    this.machine = options.machine
    this.crashed = new Promise((resolve) => (this.#reportCrash = resolve))
    this.clock = new SimClock(world.scheduler, this.scope, options.random.fork('clock'))
    this.host = {
      clock: this.clock,
      random: options.random.fork('master'),
      memoryBytes: options.memoryBytes,
      bounds: { ringBytes: options.ringBytes, sinkValues: options.sinkValues },
      runsValuesInParallel: true,
      machineLayers: async () => [],
      at: (point) => this.at(point, undefined),
      openStore: async (location) => world.storage.open(location, this.scope),
      absoluteLocation: (location) => location,
      requireUnowned: async () => undefined,
      process: { host: `machine-${options.machine}`, pid: 1 },
      owner: async (directory, jobName) => world.folders.owner(this, directory, jobName),
      claim: async (request) => world.folders.claim(this, request),
      spawn: (spec, events) => this.#spawn(spec, events),
    }
  }

  /** As `kill -9`: nothing of the process happens any more. */
  crash(why: string): void {
    if (!this.scope.isAlive) return
    this.#world.scheduler.note(this.scope.name, `crash ${why}`)
    this.scope.kill()
    this.#reportCrash()
  }

  /** The process stands still, as when a machine sleeps or is swapping. */
  stall(): void {
    const { scheduler } = this.#world
    this.scope.stallUntil(scheduler.nowMs + this.#options.random.next() * STALL_MS_MAX)
  }

  /** What a named point does: a fault, or nothing. */
  at(point: string, worker: SimWorker | undefined): void | Promise<void> {
    const { faults, scheduler } = this.#world
    const scope = worker?.scope ?? this.scope
    if (!scope.isAlive) return FOREVER
    increment(faults.pointsReached, point)
    scheduler.note(scope.name, `at ${point}`)
    if (faults.strikes('clockJump')) {
      this.clock.wallOffsetMs = (this.#options.random.next() - 0.5) * JUMP_MS_MAX
    }
    if (faults.strikes('stallAtPoint')) {
      scope.stallUntil(scheduler.nowMs + this.#options.random.next() * STALL_MS_MAX)
      // Even what is said at once arrives later: the point itself waits.
      return (worker?.clock ?? this.clock).sleep(0)
    }
    if (faults.strikes('crashAtPoint')) this.crash(`at ${point}`)
    else if (worker !== undefined && faults.strikes('workerCrashAtPoint')) worker.crash(point)
    else return
    increment(faults.pointsCrashed, point)
    return FOREVER
  }

  #spawn(spec: WorkerSpec, events: WorkerEvents): WorkerPort {
    const worker = new SimWorker(this, this.#world, this.#options, spec, events)
    this.workers[spec.index] = worker
    return worker
  }
}

/** One worker: its end of the seams, and the port that the master holds. */
export class SimWorker implements WorkerPort {
  readonly scope: Scope
  readonly clock: SimClock
  readonly #index: number
  readonly #process: SimProcess
  readonly #world: ProcessWorld
  readonly #options: ProcessOptions
  readonly #random: Random
  readonly #events: WorkerEvents
  readonly #toWorker: Line
  readonly #toMaster: Line
  readonly #runtime: WorkerRuntime
  #awake = false
  #wakeUp: (() => void) | undefined

  constructor(
    process: SimProcess,
    world: ProcessWorld,
    options: ProcessOptions,
    spec: WorkerSpec,
    events: WorkerEvents,
  ) {
    const { scheduler } = world
    this.#process = process
    this.#world = world
    this.#options = options
    this.#index = spec.index
    this.#events = events
    this.#random = options.random.fork(`worker-${spec.index}-${scheduler.events}`)
    this.scope = new Scope(`${options.name}.${spec.index}`, process.scope)
    this.clock = new SimClock(scheduler, this.scope, this.#random.fork('clock'))
    this.#toWorker = new Line(world, this.#random.fork('to'), this.scope)
    this.#toMaster = new Line(world, this.#random.fork('from'), process.scope)
    this.#runtime = new WorkerRuntime(spec, this.#host())
    scheduler.schedule(this.scope, this.#random.next(), 'spawned', () => this.#run())
  }

  send(message: ToWorker): void {
    if (!this.scope.isAlive) return
    const copy = structuredClone(message)
    this.#toWorker.send(message.kind, () => this.#runtime.receive(copy))
  }

  terminate(): Promise<void> {
    this.scope.kill()
    return this.#process.clock.sleep(this.#random.next())
  }

  /** The thread ends, as when it runs out of memory. */
  crash(why: string): void {
    if (!this.scope.isAlive) return
    this.#world.scheduler.note(this.scope.name, `crash ${why}`)
    this.scope.kill()
    const lost = new MillraceError('WORKER_LOST', `injected: worker ${this.#index} at ${why}`)
    this.#toMaster.send('exit', () => this.#events.exit(errorToData(lost)))
  }

  #run(): void {
    this.#runtime.run().then(
      () => this.#exit(),
      (error: unknown) => this.#world.scheduler.fail(error),
    )
  }

  #exit(): void {
    if (!this.scope.isAlive) return
    this.scope.kill()
    this.#toMaster.send('exit', () => this.#events.exit(undefined))
  }

  #host(): WorkerHost {
    const { storage, nativeStore } = this.#world
    return {
      clock: this.clock,
      random: this.#random.fork('engine'),
      ...(nativeStore === undefined ? {} : { nativeStore }),
      ...this.#lazyRestore(),
      openStore: async (location) => storage.open(location, this.scope),
      scratch: (directory) => new MemoryScratch(directory),
      send: (message) => this.#sendToMaster(message),
      doorbell: (index) => ({ ring: () => this.#ring(index) }),
      shouldYield: () => this.#random.next() < this.#options.yieldChance,
      idle: (timeoutMs) => this.#idle(timeoutMs),
      wake: () => this.#wake(),
      at: (point) => this.#process.at(point, this),
      report: (event, error) => this.#report(event, error),
    }
  }

  /** Half of the workers load what they restore in slices so small that crashes fall in between. */
  #lazyRestore(): Pick<WorkerHost, 'lazyRestore'> {
    const random = this.#random.fork('lazy restore')
    if (random.int(2) === 0) return {}
    return { lazyRestore: { minimumBytes: 0, rowsPerSlice: 1 + random.int(8) } }
  }

  #sendToMaster(message: FromWorker): void {
    if (!this.scope.isAlive) return
    if (message.kind === 'failed') this.#judge('failed', message.error)
    if (message.kind === 'task-failed') this.#judge('task-failed', message.error)
    if (message.kind === 'decline') this.#judge('decline', message.error)
    if (message.kind === 'closed') return
    const copy = structuredClone(message)
    this.#toMaster.send(`${this.#index} ${message.kind}`, () => this.#events.message(copy))
  }

  #report(event: string, error: unknown): void {
    this.#judge(event, errorToData(error))
  }

  /** An assertion that failed is a bug of the engine, whatever becomes of it. */
  #judge(what: string, { message, stack, code }: ReturnType<typeof errorToData>): void {
    const { scheduler } = this.#world
    scheduler.note(this.scope.name, `${what} ${code} ${message}`)
    if (message.includes('injected') || !isBug(stack)) return
    scheduler.fail(new Violation(`worker ${this.#index} ${what}: ${message}\n${stack}`))
  }

  #ring(index: number): void {
    const { scheduler } = this.#world
    const isSlow = this.#world.faults.strikes('messageSlow')
    const delayMs = this.#random.next() * (isSlow ? SLOW_MESSAGE_MS_MAX : WAKE_MS_MAX)
    const sibling = this.#process.workers[index]
    if (sibling === undefined || !this.scope.isAlive) return
    scheduler.schedule(sibling.scope, delayMs, 'bell', () => sibling.#wake())
  }

  #wake(): void {
    this.#awake = true
    this.#wakeUp?.()
  }

  async #idle(timeoutMs: number): Promise<void> {
    await this.clock.yield()
    let timer: TimerHandle | undefined
    if (!this.#awake) {
      await new Promise<void>((resolve) => {
        this.#wakeUp = resolve
        timer = this.clock.setTimer(timeoutMs, resolve)
      })
      timer?.cancel()
      this.#wakeUp = undefined
    }
    this.#awake = false
  }
}

function isBug(stack: string | undefined): boolean {
  return /AssertionError|TypeError|RangeError|ReferenceError|Violation/.test(stack ?? '')
}
