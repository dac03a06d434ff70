/**
 * One worker of a simulated process: the real worker runtime in the same thread, its end of the
 * seams, and the port that the master holds. Messages between them are copied and delivered through
 * the event queue, in order for each direction.
 */
import type { FromWorker, ToWorker } from '../src/checkpoint/messages.ts'
import { errorToData, MillraceError } from '../src/errors.ts'
import type { WorkerEvents, WorkerHost, WorkerPort, WorkerSpec } from '../src/runtime/host.ts'
import { WorkerRuntime } from '../src/runtime/worker-runtime.ts'
import type { Scratch } from '../src/storage/scratch.ts'
import type { TimerHandle } from '../src/util/clock.ts'
import type { Random } from '../src/util/random.ts'
import { copied } from './copied.ts'
import { MessageLine, SLOW_MESSAGE_MS_MAX } from './message-line.ts'
import { Scope, Violation } from './scheduler.ts'
import { SimClock } from './sim-clock.ts'
import { SimMerger } from './sim-merger.ts'
import { SimSealer } from './sim-sealer.ts'
import type { ProcessOptions, ProcessWorld, SimProcess } from './sim-host.ts'
import type { HelperOwner } from './tables/sim-helpers.ts'
import { WorkerNews } from './witness/task-news.ts'
import { WorkerWatch } from './worker-watch.ts'

