/**
 * Merges runs as the thread of production does: later, over a store of its own, and now and then it
 * ends, before it has begun, half-way, or when the run is there and nobody was told.
 */
import type { MergeOrder, RunMerger } from '../src/state/runs/merger.ts'
import { mergeRuns } from '../src/state/runs/run-set.ts'
import type { RunReference } from '../src/state/snapshot.ts'
import type { BlobStore } from '../src/storage/blob-store.ts'
import type { Clock } from '../src/util/clock.ts'
import type { Random } from '../src/util/random.ts'

const START_MS_MAX = 20
const SLICE_MS = 1
/** One thread in so many ends at some time of a merge. */
const ENDS_OF = 6

class Ended extends Error {}

export class SimMerger implements RunMerger {
  readonly fromBytes = 0
  readonly #clock: Clock
  readonly #random: Random
  readonly #open: (location: string) => BlobStore
  #hasEnded = false

  constructor(clock: Clock, random: Random, open: (location: string) => BlobStore) {
    this.#clock = clock
    this.#random = random
    this.#open = open
  }

  async merge(order: MergeOrder, signal: AbortSignal): Promise<RunReference | undefined> {
    signal.throwIfAborted()
    if (this.#hasEnded) return undefined
    await this.#clock.sleep(this.#random.int(START_MS_MAX))
    signal.throwIfAborted()
    // Half of the ends come after so many turns, the others when all is written.
    const ends = this.#random.int(ENDS_OF) === 0
    let turnsLeft = ends && this.#random.int(2) === 0 ? this.#random.int(5) : Infinity
    const slice = {
      monotonic: () => this.#clock.monotonic(),
      budgetMs: SLICE_MS,
      yield: async () => {
        await this.#clock.yield()
        signal.throwIfAborted()
        if (turnsLeft-- <= 0) throw new Ended()
      },
    }
    const { location, ...merge } = order
    try {
      const run = await mergeRuns({ ...merge, store: this.#open(location), slice })
      this.#hasEnded = ends
      return ends ? undefined : run
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      this.#hasEnded = true
      return undefined
    }
  }
}
