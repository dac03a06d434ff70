/**
 * Restarts what must restart: when a task fails, or a worker with all its tasks, only their regions
 * end, and begin again from the newest complete checkpoint; the others run on, state and all. One
 * restart at a time; what fails meanwhile joins it. Whatever it cannot mend ends the attempt, and
 * the whole job starts anew.
 */
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import type { FromWorker, ToWorker } from '../checkpoint/messages.ts'
import { errorFromData, errorToData, type ErrorData } from '../errors.ts'
import type { Region, TaskId } from '../graph/regions.ts'
import type { Clock } from '../util/clock.ts'
import { required } from '../util/assert.ts'

export interface RegionFailure {
  readonly region: Region
  /** The task that failed, or undefined if a worker was lost. */
  readonly task: string | undefined
  readonly error: ErrorData
  readonly delayMs: number
}

export interface RegionRestart {
  readonly region: Region
  /** The checkpoint it went back to, if there is one. */
  readonly checkpointId: number | undefined
  /** From the failure until it runs. */
  readonly durationMs: number
}

/** What a recovery may do to the attempt it belongs to. */
export interface RegionRecoveryWorld {
  readonly clock: Clock
  readonly regions: readonly Region[]
  send(worker: number, message: ToWorker): void
  /** Puts a new worker in the place of a lost one; it knows the job when this resolves. */
  replaceWorker(worker: number): Promise<void>
  /**
   * How long to wait before a restart because of this error.
   *
   * @throws if the region is not to be restarted: the whole job is to be judged.
   */
  delayMs(error: ErrorData): number
  /** No checkpoint from now on; resolves with the one to go back to. */
  suspend(regions: readonly Region[], error: ErrorData): Promise<CheckpointLink | undefined>
  /** True when the job is at its end: what is left to do is not worth a region. */
  isEnding(): boolean
  /** By worker. */
  deployments(
    round: number,
    regions: readonly Region[],
    restored: CheckpointLink | undefined,
  ): readonly ToWorker[]
  /** They are restored, and about to run. */
  deployed(): void | Promise<void>
  /** The regions run; `isAll`: none is down any more. */
  restarted(regions: readonly Region[], isAll: boolean): void
  /** The attempt cannot go on. */
  fail(error: ErrorData): void
  onFailed(report: RegionFailure): void
  onRestarted(report: RegionRestart): void
}

type Answer = Pick<Extract<FromWorker, { kind: 'deployed' | 'undeployed' }>, 'kind' | 'round'>
type TaskFailed = Extract<FromWorker, { kind: 'task-failed' }>

interface Asked extends Answer {
  readonly regions: readonly Region[]
  /** Workers that have not answered. */
  readonly missing: Set<number>
  readonly settle: (isDone: boolean) => void
}

export class RegionRecovery {
  readonly #world: RegionRecoveryWorld
  /** Regions that are down, and since when. */
  readonly #down = new Map<Region, number>()
  readonly #lostWorkers = new Set<number>()
  readonly #abort = new AbortController()
  #round = 0
  #asked: Asked | undefined
  #suspended: Promise<CheckpointLink | undefined> = Promise.resolve(undefined)
  #lastError: ErrorData | undefined
  #dueAtMs = 0
  #isRecovering = false

  constructor(world: RegionRecoveryWorld) {
    this.#world = world
  }

