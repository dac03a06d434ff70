/** What a seed came to, as plain data that goes from process to process. */
import type { SeedReport } from '../seed.ts'

export type Counts = Readonly<Record<string, number>>

export interface SeedResult {
  readonly seed: number
  readonly traceHash: string
  readonly events: number
  readonly virtualMs: number
  readonly starts: number
  readonly resumed: number
  /** How often each kind of fault struck. */
  readonly faults: Counts
  /** How often each named point was reached. */
  readonly points: Counts
  /** How often a process or worker crashed there. */
  readonly crashes: Counts
  /** What was wrong; undefined if nothing was. */
  readonly failure: string | undefined
}

export function resultOf(report: SeedReport): SeedResult {
  const { seed, traceHash, events, virtualMs, starts, resumed, violation } = report
  const { fired, pointsReached, pointsCrashed } = report.faults
  return {
    seed,
    traceHash,
    events,
    virtualMs,
    starts,
    resumed,
    faults: Object.fromEntries(fired),
    points: Object.fromEntries(pointsReached),
    crashes: Object.fromEntries(pointsCrashed),
    failure: violation === undefined ? undefined : failureText(violation),
  }
}

/** Of a seed that never came to its end. */
export function lostSeed(seed: number, failure: string): SeedResult {
  const nothing = { traceHash: '', events: 0, virtualMs: 0, starts: 0, resumed: 0 }
  return { seed, ...nothing, faults: {}, points: {}, crashes: {}, failure }
}

/** A violation says all; of any other error its stack tells more. */
export function failureText(violation: Error): string {
  return violation.name === 'Violation' ? violation.message : (violation.stack ?? violation.message)
}
