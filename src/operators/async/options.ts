/** What the author of a job says about asynchronous calls, and what the operator makes of it. */
import type { Type } from '../../types/type.ts'
import type { Duration } from '../../util/duration.ts'
import type { AsyncFunctionError } from '../functions.ts'

/** Whether and when a failed call is made again; all attempts share the timeout of the record. */
export interface AsyncRetryOptions<O> {
  /** Calls for one record in all, the first included. */
  readonly attempts: number
  /**
   * The pause before the second attempt, doubled before each further one. Chance shortens it to
   * between half and all, so that what failed together does not come back together.
   * Default: 100 ms.
   */
  readonly backoff?: Duration
  /** What doubling stops at. Default: 10 s. */
  readonly maxBackoff?: Duration
  /** Which errors are worth another attempt. Default: all. */
  readonly retryIf?: (error: unknown) => boolean
  /** Which results are not good enough yet; the last attempt's is taken as it is. */
  readonly retryResultIf?: (result: O) => boolean
}

/** How calls to the outside world are made; `I` is the record, `O` what a call gives. */
export interface AsyncOptions<I, O> {
  /** Records that are under way at most, per subtask; then no more are taken. Default: 100. */
  readonly capacity?: number
  /** For each record, over all its attempts. The signal aborts when it is over. */
  readonly timeout: Duration
  /**
   * True: results come in the order of their records. False: as they arrive, but none passes a
   * watermark, in either direction. Default: true.
   */
  readonly ordered?: boolean
  /** Default: one attempt. */
  readonly retry?: AsyncRetryOptions<O>
  /** What stands for the result when time is up. Default: the job fails with FUNCTION_TIMEOUT. */
  readonly onTimeout?: 'fail' | ((value: I) => O | AsyncFunctionError)
  /** What stands for it when the last attempt has failed. Default: the job fails. */
  readonly onError?: 'fail' | ((value: I, error: unknown) => O | AsyncFunctionError)
}

/** A call to the outside world: gets a record, and a signal that ends it. */
export type AsyncFunction<I, O> = (value: I, signal: AbortSignal) => O | PromiseLike<O>

/** Options of `asyncMap` and `asyncFlatMap`: `O` is a result, `R` what a call gives. */
export interface AsyncMapOptions<I, O, R> extends AsyncOptions<I, R> {
  /** Type of the results; default: dynamic. */
  readonly output?: Type<O>
}

/** The options, parsed. */
export interface AsyncSettings {
  readonly capacity: number
  readonly timeoutMs: number
  readonly ordered: boolean
  readonly attemptsMax: number
  readonly backoffMs: number
  readonly backoffMsMax: number
  readonly retryIf: ((error: unknown) => boolean) | undefined
  readonly retryResultIf: ((result: unknown) => boolean) | undefined
  readonly onTimeout: ((value: unknown, error: unknown) => unknown) | undefined
  readonly onError: ((value: unknown, error: unknown) => unknown) | undefined
}