  /** True for a task whose region is down: what it still says is not heard. */
  isDown(isMeant: (task: TaskId) => boolean): boolean {
    for (const { tasks } of this.#down.keys()) if (tasks.some(isMeant)) return true
    return false
  }

  taskFailed({ region: id, task, error }: TaskFailed): void {
    const region = required(this.#world.regions[id], `no region ${id}`)
    const { kind, regions = [] } = this.#asked ?? {}
    const isComingUp = kind === 'deployed' && regions.includes(region)
    if (this.#down.has(region) && !isComingUp) return // it is on its way down already
    if (!this.#take([region], error, task)) this.#world.fail(error)
  }

  /** True if the worker is going to be replaced. */
  workerLost(worker: number, error: ErrorData): boolean {
    const regions = this.#world.regions.filter(({ workers }) => workers.includes(worker))
    this.#lostWorkers.add(worker)
    if (!this.#take(regions, error, undefined)) return false
    const asked = this.#asked
    if (asked?.kind === 'undeployed') this.answer(worker, asked)
    return true
  }

  /** A worker has done what it was asked for. */
  answer(worker: number, { kind, round }: Answer): void {
    const asked = this.#asked
    if (asked?.kind !== kind || asked.round !== round) return
    asked.missing.delete(worker)
    if (asked.missing.size === 0) asked.settle(true)
  }

  close(): void {
    this.#abort.abort()
    this.#asked?.settle(false)
  }

  /** Takes regions down; false if the whole job is to be judged instead. */
  #take(regions: readonly Region[], error: ErrorData, task: string | undefined): boolean {
    const { clock, regions: all } = this.#world
    if (this.#abort.signal.aborted || this.#world.isEnding() || !error.retryable) return false
    // Where nothing would run on there is nothing to be gained.
    if (regions.length === all.length) return false
    let delayMs: number
    try {
      delayMs = this.#world.delayMs(error)
    } catch {
      return false
    }
    const nowMs = clock.monotonic()
    this.#dueAtMs = Math.max(this.#dueAtMs, nowMs + delayMs)
    this.#lastError = error
    for (const region of regions) {
      if (!this.#down.has(region)) this.#down.set(region, nowMs)
      this.#world.onFailed({ region, task, error, delayMs })
    }
    this.#suspended = this.#world.suspend(regions, error)
    this.#suspended.catch(() => undefined) // awaited in the recovery
    // A deployment that this concerns is undone; another one that is under way may end.
    const asked = this.#asked
    if (asked?.kind === 'deployed' && regions.some((each) => asked.regions.includes(each))) {
      asked.settle(false)
    }
    if (!this.#isRecovering) void this.#recover()
    return true
  }

  async #recover(): Promise<void> {
    this.#isRecovering = true
    try {
      while (this.#down.size > 0 && !this.#abort.signal.aborted) await this.#restart()
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#world.fail(errorToData(error))
    } finally {
      this.#isRecovering = false
    }
  }

  /** All that has failed so far goes down and up again, unless something comes in between. */
  async #restart(): Promise<void> {
    const { clock } = this.#world
    const { signal } = this.#abort
    const regions = [...this.#down.keys()].toSorted((a, b) => a.id - b.id)
    const isOvertaken = (): boolean => signal.aborted || this.#down.size > regions.length
    await this.#ask('undeployed', regions, (round, worker) => {
      const own = regions.filter(({ workers }) => workers.includes(worker))
      return { kind: 'undeploy', round, regions: own.map(({ id }) => id) }
    })
    const waitMs = this.#dueAtMs - clock.monotonic()
    if (waitMs > 0) await clock.sleep(waitMs, signal)
    const restored = await this.#suspended
    if (isOvertaken()) return
    if (this.#world.isEnding()) throw errorFromData(required(this.#lastError, 'nothing failed'))
    for (const worker of this.#lostWorkers) {
      await this.#world.replaceWorker(worker)
      this.#lostWorkers.delete(worker)
    }
    if (isOvertaken() || this.#lostWorkers.size > 0) return
    const messages = this.#world.deployments(this.#round + 1, regions, restored)
    const isDeployed = await this.#ask('deployed', regions, (_, worker) => messages[worker])
    if (!isDeployed) return
    await this.#world.deployed()
    if (signal.aborted || this.#lostWorkers.size > 0) return
    const nowMs = clock.monotonic()
    const since = regions.map((region) => this.#down.get(region) ?? nowMs)
    for (const region of regions) this.#down.delete(region)
    this.#world.restarted(regions, this.#down.size === 0)
    for (const [at, region] of regions.entries()) {
      const durationMs = nowMs - (since[at] ?? nowMs)
      this.#world.onRestarted({ region, checkpointId: restored?.checkpointId, durationMs })
    }
  }

  /** Asks the workers of these regions; true when all have done it, false if it is overtaken. */
  #ask(
    kind: Answer['kind'],
    regions: readonly Region[],
    messageFor: (round: number, worker: number) => ToWorker | undefined,
  ): Promise<boolean> {
    const round = ++this.#round
    const workers = new Set(regions.flatMap((region) => region.workers))
    const missing = workers.difference(this.#lostWorkers)
    if (missing.size === 0 || this.#abort.signal.aborted) return Promise.resolve(missing.size === 0)
    return new Promise((resolve) => {
      const settle = (isDone: boolean): void => {
        this.#asked = undefined
        resolve(isDone)
      }
      this.#asked = { kind, round, regions, missing, settle }
      for (const worker of [...missing].toSorted((a, b) => a - b)) {
        const message = messageFor(round, worker)
        if (message !== undefined) this.#world.send(worker, message)
      }
    })
  }
}