const WAKE_MS_MAX = 0.2
/** One of so many workers takes up to so long for a turn of its loop. */
const SLOW_OF = 4
const SLOW_TURN_MS_MAX = 8
/** So long does a worker collect garbage before it gives up. */
const OUT_OF_MEMORY_MS_MAX = 300
/** A worker that is to end somewhere does so within about two to the power of that many events. */
const DOOM_EVENTS_BITS = 10
/** The same, of one that is told of a complete checkpoint. */
const LOST_EVENTS_BITS = 6
/** One worker in so many writes small blocks. */
const SMALL_BLOCKS_OF = 6
const BLOCK_BYTES_MIN = 200
const BLOCK_BYTES_MORE = 1_000
/** One in so many has no thread that merges. */
const NO_MERGER_OF = 4
/** One in so many does not fuse its chains. */
const PLAIN_OF = 8

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
  readonly #toWorker: MessageLine
  readonly #toMaster: MessageLine
  readonly #runtime: WorkerRuntime
  readonly #watch = new WorkerWatch()
  readonly #news: WorkerNews
  #helpers = 0
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
    this.#news = new WorkerNews(spec.index)
    this.#events = events
    this.#random = options.random.fork(`worker-${spec.index}-${scheduler.events}`)
    this.scope = new Scope(`${options.name}.${spec.index}`, process.scope)
    this.clock = new SimClock(scheduler, this.scope, this.#random.fork('clock'), process.face)
    this.#slowDown()
    this.#toWorker = new MessageLine(world, this.#random.fork('to'), this.scope)
    this.#toMaster = new MessageLine(world, this.#random.fork('from'), process.scope)
    this.#runtime = new WorkerRuntime(spec, this.#host())
    scheduler.schedule(this.scope, this.#random.next(), 'spawned', () => this.#run())
    this.#doom()
  }

  /** Some workers are behind all the time: what the others send them waits in channels. */
  #slowDown(): void {
    const random = this.#random.fork('pace')
    if (random.int(SLOW_OF) === 0) this.clock.yieldMsMax = random.next() * SLOW_TURN_MS_MAX
  }

  /** Some workers end somewhere between two events, some for want of memory. */
  #doom(): void {
    const { faults } = this.#world
    const random = this.#random.fork('doom')
    const events = Math.floor(2 ** (random.next() * DOOM_EVENTS_BITS))
    if (faults.wouldStrike('workerCrashAnywhere')) {
      this.scope.doomAfter(events, () => {
        faults.strike('workerCrashAnywhere', () => this.crash('somewhere'))
      })
    } else if (faults.wouldStrike('workerOutOfMemory')) {
      const lastMs = random.next() * OUT_OF_MEMORY_MS_MAX
      const reason = 'reaching memory limit: JS heap out of memory'
      this.scope.doomAfter(events, () => {
        faults.strike('workerOutOfMemory', () => this.crash(reason, lastMs))
      })
    }
  }

  send(message: ToWorker): void {
    if (!this.scope.isAlive) return
    const copy = copied(message)
    this.#toWorker.send(message.kind, () => this.#runtime.receive(copy))
    this.#watch.sent(message)
    this.#news.sent(message)
    this.#process.onSent(message)
    if (message.kind === 'complete') this.#mayBeLost()
  }

  /** What is complete will be needed soon. */
  #mayBeLost(): void {
    const { faults } = this.#world
    if (!faults.wouldStrike('workerLostInComplete')) return
    const events = Math.floor(2 ** (this.#random.next() * LOST_EVENTS_BITS))
    this.scope.doomAfter(events, () => {
      faults.strike('workerLostInComplete', () => this.crash('after a checkpoint'))
    })
  }

  terminate(): Promise<void> {
    this.scope.kill()
    return this.#process.clock.sleep(this.#random.next())
  }

  /**
   * The thread ends.
   *
   * @param lastMs how long it has done nothing any more when that is seen
   */
  crash(why: string, lastMs = 0): void {
    if (!this.scope.isAlive) return
    const { scheduler } = this.#world
    scheduler.note(this.scope.name, `crash ${why}`)
    this.scope.kill()
    const lost = new MillraceError('WORKER_LOST', `injected: worker ${this.#index} at ${why}`)
    const exit = (): void => this.#events.exit(errorToData(lost))
    scheduler.schedule(this.#process.scope, lastMs, 'ended', () => {
      this.#toMaster.send('exit', exit)
    })
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
    const { storage, nativeStore, helpers } = this.#world
    const { machine } = this.#process
    return {
      clock: this.clock,
      random: this.#random.fork('engine'),
      ...this.#blocks(),
      ...this.#merger(),
      ...(nativeStore === undefined ? {} : { nativeStore }),
      startHelper: (spec) => helpers.start(this.#helperOwner, spec),
      ...this.#lazyRestore(),
      hasPlainChains: this.#random.fork('chains').int(PLAIN_OF) === 0,
      openStore: async (location) => storage.open(location, this.scope, machine),
      scratch: (directory) => this.#scratch(storage.scratch(directory, machine)),
      openKeys: async () => storage.keys.ring(this.#random.fork('keys')),
      send: (message) => this.#sendToMaster(message),
      doorbell: (index) => ({
        ring: () => this.#ring(index),
        refused: () => this.#world.faults.count('ringFull'),
      }),
      shouldYield: () => this.#random.next() < this.#options.yieldChance,
      idle: (timeoutMs) => this.#idle(timeoutMs),
      wake: () => this.#wake(),
      at: (point) => this.#process.at(point, this),
      report: (event, error) => this.#report(event, error),
    }
  }

  /** Some workers write small blocks, of which half are sealed elsewhere. */
  #blocks(): Pick<WorkerHost, 'sealer' | 'blockBytes'> {
    const random = this.#random.fork('blocks')
    if (random.int(SMALL_BLOCKS_OF) > 0) return {}
    const blockBytes = BLOCK_BYTES_MIN + random.int(BLOCK_BYTES_MORE)
    if (random.int(2) === 0) return { blockBytes }
    return { blockBytes, sealer: new SimSealer(this.clock, random) }
  }

  #merger(): Pick<WorkerHost, 'merger'> {
    const random = this.#random.fork('merger')
    if (random.int(NO_MERGER_OF) === 0) return {}
    const { machine } = this.#process
    const open = (location: string) => this.#world.storage.open(location, this.scope, machine)
    return { merger: new SimMerger(this.clock, random, open) }
  }

  /** Half of the workers load what they restore in slices so small that crashes fall in between. */
  #lazyRestore(): Pick<WorkerHost, 'lazyRestore'> {
    const random = this.#random.fork('lazy restore')
    if (random.int(2) === 0 && !this.#options.restoresLazily) return {}
    return { lazyRestore: { minimumBytes: 0, rowsPerSlice: 1 + random.int(8) } }
  }

  /** What waits for a server in this worker. */
  get #helperOwner(): HelperOwner {
    const { scheduler, faults } = this.#world
    const random = this.#random.fork(`helper ${this.#helpers++}`)
    return { scheduler, faults, clock: this.clock, random }
  }

  #scratch(scratch: Scratch): Scratch {
    const task = this.#news.begins(scratch.directory)
    if (task !== undefined) this.#world.witness?.expect(scratch, task)
    return scratch
  }

  #sendToMaster(message: FromWorker): void {
    if (!this.scope.isAlive) return
    if (message.kind === 'failed') this.#judge('failed', message.error)
    if (message.kind === 'task-failed') this.#judge('task-failed', message.error)
    if (message.kind === 'decline') this.#judge('decline', message.error)
    this.#news.received(message)
    const problem = this.#watch.problemOf(message)
    if (problem !== undefined) {
      this.#world.scheduler.fail(new Violation(`worker ${this.#index}: ${problem}`))
    }
    if (message.kind === 'closed') return
    const copy = copied(message)
    this.#toMaster.send(`${this.#index} ${message.kind}`, () => {
      this.#events.message(copy)
      this.#process.onReceived(message)
    })
  }

  #report(event: string, error: unknown): void {
    this.#judge(event, errorToData(error))
  }

  /** An assertion that failed is a bug of the engine, whatever becomes of it. */
  #judge(what: string, { message, stack, code, cause }: ReturnType<typeof errorToData>): void {
    const { scheduler } = this.#world
    scheduler.note(this.scope.name, `${what} ${code} ${message}`)
    // What has no code where it is thrown gets one on its way; other causes have been dealt with.
    const thrown = cause?.message === message ? cause.stack : stack
    if (message.includes('injected') || !isBug(thrown)) return
    scheduler.fail(new Violation(`worker ${this.#index} ${what}: ${message}\n${thrown}`))
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
