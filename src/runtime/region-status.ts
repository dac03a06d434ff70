/** Which regions of a job have been restarted, how often and why: for `status`. */
import type { ErrorData } from '../errors.ts'
import type { JobPlan } from '../graph/plan.ts'
import { regionsOf } from '../graph/regions.ts'
import { namesOf } from './plan-tasks.ts'
import type { RegionFailure, RegionRestart } from './region-recovery.ts'

export interface RegionStatus {
  /** Names of its tasks, with their subtasks. */
  readonly tasks: readonly string[]
  readonly state: 'running' | 'restarting'
  /** By themselves, in the running attempt of the job. */
  readonly restarts: number
  /** Of its newest failure: the task, if one failed, and the error. */
  readonly failedTask: string | undefined
  readonly lastError: ErrorData
  /** The checkpoint it last went back to. */
  readonly restoredFrom: number | undefined
}

/** What can fail and start anew by itself. */
export interface RegionsStatus {
  readonly count: number
  /** Those that have failed. */
  readonly failed: readonly RegionStatus[]
}

/** Keeps it for one attempt. */
export class RegionProgress {
  readonly plan: JobPlan
  readonly #count: number
  readonly #failed = new Map<number, RegionStatus>()

  constructor(plan: JobPlan) {
    this.plan = plan
    this.#count = regionsOf(plan).length
  }

  failed({ region, task, error }: RegionFailure): void {
    const before = this.#failed.get(region.id)
    this.#failed.set(region.id, {
      tasks: namesOf(region, this.plan),
      state: 'restarting',
      restarts: before?.restarts ?? 0,
      failedTask: task,
      lastError: error,
      restoredFrom: before?.restoredFrom,
    })
  }

  restarted({ region, checkpointId }: RegionRestart): void {
    const before = this.#failed.get(region.id)
    if (before === undefined) return
    const { restarts } = before
    this.#failed.set(region.id, {
      ...before,
      state: 'running',
      restarts: restarts + 1,
      restoredFrom: checkpointId,
    })
  }

  get status(): RegionsStatus {
    const failed = [...this.#failed].toSorted(([a], [b]) => a - b).map(([, status]) => status)
    return { count: this.#count, failed }
  }
}
