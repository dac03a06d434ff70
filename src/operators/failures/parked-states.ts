/**
 * What is kept of a parked key, as keyed state of an operator of its own: why it is parked, the
 * records that wait, and the timers that came due meanwhile. So it is cut, restored, rescaled,
 * converted and shown by tools like any other state.
 */
import { sortedMapState, dequeState } from '../../state/collection-descriptors.ts'
import type { DequeState, SortedMapState } from '../../state/collection-handles.ts'
import { valueState } from '../../state/descriptors.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import type { KeyedStateTable } from '../../state/backend.ts'
import type { ValueState } from '../../state/handles.ts'
import { dynamicType } from '../../types/dynamic.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import type { TimeDomain } from '../operator.ts'

/** Why a key is parked: the last failure of what is first in it. */
export interface ParkedKey {
  /** Processing time, in milliseconds, of the first failure and of the last. */
  readonly since: number
  readonly failedAt: number
  readonly attempts: number
  readonly place: string
  readonly code: string
  readonly message: string
  readonly stack: string
}

/** A record that waits; its value is that of the input by which it came. */
export interface ParkedRecord {
  readonly input: number
  readonly timestamp: number
  /** How far event time had come at the operator. */
  readonly watermark: number
  /** What it takes here. */
  readonly bytes: number
  readonly first?: unknown
  readonly second?: unknown
}

/** By when it is due among the records, in event time; then what timers are told apart by. */
export type ParkedTimerKey = readonly [due: number, domain: string, time: number, name: string]
export interface ParkedTimer {
  readonly payload?: unknown
}

/** Names of the states; in every snapshot, so they never change. */
const PARKED = 'parked'
const RECORDS = 'records'
const TIMERS = 'timers'

const parkedKeyType = t.struct({
  since: t.float64,
  failedAt: t.float64,
  attempts: t.float64,
  place: t.string,
  code: t.string,
  message: t.string,
  stack: t.string,
})

/** @param second of the records of the second input, if that has keys. */
export function parkedRecordType(
  first: Type<unknown>,
  second: Type<unknown> | undefined,
): Type<ParkedRecord> {
  return t.struct({
    input: t.float64,
    timestamp: t.float64,
    watermark: t.float64,
    bytes: t.float64,
    first: t.optional(first),
    ...(second === undefined ? {} : { second: t.optional(second) }),
  })
}

export function parkedStates(records: Type<ParkedRecord>): StateSchema {
  return {
    [PARKED]: valueState(parkedKeyType),
    [RECORDS]: dequeState(records),
    [TIMERS]: sortedMapState(
      t.tuple(t.float64, t.string, t.float64, t.string),
      t.struct({ payload: t.optional(dynamicType()) }),
    ),
  }
}

export interface ParkedHandles {
  readonly parked: ValueState<ParkedKey>
  readonly records: DequeState<ParkedRecord>
  readonly timers: SortedMapState<ParkedTimerKey, ParkedTimer>
}

export function parkedHandles({ handles }: KeyedStateTable): ParkedHandles {
  // The handles are of the states that `parkedStates` declares.
  return {
    parked: handles[PARKED] as ParkedHandles['parked'],
    records: handles[RECORDS] as ParkedHandles['records'],
    timers: handles[TIMERS] as ParkedHandles['timers'],
  }
}

/** A timer that waits. */
export interface WaitingTimer extends ParkedTimer {
  readonly domain: TimeDomain
  readonly time: number
  readonly name: string
}

export function keyOfTimer(
  { domain, time, name }: Omit<WaitingTimer, 'payload'>,
  watermark: number,
): ParkedTimerKey {
  return [domain === 'event-time' ? time : watermark, domain, time, name]
}

export function timerOfKey([, domain, time, name]: ParkedTimerKey, payload: unknown): WaitingTimer {
  return { domain: domain === 'event-time' ? 'event-time' : 'processing-time', time, name, payload }
}
