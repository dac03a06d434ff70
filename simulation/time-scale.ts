/**
 * How long things last in a seed. Most seeds live for seconds and everything follows closely upon
 * everything; in others a job runs for minutes, with the pauses, delays and intervals of users,
 * or is down for hours or days. Between two pauses all of them are as dense.
 */
import type { Random } from '../src/util/random.ts'

interface Durations {
  /** How long a start lasts at most, until it is ended. */
  readonly startMsMax: number
  /** From the end of a start to the next one. */
  readonly outageMsMax: number
  /** A process that stands still, or a machine that sleeps. */
  readonly stallMsMax: number
  /** For how long a source has nothing to say now and then; 0: it always has. */
  readonly quietMsMax: number
  /** How many times longer than usual it is between checkpoints, requests and looks for splits. */
  readonly pace: number
  /** How many times longer slow storages, sources, sinks and calls take. */
  readonly slowness: number
  /** Leases, backoff and timeouts are those that a user has who sets nothing. */
  readonly hasDefaults: boolean
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const SCALES = {
  milliseconds: {
    startMsMax: 250,
    outageMsMax: 300,
    stallMsMax: 1_500,
    quietMsMax: 0,
    pace: 1,
    slowness: 1,
    hasDefaults: false,
  },
  seconds: {
    startMsMax: 6 * SECOND_MS,
    outageMsMax: 30 * SECOND_MS,
    stallMsMax: 20 * SECOND_MS,
    quietMsMax: 2 * SECOND_MS,
    pace: 20,
    slowness: 8,
    hasDefaults: false,
  },
  minutes: {
    startMsMax: 2 * MINUTE_MS,
    outageMsMax: 20 * MINUTE_MS,
    stallMsMax: 3 * MINUTE_MS,
    quietMsMax: 20 * SECOND_MS,
    pace: 400,
    slowness: 60,
    hasDefaults: true,
  },
  hours: {
    startMsMax: MINUTE_MS,
    outageMsMax: 12 * HOUR_MS,
    stallMsMax: 3 * HOUR_MS,
    quietMsMax: 10 * SECOND_MS,
    pace: 200,
    slowness: 30,
    hasDefaults: true,
  },
  days: {
    startMsMax: 20 * SECOND_MS,
    outageMsMax: 5 * DAY_MS,
    stallMsMax: 2 * DAY_MS,
    quietMsMax: 4 * SECOND_MS,
    pace: 60,
    slowness: 10,
    hasDefaults: false,
  },
} as const satisfies Record<string, Durations>

export type TimeUnit = keyof typeof SCALES

// Object.keys widens to string; the keys of the table are the units.
export const TIME_UNITS = Object.keys(SCALES) as readonly TimeUnit[]

/** Of ten seeds six are as dense as can be. */
const UNITS: readonly TimeUnit[] = ['seconds', 'minutes', 'hours', 'days']
const DENSE_OF_TEN = 6

export interface TimeScale extends Durations {
  readonly unit: TimeUnit
}

export function timeScale(unit: TimeUnit): TimeScale {
  return { unit, ...SCALES[unit] }
}

export function randomTimeScale(random: Random): TimeScale {
  if (random.int(10) < DENSE_OF_TEN) return timeScale('milliseconds')
  return timeScale(UNITS[random.int(UNITS.length)] ?? 'seconds')
}
