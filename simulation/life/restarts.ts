/** A job that ends by a failure has used all the restarts that its strategy gives it. */
import { isMillraceError } from '../../src/errors.ts'
import type { JobStatus } from '../../src/runtime/job-status.ts'
import type { RunOptions } from '../../src/runtime/run-options.ts'
import { Violation } from '../scheduler.ts'

/**
 * @param error by which the run ended; nobody had asked it to be cancelled.
 * @param status of the job after that.
 * @throws Violation if there was a restart left. Only strategies that count in the life of a run
 * are judged, of jobs of one region: regions restart by themselves, and take from the same number.
 */
export function requireRestartsUsed(
  error: unknown,
  { attempts, regions, lastError }: JobStatus,
  { strategy, attempts: restartsMax }: NonNullable<RunOptions['restart']>,
): void {
  if (strategy !== 'fixed-delay' || typeof restartsMax !== 'number' || regions.count > 1) return
  if (!isMillraceError(error) || !error.retryable) return
  // It was not the end of an attempt that failed.
  if (lastError?.code !== error.code || lastError.message !== error.message) return
  if (attempts > restartsMax) return
  throw new Violation(`it gave up after ${attempts - 1} restarts, and may have ${restartsMax}`)
}
