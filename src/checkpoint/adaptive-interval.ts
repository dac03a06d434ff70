/**
 * The interval between checkpoints that a recovery target asks for.
 *
 * What is cheapest: Young's first order, as Daly gives it. With the cost C of a checkpoint and the
 * mean time M between failures, least time is lost with an interval of `√(2·C·M) − C`. (J. W.
 * Young, "A first order approximation to the optimum checkpoint interval", CACM 17(9), 1974; J. T.
 * Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps", FGCS 22(3),
 * 2006.)
 *
 * What the target allows: a failure just before the next checkpoint is complete loses `T + C` of
 * work. It is redone faster than it came (share ρ = rate of input / rate of replay), after the
 * restart R, so recovery takes `R + ρ·(T + C)` at worst, and `T ≤ (target − R) / ρ − C`.
 *
 * The interval is the lesser of the two, within bounds: checkpoints must not take more than a fifth
 * of the time, and work is never redone for more than half an hour.
 */

/** What was measured of the running job. */
export interface IntervalMeasures {
  readonly targetMs: number
  /** C: from the decision to the commit point, a mean of the last ones. */
  readonly checkpointMs: number
  /** R: the delay of a restart and the restore. */
  readonly restartMs: number
  /** ρ, above 0 up to 1: the rate of input as a share of the fastest at which it was read. */
  readonly replayShare: number
  /** M. */
  readonly betweenFailuresMs: number
}

/** `target`: it allows no more · `cheapest` · `least`, `most`: a bound · `missed`: too short. */
export type IntervalReason = 'target' | 'cheapest' | 'least' | 'most' | 'missed'

export interface ChosenInterval {
  readonly intervalMs: number
  readonly reason: IntervalReason
}

const LEAST_MS = 1_000
const MOST_MS = 30 * 60_000
/** So many times what a checkpoint takes lie between two at least: a fifth of the time is spent. */
const COSTS_BETWEEN = 4

export function chooseInterval(measures: IntervalMeasures): ChosenInterval {
  const { targetMs, checkpointMs, restartMs, replayShare, betweenFailuresMs } = measures
  const cheapestMs = Math.sqrt(2 * checkpointMs * betweenFailuresMs) - checkpointMs
  const allowedMs = (targetMs - restartMs) / replayShare - checkpointMs
  const leastMs = Math.max(LEAST_MS, COSTS_BETWEEN * checkpointMs)
  const chosen = (intervalMs: number, reason: IntervalReason): ChosenInterval => {
    return { intervalMs: Math.round(intervalMs), reason }
  }
  if (allowedMs < leastMs) return chosen(leastMs, 'missed')
  if (allowedMs <= Math.min(cheapestMs, MOST_MS)) return chosen(allowedMs, 'target')
  if (cheapestMs < leastMs) return chosen(leastMs, 'least')
  return cheapestMs > MOST_MS ? chosen(MOST_MS, 'most') : chosen(cheapestMs, 'cheapest')
}

/** In words: for `status` and the log. */
export function describeInterval({ reason }: ChosenInterval, measures: IntervalMeasures): string {
  const { targetMs, checkpointMs, restartMs, replayShare } = measures
  const target = `the recovery target of ${seconds(targetMs)}`
  const times = (1 / replayShare).toFixed(1)
  switch (reason) {
    case 'target':
      return (
        `${target} allows no more: a restart takes ${seconds(restartMs)}, and what is lost is ` +
        `redone ${times} times as fast as it came`
      )
    case 'cheapest':
      return `least time is lost with checkpoints of ${seconds(checkpointMs)}; ${target} is met`
    case 'least':
      return (
        `a checkpoint takes ${seconds(checkpointMs)}, which must be a fifth of the time at most; ` +
        `${target} is met`
      )
    case 'most':
      return `no more than half an hour is ever redone; ${target} is met`
    case 'missed':
      return (
        `${target} cannot be met: a restart takes ${seconds(restartMs)} and a checkpoint ` +
        `${seconds(checkpointMs)}; raise it, or make state smaller or storage faster`
      )
  }
}

function seconds(durationMs: number): string {
  return `${Number((durationMs / 1000).toFixed(durationMs < 10_000 ? 1 : 0))} s`
}
