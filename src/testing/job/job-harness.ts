/**
 * `jobHarness`: a whole job in one thread, in virtual time, fed and read by its test. What runs is
 * what runs in production: the same master, workers, checkpoints and recovery; only the host is
 * another. Sources are scripts, sinks are recordings, the disk is in memory. Works under any test
 * runner.
 */
import { MillraceError } from '../../errors.ts'
import type { Job } from '../../graph/job.ts'
import { asJob } from '../../graph/job.ts'
import type { ReleaseOutcome } from '../../operators/failures/parked-keys.ts'
import type { Timestamp } from '../../operators/functions.ts'
import type { JobStatus } from '../../runtime/job-status.ts'
import type { JobHandle } from '../../runtime/job-handle.ts'
import { runOn } from '../../runtime/run-on.ts'
import { Snapshot } from '../../savepoint/snapshot.ts'
import { MemoryBlobStore } from '../../storage/memory.ts'
import { systemClock } from '../../util/clock.ts'
import { type Duration, parseDurationMs } from '../../util/duration.ts'
import type { JobHarness, JobHarnessOptions, JobSnapshot } from './harness-contract.ts'
import { blobsAt, MemoryDisk, type TestDisk } from './memory-disk.ts'
import type { Recorded } from './recorded-sink.ts'
import { Rewired } from './rewired-job.ts'
import type { ScriptedSource } from './scripted-source.ts'
import { TestProcess, type TestWorld } from './test-process.ts'
import { VirtualTime } from './virtual-time.ts'

/** 2026-01-01. */
const START_MS = 1_767_225_600_000
/** Turns of the event loop in which nothing happened, after which nothing will. */
const QUIET_TURNS = 3
/** A promise that is not settled in this much virtual time waits for something else. */
const PATIENCE_MS = 3_600_000
/** Real time that `until` waits. */
const UNTIL_MS = 10_000
const DIRECTORY = 'job'

/**
 * Starts a job under test. Close it, or declare it `await using`. A failure of the job rejects
 * whatever the test is waiting for.
 *
 * @throws what `run` throws.
 * @example
 * await using harness = await jobHarness(totals, { parallelism: 2 })
 * const orders = harness.source<Order>('orders')
 * await orders.send({ customer: 'ann', total: 3 })
 * await harness.checkpoint()
 * await orders.send({ customer: 'ann', total: 4 })
 * await harness.crash()
 * assert.deepEqual(harness.output('totals').at(-1), { key: 'ann', value: 7 })
 */
export function jobHarness(job: Job, options: JobHarnessOptions = {}): Promise<JobHarness> {
  return jobHarnessOn(new MemoryDisk(), job, options)
}

/** The same on a disk of the caller's, where it goes on from what is there. */
export async function jobHarnessOn(disk: TestDisk, job: Job, options: JobHarnessOptions) {
  const harness = new Harness(asJob(job), options, disk)
  await harness.start()
  return harness
}

class Harness implements JobHarness {
  readonly #options: JobHarnessOptions
  readonly #world: TestWorld
  readonly #time: VirtualTime
  readonly #disk: TestDisk
  readonly #rewired: Rewired
  #parallelism: number
  #process: TestProcess
  #handle: JobHandle | undefined
  #failure: { readonly error: unknown } | undefined
  #starts = 0
  #savepoints = 0

  constructor(job: Job, options: JobHarnessOptions, disk: TestDisk) {
    const { backend = 'hashmap', parallelism = 1, now = START_MS, splits = 1, keep = [] } = options
    this.#options = options
    this.#disk = disk
    this.#parallelism = parallelism
    this.#time = new VirtualTime(now)
    this.#world = { time: this.#time, disk: this.#disk, needsFolder: backend === 'rocksdb' }
    this.#process = new TestProcess(this.#world, 0)
    this.#rewired = new Rewired(job, { splits, keep, settle: () => this.settle() })
  }

  async start(): Promise<void> {
    const { restore, params, backend = 'hashmap', options } = this.#options
    const isFirst = this.#starts++ === 0
    if (isFirst && restore !== undefined) this.#disk.put('restored', restore.blobs)
    this.#process = new TestProcess(this.#world, this.#starts)
    const starting = runOn(this.#process.host, this.#rewired.job, {
      restart: { strategy: 'none' },
      ...options,
      ...(params === undefined ? {} : { params }),
      ...(isFirst && restore !== undefined ? { from: 'restored' } : {}),
      directory: DIRECTORY,
      backend,
      parallelism: this.#parallelism,
    })
    const handle = await this.#driven(starting)
    this.#handle = handle
    handle.finished.catch((error: unknown) => {
      if (this.#handle === handle) this.#failure = { error }
    })
    await this.settle()
  }

