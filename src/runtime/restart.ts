/**
 * Restart strategies: what to do when an attempt of a job has failed. Pure: the strategy, what is
 * remembered of former failures and the time of this one decide; who waits and restarts is the
 * caller. Errors that a restart cannot mend (`retryable: false`) are not brought here.
 */
import type { Random } from '../util/random.ts'
import { assert, unreachable } from '../util/assert.ts'

export type RestartStrategy =
  | { readonly kind: 'none' }
  /** At most `attemptsMax` restarts in the life of the run, each after `delayMs`. */
  | { readonly kind: 'fixed-delay'; readonly attemptsMax: number; readonly delayMs: number }
  | {
      readonly kind: 'exponential-delay'
      readonly initialDelayMs: number
      readonly maxDelayMs: number
      /** At least 1. */
      readonly multiplier: number
      /** 0 to 1: the delay is spread by this share to both sides, so that jobs fall out of step. */
      readonly jitter: number
      /** After running so long without a failure the delay is `initialDelayMs` again. */
      readonly resetAfterMs: number
      /** Restarts without a reset in between; undefined: no limit. */
      readonly attemptsMax: number | undefined
    }
  /** Gives up when more than `failuresMax` failures fall into any `intervalMs`. */
  | {
      readonly kind: 'failure-rate'
      readonly failuresMax: number
      readonly intervalMs: number
      readonly delayMs: number
    }

/** What a strategy remembers; begin with `NO_FAILURES`. */
export interface RestartState {
  /** Failures since the start or the last reset. */
  readonly failures: number
  /** Of the last restart's delay without jitter; 0 before the first. */
  readonly delayMs: number
  /** When the last restart was due, in the time of `atMs`. */
  readonly restartedAtMs: number
  /** Failures within the interval of `failure-rate`, oldest first; at most `failuresMax` + 1. */
  readonly recentAtMs: readonly number[]
}

export const NO_FAILURES: RestartState = {
  failures: 0,
  delayMs: 0,
  restartedAtMs: Number.NEGATIVE_INFINITY,
  recentAtMs: [],
}

export interface RestartDecision {
  readonly state: RestartState
  /** Restart after so many milliseconds, or not at all. */
  readonly next: number | 'give up'
}

/**
 * Decides what follows from a failure at `atMs` (monotonic).
 *
 * @example
 * const { state, next } = decideRestart(strategy, NO_FAILURES, clock.monotonic(), random)
 * if (next === 'give up') throw error
 * await clock.sleep(next)
 */
export function decideRestart(
  strategy: RestartStrategy,
  state: RestartState,
  atMs: number,
  random: Random,
): RestartDecision {
  switch (strategy.kind) {
    case 'none':
      return { state: { ...state, failures: state.failures + 1 }, next: 'give up' }
    case 'fixed-delay': {
      const failures = state.failures + 1
      const next = failures > strategy.attemptsMax ? 'give up' : strategy.delayMs
      return { state: remember(state, failures, strategy.delayMs, atMs), next }
    }
    case 'exponential-delay':
      return exponential(strategy, state, atMs, random)
    case 'failure-rate':
      return failureRate(strategy, state, atMs)
    default:
      return unreachable(strategy)
  }
}

type StrategyOf<K extends RestartStrategy['kind']> = Extract<RestartStrategy, { readonly kind: K }>

function exponential(
  strategy: StrategyOf<'exponential-delay'>,
  before: RestartState,
  atMs: number,
  random: Random,
): RestartDecision {
  const { initialDelayMs, maxDelayMs, multiplier, jitter, resetAfterMs, attemptsMax } = strategy
  assert(multiplier >= 1 && jitter >= 0 && jitter <= 1, 'multiplier ≥ 1, jitter from 0 to 1')
  const stable = atMs - before.restartedAtMs >= resetAfterMs
  const state = stable ? NO_FAILURES : before
  const failures = state.failures + 1
  const grown = state.delayMs === 0 ? initialDelayMs : state.delayMs * multiplier
  const delayMs = Math.min(maxDelayMs, grown)
  const spread = delayMs * jitter * (random.next() * 2 - 1)
  const jittered = Math.min(maxDelayMs, Math.max(0, delayMs + spread))
  const givesUp = attemptsMax !== undefined && failures > attemptsMax
  return {
    state: { ...remember(state, failures, delayMs, atMs), restartedAtMs: atMs + jittered },
    next: givesUp ? 'give up' : jittered,
  }
}

function failureRate(
  strategy: StrategyOf<'failure-rate'>,
  state: RestartState,
  atMs: number,
): RestartDecision {
  const { failuresMax, intervalMs, delayMs } = strategy
  const recentAtMs = [...state.recentAtMs, atMs]
    .filter((failureAtMs) => atMs - failureAtMs < intervalMs)
    .slice(-(failuresMax + 1))
  const next = recentAtMs.length > failuresMax ? 'give up' : delayMs
  return { state: { ...remember(state, state.failures + 1, delayMs, atMs), recentAtMs }, next }
}

function remember(
  state: RestartState,
  failures: number,
  delayMs: number,
  atMs: number,
): RestartState {
  return { ...state, failures, delayMs, restartedAtMs: atMs + delayMs }
}
