/**
 * The regions of one attempt: what is deployed at first, and what must be done around the restart
 * of some of them, with splits, checkpoints and aligned sources.
 */
import type { Coordinator } from '../checkpoint/coordinator.ts'
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import type { FromWorker, ToWorker } from '../checkpoint/messages.ts'
import { planRestore } from '../checkpoint/restore-plan.ts'
import { errorFromData, type ErrorData } from '../errors.ts'
import { type Region, regionsOf, type TaskId } from '../graph/regions.ts'
import type { GroupWatermarks } from './alignment.ts'
import type { AttemptSetup } from './attempt-setup.ts'
import { Deployments } from './deployment.ts'
import { sourceUidOf } from './plan-tasks.ts'
import { RegionRecovery } from './region-recovery.ts'
import type { Releases } from './releases.ts'
import type { Restoring } from './restoring.ts'
import type { Assignment, SplitCoordinator } from './split-coordinator.ts'

/** The parts of the attempt that a restart concerns. */
export interface AttemptParts {
  readonly coordinator: Coordinator
  readonly splits: SplitCoordinator
  readonly groups: GroupWatermarks
  readonly restoring: Restoring
  readonly releases: Releases
  /** The sources of the job were told to end. */
  readonly isDrained: boolean
  /** Runs of the restored checkpoint are still elsewhere. */
  readonly isImporting: boolean
  assign(assignments: readonly Assignment[]): void
  fail(error: ErrorData): void
}

export class AttemptRegions {
  readonly recovery: RegionRecovery
  readonly #setup: AttemptSetup
  readonly #parts: AttemptParts
  readonly #regions: readonly Region[]
  readonly #deployments: Deployments

  /** @param parts read only when something fails: they may be made later. */
  constructor(setup: AttemptSetup, parts: AttemptParts) {
    const { workers, settings, job, vault, host } = setup
    this.#setup = setup
    this.#parts = parts
    this.#regions = regionsOf(job.plan)
    this.#deployments = new Deployments({ workers: workers.count, settings, job, vault })
    this.recovery = new RegionRecovery({
      clock: host.clock,
      regions: this.#regions,
      isEnding: () => parts.coordinator.isEnding,
      send: (worker, message) => workers.send(worker, message),
      replaceWorker: (worker) => setup.replaceWorker(worker),
      delayMs: (error) => setup.regionDelayMs(errorFromData(error)),
      suspend: (regions, error) => this.#suspend(regions, error),
      deployments: (round, regions, restored) => this.#again(round, regions, restored),
      deployed: () => setup.at('region-deployed'),
      restarted: (regions, isAll) => this.#restarted(regions, isAll),
      fail: (error) => parts.fail(error),
      onFailed: (failure) => setup.onRegionFailed(failure),
      onRestarted: (restart) => setup.onRegionRestarted(restart),
    })
  }

  /** What each worker is told to build at the beginning. */
  first(): readonly ToWorker[] {
    const { restored, restores, withdraw, imports, lastOutputId } = this.#setup
    const foreign = imports === undefined ? {} : { imports: imports.foreignRuns }
    const from = { restored, restores, withdraw, lastOutputId, ...foreign }
    return this.#deployments.messages({ round: 0, regions: this.#regions, ...from })
  }

  /** From a task that is not there any more: it was on its way when its region failed. */
  isStale(worker: number, message: FromWorker): boolean {
    const { kind } = message
    if (kind === 'ended' || kind === 'acknowledge' || kind === 'decline') {
      const { vertex, subtaskIndex } = kind === 'acknowledge' ? message.task : message
      return this.recovery.isDown((task) => {
        return task.vertex === vertex && task.subtaskIndex === subtaskIndex
      })
    }
    if (kind !== 'wants-splits' && kind !== 'split-finished') return false
    return this.recovery.isDown((task) => {
      return task.subtaskIndex === worker && this.#sourceOf(task) === message.uid
    })
  }

  #sourceOf({ vertex }: TaskId): string | undefined {
    return sourceUidOf(this.#setup.job.plan, vertex)
  }

  #again(
    round: number,
    regions: readonly Region[],
    restored: CheckpointLink | undefined,
  ): readonly ToWorker[] {
    const { job, restores, imports } = this.#setup
    const isFirst = restored === undefined || restored === this.#setup.restored
    this.#parts.restoring.again(
      regions.flatMap(({ workers }) => workers),
      round,
    )
    const foreign = this.#parts.isImporting ? { imports: imports?.foreignRuns } : {}
    return this.#deployments.messages({
      round,
      regions,
      restored,
      restores: isFirst ? restores : planRestore(restored, job).restores,
      // No output is newer than the checkpoint that a region goes back to.
      withdraw: [],
      lastOutputId: isFirst ? this.#setup.lastOutputId : restored.checkpointId,
      ...foreign,
    })
  }

  /** The checkpoint to go back to: of this attempt, or the one it began with. */
  async #suspend(
    regions: readonly Region[],
    error: ErrorData,
  ): Promise<CheckpointLink | undefined> {
    const { splits, coordinator, releases } = this.#parts
    releases.interrupt()
    const tasks = regions.flatMap((region) => region.tasks)
    for (const task of tasks) {
      const uid = this.#sourceOf(task)
      if (uid !== undefined) splits.lost(uid, task.subtaskIndex)
    }
    this.#parts.restoring.again(regions.flatMap(({ workers }) => workers))
    const { restored } = this.#setup
    const own = await coordinator.suspend(tasks, error)
    return own === undefined || own.sequence === restored?.sequence ? restored : own
  }

  #restarted(regions: readonly Region[], isAll: boolean): void {
    const { workers } = this.#setup
    const { splits, groups, coordinator, isDrained } = this.#parts
    workers.broadcast({ kind: 'start' })
    groups.replaced()
    for (const task of regions.flatMap(({ tasks }) => tasks)) {
      const uid = this.#sourceOf(task)
      if (uid !== undefined) this.#parts.assign(splits.back(uid, task.subtaskIndex))
    }
    // The question was lost with the worker that was asked.
    for (const uid of splits.undiscovered) workers.send(0, { kind: 'discover', uid })
    if (isDrained) workers.broadcast({ kind: 'drain' })
    if (isAll) coordinator.resume()
  }
}
