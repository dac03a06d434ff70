/**
 * What becomes of a record at which a user's function throws: it fails its task (as always), it is
 * passed over, or it goes to a side output as a dead letter.
 */
import { isAssertionError, isMillraceError, messageOf, type ErrorCode } from '../../errors.ts'
import { dynamicType } from '../../types/dynamic.ts'
import { describeKey } from '../../types/keys.ts'
import { t } from '../../types/t.ts'
import { NO_TIMESTAMP, type TimeDomain } from '../operator.ts'
import { outputTag, type OutputTag } from '../output-tag.ts'

/**
 * `fail`: the task fails, and the restart strategy decides · `skip`: the record is passed over,
 * and counted · `dead-letter`: the same, and a `DeadLetter` goes to `deadLetterTag`
 */
export type ErrorPolicy = 'fail' | 'skip' | 'dead-letter'
export const ERROR_POLICIES: ReadonlySet<unknown> = new Set<ErrorPolicy>([
  'fail',
  'skip',
  'dead-letter',
])

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
  readonly timer?: { readonly domain: TimeDomain; readonly time: number; readonly name: string }
  readonly place: string
  readonly failedAt: number
}

export function letterOf(call: FailedCall, error: unknown): DeadLetter {
  const { operator, subtaskIndex, value, timestamp, input, key, timer, place, failedAt } = call
  return {
    operator,
    subtaskIndex,
    record: plain(value),
    input,
    key: plain(key),
    ...(timestamp === NO_TIMESTAMP ? {} : { timestamp }),
    ...(timer === undefined ? {} : { timer: { ...timer } }),
    place,
    code: codeOf(error),
    message: messageOf(error),
    stack: stackOf(error),
    failedAt,
  }
}

/** A copy; a description, if it is no plain data. */
function plain(value: unknown): unknown {
  try {
    return dynamicType().isolate(value)
  } catch {
    return describeKey(value)
  }
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
