/**
 * What becomes of a record at which a user's function throws: it fails its task (as always), it is
 * passed over, or it goes to a side output as a dead letter.
 */
import {
  errorToData,
  isAssertionError,
  isMillraceError,
  messageOf,
  MillraceError,
  type ErrorCode,
} from '../../errors.ts'
import { dynamicType } from '../../types/dynamic.ts'
import { describeKey } from '../../types/keys.ts'
import { t } from '../../types/t.ts'
import type { Size } from '../../util/duration.ts'
import { NO_TIMESTAMP, type PartOfCall } from '../operator.ts'
import { outputTag, type OutputTag } from '../output-tag.ts'
import type { WaitingTimer } from './parked-states.ts'

/**
 * `fail`: the task fails, and the restart strategy decides · `skip`: the record is passed over,
 * and counted · `dead-letter`: the same, and a `DeadLetter` goes to `deadLetterTag` · `park`: it
 * waits, with all that comes later for its key, until its key is released
 */
export type ErrorPolicy = 'fail' | 'skip' | 'dead-letter' | 'park'
export const ERROR_POLICIES: ReadonlySet<unknown> = new Set<ErrorPolicy>([
  'fail',
  'skip',
  'dead-letter',
  'park',
])

/** How much may wait for parked keys, in one subtask: more fails the job. */
export interface ParkLimits {
  /** Records. Default: 10 000. */
  readonly records?: number
  /** Bytes of all of them. Default: 64 MiB. */
  readonly size?: Size
}

/** A record, or a timer, at which a function threw. */
export interface DeadLetter {
  /** Uid of the operator, or what it does and where it was written. */
  operator: string
  subtaskIndex: number
  /** As it came to the function; a description, if it is no plain data. Undefined for timers. */
  record: unknown
  /** Which input it came by: 1 or 2; 0 for a timer. */
  input: number
  /** The key that the function was working on; undefined where there is none. */
  key: unknown
  /** Event time in milliseconds, of the record or the timer. */
  timestamp?: number | undefined
  /** Of a window that has fired, or a trigger; the record is then what the window held. */
  window?: { start: number; end: number } | undefined
  /** `event-time` or `processing-time`, time and name of the timer. */
  timer?: { domain: string; time: number; name: string } | undefined
  /** Where the record was read, as far as it is known: file and line, split, task before it. */
  place: string
  code: string
  message: string
  stack: string
  /** Processing time of the failure, in milliseconds. */
  failedAt: number
}

const letterType = t.struct({
  operator: t.string,
  subtaskIndex: t.float64,
  record: dynamicType<unknown>(),
  input: t.float64,
  key: dynamicType<unknown>(),
  timestamp: t.optional(t.float64),
  window: t.optional(t.struct({ start: t.float64, end: t.float64 })),
  timer: t.optional(t.struct({ domain: t.string, time: t.float64, name: t.string })),
  place: t.string,
  code: t.string,
  message: t.string,
  stack: t.string,
  failedAt: t.float64,
})

/**
 * The side output of an operator with `onError('dead-letter')`.
 *
 * @example
 * const parsed = lines.map((line) => JSON.parse(line)).onError('dead-letter')
 * parsed.sideOutput(deadLetterTag).sinkTo('rejects', fileSink({ path: 'rejects' }))
 */
export const deadLetterTag: OutputTag<DeadLetter> = outputTag<DeadLetter>('dead-letter', letterType)

/** What failed, and where. */
export interface FailedCall {
  readonly operator: string
  readonly subtaskIndex: number
  readonly value: unknown
  readonly timestamp: number
  readonly input: 0 | 1 | 2
  readonly key: unknown
  readonly window: PartOfCall['window']
  readonly timer?: WaitingTimer | undefined
  readonly place: string
  readonly failedAt: number
}

export function letterOf(call: FailedCall, error: unknown): DeadLetter {
  const { operator, subtaskIndex, value, timestamp, input, key, window, timer } = call
  const { place, failedAt } = call
  return {
    operator,
    subtaskIndex,
    record: plain(value),
    input,
    key: plain(key),
    ...(timestamp === NO_TIMESTAMP ? {} : { timestamp }),
    ...(window === undefined ? {} : { window: { start: window.start, end: window.end } }),
    ...(timer === undefined ? {} : { timer: shownTimer(timer) }),
    place,
    ...thrownAs(error),
    failedAt,
  }
}

/** An error as letters and parked keys tell it. */
export function thrownAs(error: unknown): { code: string; message: string; stack: string } {
  const thrown = thrownBy(error)
  return { code: codeOf(error), message: messageOf(thrown), stack: stackOf(thrown) }
}

function shownTimer({ domain, time, name }: WaitingTimer): DeadLetter['timer'] {
  return { domain, time, name }
}

/** A copy; a description, if it is no plain data. */
function plain(value: unknown): unknown {
  try {
    return dynamicType().isolate(value)
  } catch {
    return describeKey(value)
  }
}

/** What the function itself has thrown, where the engine has put more around it. */
function thrownBy(error: unknown): unknown {
  const isAround = isMillraceError(error) && error.code === 'FUNCTION_FAILED'
  return isAround && error.cause instanceof Error ? error.cause : error
}

function codeOf(error: unknown): ErrorCode {
  return isMillraceError(error) ? error.code : 'FUNCTION_FAILED'
}

function stackOf(error: unknown): string {
  return error instanceof Error && typeof error.stack === 'string' ? error.stack : ''
}

/** Errors of the engine that a record causes, by what a function makes of it. */
const CAUSED_BY_RECORDS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'FUNCTION_FAILED',
  'FUNCTION_TIMEOUT',
  'STATE_VALUE_TOO_LARGE',
  'TYPE_MISMATCH',
])

/**
 * True if another record may fare better: what is wrong with the storage, the job or the engine is
 * never taken for the fault of a record.
 */
export function isOfRecord(error: unknown): boolean {
  if (isMillraceError(error)) return CAUSED_BY_RECORDS.has(error.code)
  return !isAssertionError(error)
}

/** A broadcast record must come to the same in all subtasks: passed over in all, or in none. */
export function differing(error: unknown): MillraceError {
  const { code } = errorToData(error)
  const why = 'it has gone through the keys, which are others in each subtask'
  return new MillraceError(code, `${messageOf(error)} (not passed over: ${why})`, { cause: error })
}

/** Of a broadcast record, or one without a key. */
export function notParked(error: unknown): MillraceError {
  const { code } = errorToData(error)
  const message = `${messageOf(error)} (not parked: the record has no key)`
  return new MillraceError(code, message, { cause: error })
}
