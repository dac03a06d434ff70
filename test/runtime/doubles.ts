// What the parts of a worker need of their host, in memory: a clock that is moved by hand, a host
// that notes what it is told, outputs that write down what they get, channels without threads.
import type { FromWorker } from '../../src/checkpoint/messages.ts'
import type { Output } from '../../src/operators/operator.ts'
import type { WorkerHost } from '../../src/runtime/host.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import { describeKey } from '../../src/types/keys.ts'
import { systemClock, type Clock, type TimerHandle } from '../../src/util/clock.ts'
import { SeededRandom } from '../../src/util/random.ts'

/** The seed of a random test: `SEED` from the environment, else another one each time. */
export function newSeed(): number {
  return Number(process.env['SEED'] ?? process.hrtime()[1] % 1_000_000)
}

/** Lets everything run that needs no more than the turns of the event loop. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await systemClock.yield()
}

/** Resolves when the condition holds; fails after many turns of the event loop. */
export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const deadlineMs = systemClock.monotonic() + 60_000
  while (!condition()) {
    if (systemClock.monotonic() > deadlineMs) throw new Error(`${what} did not come to hold`)
    await systemClock.yield()
  }
}

/** A promise with its ends outside. */
export class Gate<T = void> {
  open!: (value: T) => void
  fail!: (error: unknown) => void
  readonly passed: Promise<T>
  constructor() {
    this.passed = new Promise<T>((resolve, reject) => {
      this.open = resolve
      this.fail = reject
    })
  }
}

export class ManualClock implements Clock {
  nowMs = 1_000
  #timers: { atMs: number; action: () => void }[] = []

  now(): number {
    return this.nowMs
  }
  monotonic(): number {
    return this.nowMs
  }
  setTimer(delayMs: number, action: () => void): TimerHandle {
    const timer = { atMs: this.nowMs + delayMs, action }
    this.#timers.push(timer)
    return { cancel: () => void (this.#timers = this.#timers.filter((each) => each !== timer)) }
  }
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const timer = this.setTimer(delayMs, resolve)
      signal?.addEventListener('abort', () => {
        timer.cancel()
        resolve()
      })
    })
  }
  yield(): Promise<void> {
    return systemClock.yield()
  }

  get waiting(): number {
    return this.#timers.length
  }

  advance(ms: number): void {
    this.nowMs += ms
    const due = this.#timers.filter((timer) => timer.atMs <= this.nowMs)
    this.#timers = this.#timers.filter((timer) => timer.atMs > this.nowMs)
    for (const { action } of due) action()
  }
}

export interface TestWorkerHost extends WorkerHost {
  readonly clock: ManualClock
  readonly sent: FromWorker[]
  readonly reported: { readonly event: string; readonly error: unknown }[]
  readonly scratches: MemoryScratch[]
  /** How often it was woken. */
  wakes: number
  /** Strikes at a named place. */
  strike: (point: string) => void | Promise<void>
}

export function testWorkerHost(): TestWorkerHost {
  const host: TestWorkerHost = {
    clock: new ManualClock(),
    random: new SeededRandom(1),
    sent: [],
    reported: [],
    scratches: [],
    wakes: 0,
    strike: () => undefined,
    openStore: () => Promise.resolve(new MemoryBlobStore()),
    openKeys: () => Promise.reject(new Error('no test needs keys')),
    scratch(directory) {
      const scratch = new MemoryScratch(directory)
      host.scratches.push(scratch)
      return scratch
    },
    send: (message) => void host.sent.push(message),
    doorbell: () => ({ ring: () => undefined }),
    shouldYield: () => true,
    idle: () => systemClock.yield(),
    wake: () => void host.wakes++,
    at: (point) => host.strike(point),
    report: (event, error) => void host.reported.push({ event, error }),
  }
  return host
}

/** Writes down everything in the order it comes. */
export class Recorder implements Output {
  readonly events: string[] = []
  readonly values: unknown[] = []
  readonly timestamps: number[] = []
  readonly watermarks: number[] = []
  ended = 0

  collect(value: unknown, timestamp: number): void {
    this.values.push(value)
    this.timestamps.push(timestamp)
    this.events.push(`record ${typeof value === 'string' ? value : describeKey(value)}`)
  }
  watermark(timestamp: number): void {
    this.watermarks.push(timestamp)
    this.events.push(`watermark ${timestamp}`)
  }
  endInput(): void {
    this.ended++
    this.events.push('end')
  }
}

export const silentBell = { ring: () => undefined }
