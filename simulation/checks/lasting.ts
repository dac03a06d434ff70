/**
 * What must hold on a disk at every instant, because the power may be lost in the next: whichever
 * changes of names that were not synced are lost then, no name is left without its contents, no
 * link without the one before it, and none without its runs. So a sync that is missing is found
 * where it is missing, and not only when the power is lost just there.
 */
import { type ChainCheck, linkName } from './chain.ts'

/** The names of a directory on a disk. */
export interface NamesOnDisk {
  has(name: string): boolean
  /** Whether it is there after a loss of power, whichever changes that takes back. */
  lasts(name: string): boolean
}

export class LastingCheck {
  readonly #chain: ChainCheck
  readonly #names: NamesOnDisk
  /** Links that were deleted and may come back, with the runs that they name. */
  readonly #leaving = new Map<string, ReadonlyMap<string, number>>()

  constructor(chain: ChainCheck, names: NamesOnDisk) {
    this.#chain = chain
    this.#names = names
  }

  /** A name has appeared, and the check of the chain knows of it. */
  written(name: string, isSynced: boolean): void {
    if (!isSynced) throw new Error(`${name} has a name before its contents last`)
    // Another link of that name: of a savepoint that is written again.
    this.#leaving.delete(name)
    const link = this.#chain.linkAt(name)
    const before = link && linkName({ sequence: link.sequence - 1 })
    if (before === undefined || !this.#names.has(before) || this.#names.lasts(before)) return
    throw new Error(`${name} follows ${before}, which a loss of power may take back`)
  }

  /** A name is being deleted. */
  deleting(name: string): void {
    const link = this.#chain.linkAt(name)
    if (link !== undefined) this.#leaving.set(name, link.runs)
    for (const [other, runs] of this.#leaving) {
      if (other === name) continue
      if (!this.#names.lasts(other)) this.#leaving.delete(other)
      else if (link !== undefined || runs.has(name)) {
        throw new Error(`${name} is deleted, but a loss of power may bring ${other} back`)
      }
    }
  }
}
