/**
 * Which runs of a task hold entries of older types, and in which order they are written anew while
 * records go on. A run says in its footer of which age its entries are; merges renew what they
 * take over, so a run is of one age from then on.
 */
import type { EntryRenewal } from '../state/runs/entry-renewal.ts'
import type { MergePlan } from '../state/runs/merge-plan.ts'
import { RunReader } from '../state/runs/run-reader.ts'
import type { RunReference } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'

export class RunRenewal {
  readonly renewal: EntryRenewal
  readonly #store: BlobStore
  readonly #restored: readonly RunReference[]
  /** Lengths by name; undefined until the footers were read. */
  #outdated: Map<string, number> | undefined

  constructor(store: BlobStore, restored: readonly RunReference[], renewal: EntryRenewal) {
    this.renewal = renewal
    this.#store = store
    this.#restored = renewal.ages.size === 0 ? [] : restored
    if (this.#restored.length === 0) this.#outdated = new Map()
  }

  /** Bytes of files that are still to be written anew. */
  get bytesLeft(): number {
    return this.#outdated?.values().reduce((sum, bytes) => sum + bytes, 0) ?? 0
  }

  /** True once it is known which files are meant. */
  get isKnown(): boolean {
    return this.#outdated !== undefined
  }

  /** Reads the footers of what was restored and is still among the runs. */
  async look(runs: readonly RunReference[]): Promise<void> {
    const outdated = new Map<string, number>()
    const { ages } = this.renewal
    for (const reference of this.#restored.filter((run) => runs.includes(run))) {
      const { metadata } = await RunReader.open(this.#store, reference)
      const isOld = metadata.operators.some(({ id, schemaId = 0 }) => {
        const age = ages.get(id)
        return age !== undefined && age !== schemaId
      })
      if (isOld) outdated.set(reference.name, reference.lengthBytes)
    }
    this.#outdated = outdated
  }

  /** The oldest such runs that lie side by side, to become one; undefined if none are left. */
  plan(runs: readonly RunReference[]): MergePlan | undefined {
    const isOld = (run: RunReference): boolean => this.#outdated?.has(run.name) === true
    const from = runs.findIndex(isOld)
    if (from < 0) return undefined
    const length = runs.slice(from).findIndex((run) => !isOld(run))
    return { from, to: length < 0 ? runs.length : from + length }
  }

  /** Only these are left: what was replaced is forgotten. */
  keepOnly(runs: readonly RunReference[]): void {
    const names = new Set(runs.map((run) => run.name))
    for (const name of this.#outdated?.keys() ?? []) {
      if (!names.has(name)) this.#outdated?.delete(name)
    }
  }
}
