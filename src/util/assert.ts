/**
 * Assertions that stay on in production. A failed one is a programmer's error: it fails the task
 * and is never retried. Errors of the outside world are `MillraceError`, not assertions.
 */

/** By it `errors.ts` knows an assertion that failed, also in another thread's copy. */
const BRAND = Symbol.for('millrace.assertion')

export class AssertionError extends Error {
  override readonly name = 'AssertionError'
  readonly [BRAND] = true
}

/** Throws an {@link AssertionError} with `message` unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The value, asserted to be there; for look-ups that a sound program cannot miss. */
export function required<T>(value: T | undefined | null, message: string): T {
  if (value === undefined || value === null) throw new AssertionError(message)
  return value
}

/** Marks a place that exhaustive types make unreachable. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`)
}
