/** Which errors a fault explains; whatever else a job ends with is a bug of the engine. */
import { type ErrorCode, isMillraceError } from '../../src/errors.ts'
import { Violation } from '../scheduler.ts'

/** What faults may lead to. */
const EXPLAINED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  // Asked for by its number: it may be on a line that the job has left.
  'CHECKPOINT_NOT_FOUND',
  'OUTPUT_MAY_REPEAT',
  'OUTPUT_TAKEN_BACK',
  // A function throws at the end of its input, and waits for its correction.
  'PARKED_KEYS_LEFT',
  'CHECKPOINT_FAILED',
  'CONNECTOR_FAILED',
  'FUNCTION_FAILED',
  'JOB_CANCELLED',
  'JOB_NOT_RUNNING',
  'STANDBY_MISSING',
  // The number of one on a line that the job has left, which had visible output.
  'OUTPUT_TAKEN_BACK',
  // The same, where it belongs to another lineage, whose output cannot be taken back.
  'OUTPUT_MAY_REPEAT',
  'STORAGE_CONFLICT',
  'STORAGE_FAILED',
  'WORKER_LOST',
])

/** What another process may lead to that leads the same job. */
const EXPLAINED_BY_RIVALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'LEADERSHIP_LOST',
  'LEADER_FAILED',
  'STORAGE_NOT_FOUND',
])

/** What standing still may lead to, of who waits for an answer from outside. */
const EXPLAINED_BY_STALLS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['FUNCTION_TIMEOUT'])

/** What reading other bits than were written may lead to, while it lasts. */
const EXPLAINED_BY_FLIPS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CHECKPOINT_DAMAGED',
  'OUTPUT_MAY_REPEAT',
  'STORAGE_CORRUPT',
])

export interface Circumstances {
  /** Another process is alive that may lead the same job. */
  readonly hasRivals: boolean
  /** Bits were read wrongly, and may be again. */
  readonly hasFlips: boolean
  /** Somebody stood still for longer than a call may take, or a call did. */
  readonly hasStalled: boolean
  /** A version of the job with newer types may have led meanwhile. */
  readonly isOutdated: boolean
}

/** @throws Violation for an error that no fault explains. */
export function requireExplained(
  what: string,
  error: unknown,
  { hasRivals, hasFlips, hasStalled, isOutdated }: Circumstances,
): void {
  if (isMillraceError(error)) {
    if (isOutdated && error.code === 'CHECKPOINT_INCOMPATIBLE') return
    if (hasFlips && EXPLAINED_BY_FLIPS.has(error.code)) return
    if (EXPLAINED.has(error.code)) return
    if (hasStalled && EXPLAINED_BY_STALLS.has(error.code)) return
    if (hasRivals && EXPLAINED_BY_RIVALS.has(error.code)) return
  }
  throw new Violation(`${what} failed: ${describeError(error)} ${stackOf(error)}`)
}

export function describeError(error: unknown): string {
  if (isMillraceError(error)) return `${error.code} ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '') : ''
}
