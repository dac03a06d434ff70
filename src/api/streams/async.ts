/**
 * What a job author says of look-ups in the outside world: `lookupJoin`. Options of single calls
 * are in `operators/async/options.ts`.
 */
import type { AsyncOptions } from '../../operators/async/options.ts'
import type { AsyncFunctionError, CompileError } from '../../operators/functions.ts'
import type { Type } from '../../types/type.ts'
import type { Duration } from '../../util/duration.ts'

/** Rows that are kept for a while, per subtask; those that were not found as well. */
export interface LookupCache {
  /** How many; the row used longest ago makes room. */
  readonly entries: number
  /** How long, by the time of day. */
  readonly ttl: Duration
}

/** Joins each record with what an asynchronous look-up finds for its key. */
export interface LookupJoin<T, K, R, O, Kind extends 'inner' | 'left'> extends AsyncOptions<
  T,
  R | undefined
> {
  /** What to look up; a record whose key is null or undefined finds nothing. */
  readonly key: (value: T) => K | null | undefined | AsyncFunctionError
  /** Records of equal keys that wait at the same time share one call. */
  readonly lookup: (
    key: NonNullable<K>,
    signal: AbortSignal,
  ) => PromiseLike<R | undefined> | R | undefined
  /** `inner`: a record without row is dropped. `left`: it is joined with undefined. */
  readonly kind: Kind
  readonly join: (
    left: T,
    row: Kind extends 'inner' ? R : R | undefined,
  ) => O extends PromiseLike<unknown>
    ? CompileError<'the join is synchronous: make the call in lookup'>
    : O
  /** Default: rows are not kept. */
  readonly cache?: LookupCache
  /** Type of the results; default: dynamic. */
  readonly output?: Type<O>
}