  source<T>(uid: string): ScriptedSource<T> {
    return this.#rewired.script(uid)
  }

  output<T>(uid: string): readonly T[] {
    return this.records<T>(uid).map(({ value }) => value)
  }

  records<T>(uid: string): readonly Recorded<T>[] {
    // The test knows what its job writes there, as it knows the uid.
    return this.#rewired.recording(uid).all as readonly Recorded<T>[]
  }

  committed<T>(uid: string): readonly T[] {
    return this.#rewired.recording(uid).committed as readonly T[] // as above
  }

  get now(): Timestamp {
    return this.#time.nowMs
  }

  get status(): JobStatus {
    return this.#running.status
  }

  async advanceTime(duration: Duration): Promise<void> {
    const end = this.#time.nowMs + parseDurationMs(duration, 'advanceTime')
    await this.settle()
    for (let next = this.#time.nextAtMs; next <= end; next = this.#time.nextAtMs) {
      this.#time.nowMs = Math.max(this.#time.nowMs, next)
      await this.settle()
    }
    this.#time.nowMs = end
    await this.settle()
  }

  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      this.#throwFailure()
      quiet = (await this.#turn()) ? quiet + 1 : 0
    }
    this.#throwFailure()
  }

  async until(condition: () => boolean, what = 'what the test waits for'): Promise<void> {
    const startMs = systemClock.monotonic()
    for (;;) {
      await this.settle()
      if (condition()) return
      if (systemClock.monotonic() - startMs > UNTIL_MS) {
        const message = `${what} has not happened in ${UNTIL_MS / 1_000} s`
        throw new MillraceError('FUNCTION_FAILED', message, {
          cure: 'does it wait for time? Only advanceTime lets it pass',
        })
      }
      await systemClock.sleep(1)
    }
  }

  async checkpoint(options?: { readonly full?: boolean }): Promise<void> {
    await this.settle()
    await this.#driven(this.#running.checkpoint(options))
    await this.settle()
  }

  async release(...wish: Parameters<JobHandle['release']>): Promise<ReleaseOutcome> {
    await this.settle()
    const outcome = await this.#driven(this.#running.release(...wish))
    await this.settle()
    return outcome
  }

  async snapshot(): Promise<JobSnapshot> {
    await this.settle()
    const location = `savepoint-${++this.#savepoints}`
    await this.#driven(this.#running.savepoint(location))
    await this.settle()
    const blobs = await blobsAt(this.#disk, location)
    return { blobs, open: () => Snapshot.open(new MemoryBlobStore(location, new Map(blobs))) }
  }

  async crash(): Promise<void> {
    this.#handle = undefined
    this.#process.kill()
    await this.start()
  }

  async rescale(parallelism: number): Promise<void> {
    await this.settle()
    await this.#driven(this.#running.stop())
    this.#parallelism = parallelism
    await this.start()
  }

  async finish(): Promise<void> {
    this.#rewired.endSources()
    await this.#driven(this.#running.finished)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    if (handle !== undefined) {
      const cancelled = handle.cancel().catch(() => undefined)
      await this.#driven(cancelled).catch(() => undefined)
    }
    this.#process.kill()
  }

  get #running(): JobHandle {
    if (this.#handle !== undefined) return this.#handle
    throw new MillraceError('JOB_CANCELLED', 'the harness is closed')
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** One turn of the event loop; true if nothing was going on. */
  async #turn(): Promise<boolean> {
    this.#time.fireDue()
    await systemClock.yield()
    return this.#time.turns === 0 && this.#process.isQuiet && this.#time.nextAtMs > this.#time.nowMs
  }

  /** Lets the job go on, and time pass where it waits for that, until `promise` is settled. */
  async #driven<R>(promise: Promise<R>): Promise<R> {
    let isSettled = false
    const settled = promise.finally(() => (isSettled = true))
    settled.catch(() => undefined)
    const endMs = this.#time.nowMs + PATIENCE_MS
    for (let quiet = 0; !isSettled;) {
      quiet = (await this.#turn()) ? quiet + 1 : 0
      if (quiet < QUIET_TURNS) continue
      const next = this.#time.nextAtMs
      if (next > endMs) await systemClock.sleep(1)
      else this.#time.nowMs = Math.max(this.#time.nowMs, next)
    }
    return settled
  }
}
