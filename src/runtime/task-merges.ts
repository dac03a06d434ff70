/**
 * The merges of one task: in another thread where that can make them, else beside the records in
 * slices. Each has a name of its own, also where it is made twice.
 */
import { runName } from '../checkpoint/layout.ts'
import { elsewhere, type MergeOrder } from '../state/runs/merger.ts'
import { type MergeRunsOptions, mergeRuns } from '../state/runs/run-set.ts'
import type { RunReference } from '../state/snapshot.ts'
import type { CommitScope } from '../operators/sink.ts'
import type { KeyGroupRange } from '../state/key-groups.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { WorkerHost } from './host.ts'
import type { RunRenewal } from './run-renewal.ts'

/** How runs of the task are written, and what they say of themselves. */
type Written = Pick<
  MergeRunsOptions,
  'metadata' | 'compression' | 'sealer' | 'blockBytes' | 'slice' | 'at'
>

export interface TaskMergesOptions {
  readonly vertex: number
  readonly subtaskIndex: number
  readonly keyGroups: KeyGroupRange
  readonly scope: CommitScope
  readonly store: BlobStore
  readonly host: WorkerHost
  /** Merges are numbered from here, above those of a former task under the same checkpoint. */
  readonly firstMerge?: number
  readonly signal: AbortSignal
}

export class TaskMerges {
  readonly #options: TaskMergesOptions
  readonly #renewal: RunRenewal
  #count: number

  constructor(options: TaskMergesOptions, renewal: RunRenewal) {
    this.#options = options
    this.#renewal = renewal
    this.#count = options.firstMerge ?? 0
  }

  /** @throws what a merge throws; then nothing is visible of it. */
  async merge(
    runs: readonly RunReference[],
    dropTombstones: boolean,
    checkpointId: number,
    written: Written,
  ): Promise<RunReference> {
    const { store, keyGroups } = this.#options
    const what = { runs, keyGroups, dropTombstones, metadata: written.metadata }
    const made = await this.#elsewhere({ ...what, name: this.#name(checkpointId) }, written)
    if (made !== undefined) return made
    return await mergeRuns({
      ...written,
      ...what,
      store,
      name: this.#name(checkpointId),
      renewed: (entry, seal) => this.#renewal.renewal.renewed(entry, seal),
    })
  }

  async #elsewhere(
    order: Omit<MergeOrder, 'location'>,
    { compression, blockBytes }: Written,
  ): Promise<RunReference | undefined> {
    const { store, host, signal } = this.#options
    const { merger } = host
    // Only here it is known how entries of older types are written now.
    if (merger === undefined || this.#renewal.renewal.ages.size > 0) return undefined
    const location = elsewhere(merger, store, order.runs)
    if (location === undefined) return undefined
    const how = compression === undefined ? {} : { compression }
    const made = await merger.merge({ ...order, ...how, blockBytes, location }, signal)
    // Perhaps it was made, and nobody could say so: no manifest will ever name it.
    if (made === undefined) await store.delete(order.name)
    signal.throwIfAborted()
    return made
  }

  #name(checkpointId: number): string {
    const { scope, vertex, subtaskIndex } = this.#options
    const { leaderEpoch } = scope
    return runName({ leaderEpoch, checkpointId, vertex, subtaskIndex, merge: ++this.#count })
  }
}
