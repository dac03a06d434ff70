/** Sums up the tasks of a worker for the master's `status`. */
import type { OperatorTime, WorkerStatus } from '../checkpoint/messages.ts'
import type { CallStatistics } from '../operators/operator.ts'
import type { BackendStatistics, PhaseTimings } from '../state/backend.ts'
import type { Task } from './task.ts'

/** Of parked keys a worker names so many. */
const PARKED_SHOWN = 10

/** What only grows. */
export type WorkerCounts = Pick<
  WorkerStatus,
  | 'recordsIn'
  | 'recordsOut'
  | 'malformedRecords'
  | 'lateRecords'
  | 'failedRecords'
  | 'backwardWatermarks'
  | 'spilledBytes'
>

export const NO_COUNTS: WorkerCounts = {
  recordsIn: 0,
  recordsOut: 0,
  malformedRecords: 0,
  lateRecords: 0,
  failedRecords: 0,
  backwardWatermarks: 0,
  spilledBytes: 0,
}

/** @param past counts of tasks that this worker ran before. */
export function workerStatus(
  tasks: readonly Task[],
  processingTime: number,
  eventTime: readonly OperatorTime[],
  past: WorkerCounts = NO_COUNTS,
): WorkerStatus {
  const asyncCalls = { inFlight: 0, retries: 0, timeouts: 0 }
  let watermark = Number.POSITIVE_INFINITY
  for (const { operator, stage } of tasks.flatMap(({ parts }) => parts.chain.operators)) {
    addCalls(asyncCalls, operator.calls)
    watermark = Math.min(watermark, stage.currentWatermark)
  }
  const backend = sumBackends(tasks.map(({ parts }) => parts.backend?.statistics))
  const checkpointing = tasks.flatMap((task) => task.checkpointing)
  const outdatedBytes = tasks.reduce((sum, { parts }) => sum + parts.snapshots.outdatedBytes, 0)
  const guards = tasks.flatMap(({ parts }) => parts.chain.operators.map(({ guard }) => guard))
  const parking = guards.flatMap((guard) => guard?.parking ?? [])
  const parkedKeys = parking.reduce((sum, each) => sum + each.parkedKeys, 0)
  const parkedRecords = parking.reduce((sum, each) => sum + each.waiting, 0)
  const parked = parking.flatMap((each) => each.shown(PARKED_SHOWN)).slice(0, PARKED_SHOWN)
  const present = { eventTime, processingTime, backend, asyncCalls, checkpointing }
  const behind = tasks.filter(({ parts }) => parts.source?.isBacklog === true)
  const backlog = behind.map(({ parts }) => parts.source?.uid ?? '')
  const now = { backlog, watermark, outdatedBytes, ...present, parkedKeys, parkedRecords, parked }
  return { ...addCounts(past, tasks), ...now }
}

/** The counts with those of the tasks. */
export function addCounts(counts: WorkerCounts, tasks: readonly Task[]): WorkerCounts {
  const sum: { -readonly [K in keyof WorkerCounts]: number } = { ...counts }
  for (const { parts } of tasks) {
    sum.recordsIn += parts.source?.recordsIn ?? 0
    sum.malformedRecords += parts.source?.malformedRecords ?? 0
    sum.backwardWatermarks += parts.source?.backwardWatermarks ?? 0
    for (const sink of parts.sinks) {
      sum.recordsOut += sink.pump.recordsOut
      sum.spilledBytes += sink.pump.spilledBytes
    }
    for (const exchange of parts.exchanges) sum.spilledBytes += exchange.spilledBytes
    for (const { operator, guard } of parts.chain.operators) {
      sum.lateRecords += operator.lateRecords ?? 0
      sum.failedRecords += guard?.failedRecords ?? 0
      sum.backwardWatermarks += operator.backwardWatermarks ?? 0
    }
  }
  return sum
}

/** Of a worker that is gone: what it had counted, and nothing that is now. */
export function pastStatus(status: WorkerStatus): WorkerStatus {
  return {
    ...status,
    watermark: Number.POSITIVE_INFINITY,
    eventTime: [],
    backend: sumBackends([]),
    asyncCalls: { inFlight: 0, retries: 0, timeouts: 0 },
    backlog: [],
    checkpointing: [],
    outdatedBytes: 0,
    parkedKeys: 0,
    parkedRecords: 0,
    parked: [],
  }
}

/** Of all operators of all workers. */
export function sumCalls(workers: readonly WorkerStatus[]): CallStatistics {
  const sum = { inFlight: 0, retries: 0, timeouts: 0 }
  for (const { asyncCalls } of workers) addCalls(sum, asyncCalls)
  return sum
}

function addCalls(
  sum: { inFlight: number; retries: number; timeouts: number },
  calls: CallStatistics | undefined,
): void {
  sum.inFlight += calls?.inFlight ?? 0
  sum.retries += calls?.retries ?? 0
  sum.timeouts += calls?.timeouts ?? 0
}

export function sumTimings(timings: readonly PhaseTimings[]): PhaseTimings {
  const sum = { initMs: 0, prepareMs: 0, confirmMs: 0, completeMs: 0 }
  for (const each of timings) {
    sum.initMs += each.initMs
    sum.prepareMs += each.prepareMs
    sum.confirmMs += each.confirmMs
    sum.completeMs += each.completeMs
  }
  return sum
}

export function sumBackends(all: readonly (BackendStatistics | undefined)[]): BackendStatistics {
  const sum = {
    rows: 0,
    estimatedBytes: 0,
    evictions: 0,
    prefetchedReads: 0,
    coldReads: 0,
    requests: 0,
    restoringBytes: 0,
    restoredBytes: 0,
    expired: 0,
    expiryLagMs: 0,
  }
  for (const each of all) {
    sum.rows += each?.rows ?? 0
    sum.estimatedBytes += each?.estimatedBytes ?? 0
    sum.evictions += each?.evictions ?? 0
    sum.prefetchedReads += each?.prefetchedReads ?? 0
    sum.coldReads += each?.coldReads ?? 0
    sum.requests += each?.requests ?? 0
    sum.restoringBytes += each?.restoringBytes ?? 0
    sum.restoredBytes += each?.restoredBytes ?? 0
    sum.expired += each?.expired ?? 0
    sum.expiryLagMs = Math.max(sum.expiryLagMs, each?.expiryLagMs ?? 0)
  }
  return sum
}
