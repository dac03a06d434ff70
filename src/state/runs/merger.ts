/**
 * Merges made elsewhere than in the thread of the records, which they cost a fifth of its time when
 * much state changes: by whoever can open the same storage by nothing but its place.
 */
import type { BlobStore } from '../../storage/blob-store.ts'
import type { RunReference } from '../snapshot.ts'
import type { MergeRunsOptions } from './run-set.ts'

/** A merge, said so that another thread can make it. */
export interface MergeOrder extends Pick<
  MergeRunsOptions,
  'runs' | 'keyGroups' | 'dropTombstones' | 'name' | 'metadata' | 'compression' | 'blockBytes'
> {
  /** Of the store: its `plainLocation`. */
  readonly location: string
}

export interface RunMerger {
  /** Runs that have fewer bytes are merged where they are needed: it is not worth the way. */
  readonly fromBytes: number
  /**
   * Writes the one run that may replace those of the order. Resolves when nothing is written any
   * more: undefined if nobody knows whether the run was made, as when a thread has ended.
   *
   * @throws what a merge throws, or the reason of the signal.
   */
  merge(order: MergeOrder, signal: AbortSignal): Promise<RunReference | undefined>
}

/** Where another thread can read and write these runs; undefined: it cannot, or need not. */
export function elsewhere(
  merger: RunMerger,
  { plainLocation }: BlobStore,
  runs: readonly RunReference[],
): string | undefined {
  const bytes = runs.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
  return bytes < merger.fromBytes ? undefined : plainLocation
}
