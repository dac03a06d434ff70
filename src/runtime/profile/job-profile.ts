/** What `run(…, { profile })` gives: the profiles of the workers, and their sum by operator. */
import { MillraceError } from '../../errors.ts'
import { NO_COUNTS, noTimes, type OperatorCounts, type WorkTimes } from './attribution.ts'
import { type Work, WORKS } from './places.ts'

/** How a job is profiled. */
export interface ProfileOptions {
  /**
   * Microseconds between two samples, from 50 to 1,000,000. Default: 1,000, which takes a tenth of
   * the time of a job that does little else than ask for state, and less of others.
   */
  readonly intervalUs?: number
}

/** One life of one worker. */
export interface WorkerProfile {
  readonly worker: number
  /** 1 for the first attempt of the job. */
  readonly attempt: number
  /** How long it was watched, and how much of that its thread ran, in milliseconds. */
  readonly wallMs: number
  readonly cpuMs: number
  readonly operators: readonly OperatorProfile[]
  /** Text of a `.cpuprofile` file: Chrome DevTools, VS Code and speedscope open it. */
  readonly cpuProfile: string
}

export interface OperatorProfile {
  /** Its uid, or what it does and where it was written; undefined: what is of no operator. */
  readonly operator: string | undefined
  /** In milliseconds of CPU time, by what it was spent on; `idle` in those of wall time. */
  readonly times: WorkTimes
  /** How many records it took, and how often it asked for a row, or its functions for state. */
  readonly counts: OperatorCounts
}

export interface JobProfile {
  readonly workers: readonly WorkerProfile[]
  /** All workers together, along the stream; what is of no operator comes last. */
  readonly operators: readonly OperatorProfile[]
}

const INTERVAL_US = 1_000
const INTERVAL_US_MIN = 50
const INTERVAL_US_MAX = 1_000_000

/** @throws `CONFIG_INVALID` */
export function profileIntervalUs(
  profile: boolean | ProfileOptions | undefined,
): number | undefined {
  if (profile === undefined || profile === false) return undefined
  const { intervalUs = INTERVAL_US } = profile === true ? {} : profile
  const isWhole = Number.isInteger(intervalUs)
  if (isWhole && intervalUs >= INTERVAL_US_MIN && intervalUs <= INTERVAL_US_MAX) return intervalUs
  throw new MillraceError('CONFIG_INVALID', `profile: no interval of ${intervalUs} µs`, {
    cure: `give a whole number from ${INTERVAL_US_MIN} to ${INTERVAL_US_MAX}`,
  })
}

export function jobProfile(ended: readonly WorkerProfile[]): JobProfile {
  const workers = ended.toSorted((a, b) => a.worker - b.worker || a.attempt - b.attempt)
  const sums = new Map<string | undefined, OperatorProfile>()
  for (const { operators } of workers) {
    for (const { operator, times, counts } of operators) {
      const sum = sums.get(operator) ?? { operator, times: noTimes(), counts: NO_COUNTS }
      sums.set(operator, { operator, times: added(sum.times, times), counts: add(sum, counts) })
    }
  }
  const none = sums.get(undefined)
  sums.delete(undefined)
  return { workers, operators: [...sums.values(), ...(none === undefined ? [] : [none])] }
}

/** CPU time in milliseconds, without that of the start. */
export function busyMs({ times }: OperatorProfile): number {
  return WORKS.reduce(
    (sum, work) => sum + (work === 'idle' || work === 'start' ? 0 : times[work]),
    0,
  )
}

/** Time of all access to keyed state, and how often functions asked for it. */
export function stateOf({ times, counts }: OperatorProfile): {
  readonly ms: number
  readonly accesses: number
} {
  const { rows, read, update, collections, timers, fire } = times
  const { reads, updates, timers: timerCalls } = counts
  return {
    ms: rows + read + update + collections + timers + fire,
    accesses: reads + updates + counts.collections + timerCalls,
  }
}

function added(a: WorkTimes, b: WorkTimes): WorkTimes {
  const sum: Record<Work, number> = { ...a }
  for (const work of WORKS) sum[work] += b[work]
  return sum
}

function add({ counts: a }: OperatorProfile, b: OperatorCounts): OperatorCounts {
  return {
    records: a.records + b.records,
    rows: a.rows + b.rows,
    reads: a.reads + b.reads,
    updates: a.updates + b.updates,
    collections: a.collections + b.collections,
    timers: a.timers + b.timers,
  }
}
