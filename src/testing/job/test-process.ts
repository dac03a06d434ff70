/**
 * One process under test: the host of a job in this thread, in virtual time, on a disk in memory.
 * Its workers are the real worker runtime; messages are copied, as between threads. Killing it is
 * `kill -9`: nothing of it happens any more, and what it had not written is lost.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorToData } from '../../errors.ts'
import type { Host, WorkerEvents, WorkerHost, WorkerPort, WorkerSpec } from '../../runtime/host.ts'
import { WorkerRuntime } from '../../runtime/worker-runtime.ts'
import { openKeys, openSignatures } from '../../runtime/host-embedded-keys.ts'
import { LocalScratch } from '../../storage/scratch-local.ts'
import { MemoryScratch } from '../../storage/scratch-memory.ts'
import { type Random, SeededRandom, systemRandom } from '../../util/random.ts'
import type { TestDisk } from './memory-disk.ts'
import { type Life, VirtualClock, type VirtualTime } from './virtual-time.ts'

const MEMORY_BYTES = 1024 ** 3

export interface TestWorld {
  readonly time: VirtualTime
  readonly disk: TestDisk
  /** True if the backend keeps files of its own. */
  readonly needsFolder: boolean
}

export class TestProcess implements Life {
  isAlive = true
  readonly host: Host
  readonly #world: TestWorld
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #workers = new Map<number, TestWorker>()

  /** @param seed of the randomness, such as it is: jitter of retries, for instance */
  constructor(world: TestWorld, seed: number) {
    this.#world = world
    this.#clock = new VirtualClock(world.time, this)
    this.#random = new SeededRandom(seed)
    this.host = {
      clock: this.#clock,
      random: this.#random.fork('master'),
      memoryBytes: MEMORY_BYTES,
      runsValuesInParallel: true,
      machineLayers: async () => [],
      at: () => undefined,
      openStore: async (location) => world.disk.open(location, this),
      openKeys,
      openSignatures,
      absoluteLocation: (location) => location,
      requireUnowned: async () => undefined,
      process: { host: 'test', pid: 1 },
      owner: async () => undefined,
      claim: async () => ({ serve() {}, async release() {} }),
      spawn: (spec, events) => this.#spawn(spec, events),
    }
  }

  /** True if nothing can happen before something is sent, or time passes. */
  get isQuiet(): boolean {
    for (const worker of this.#workers.values()) if (!worker.isQuiet) return false
    return true
  }

  kill(): void {
    this.isAlive = false
    for (const worker of this.#workers.values()) worker.kill()
  }

  #spawn(spec: WorkerSpec, events: WorkerEvents): WorkerPort {
    const random = this.#random.fork(`worker-${spec.index}`)
    const worker = new TestWorker({ spec, events, world: this.#world, process: this, random })
    this.#workers.set(spec.index, worker)
    worker.start((index) => this.#workers.get(index))
    return worker
  }
}

interface TestWorkerOptions {
  readonly spec: WorkerSpec
  readonly events: WorkerEvents
  readonly world: TestWorld
  readonly process: TestProcess
  readonly random: Random
}

class TestWorker implements WorkerPort, Life {
  readonly #options: TestWorkerOptions
  readonly #clock: VirtualClock
  #runtime: WorkerRuntime | undefined
  #isOver = false
  #isAwake = false
  #wakeUp: (() => void) | undefined

  constructor(options: TestWorkerOptions) {
    this.#options = options
    this.#clock = new VirtualClock(options.world.time, this)
  }

  get isAlive(): boolean {
    return !this.#isOver && this.#options.process.isAlive
  }

  get isQuiet(): boolean {
    return this.#isOver || (this.#wakeUp !== undefined && !this.#isAwake)
  }

  start(sibling: (index: number) => TestWorker | undefined): void {
    const { spec, events } = this.#options
    const runtime = new WorkerRuntime(spec, this.#host(sibling))
    this.#runtime = runtime
    void runtime.run().then(
      () => this.#later(() => this.#end(() => events.exit(undefined))),
      (error: unknown) => this.#later(() => this.#end(() => events.exit(errorToData(error)))),
    )
  }

  send(message: Parameters<WorkerPort['send']>[0]): void {
    const copy = structuredClone(message)
    this.#later(() => this.#runtime?.receive(copy))
  }

  async terminate(): Promise<void> {
    this.kill()
  }

  /** The runtime is told to close, so that it lets go of files; nobody hears it any more. */
  kill(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#runtime?.receive({ kind: 'close' })
  }

  #end(then: () => void): void {
    this.#isOver = true
    then()
  }

  #later(action: () => void): void {
    queueMicrotask(() => void (this.isAlive && action()))
  }

  #host(sibling: (index: number) => TestWorker | undefined): WorkerHost {
    const { world, process, random, events } = this.#options
    return {
      clock: this.#clock,
      random,
      // As a large state is restored, so that tests see what jobs see.
      lazyRestore: { minimumBytes: 0 },
      openStore: async (location) => world.disk.open(location, process),
      openKeys,
      scratch: (directory) => {
        if (!world.needsFolder) return new MemoryScratch(directory)
        return new LocalScratch(join(tmpdir(), `millrace-harness-${systemRandom().id()}`))
      },
      send: (message) => {
        if (message.kind === 'closed') return
        const copy = structuredClone(message)
        this.#later(() => events.message(copy))
      },
      doorbell: (index) => ({ ring: () => sibling(index)?.wake() }),
      shouldYield: () => true,
      idle: (timeoutMs) => this.#idle(timeoutMs),
      wake: () => this.wake(),
      at: () => undefined,
      report: (event, error) => {
        this.#later(() => events.message({ kind: 'event', event, error: errorToData(error) }))
      },
    }
  }

  wake(): void {
    this.#isAwake = true
    this.#wakeUp?.()
  }

  async #idle(timeoutMs: number): Promise<void> {
    // A worker that is over only has to end.
    if (!this.isAlive) return
    await this.#clock.yield()
    if (!this.#isAwake) {
      const woken = new Promise<void>((resolve) => (this.#wakeUp = resolve))
      const timer = this.#clock.setTimer(timeoutMs, () => this.wake())
      await woken
      timer.cancel()
      this.#wakeUp = undefined
    }
    this.#isAwake = false
  }
}
