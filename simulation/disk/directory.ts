/**
 * One directory of blobs of the simulated world, wherever it lies, with the checks that watch it:
 * those of its chain after each visible change, and that what was promised survives a loss of
 * power.
 */
import { type BlobLengths, ChainCheck } from '../checks/chain.ts'
import { Violation } from '../scheduler.ts'

export class Directory {
  readonly location: string
  readonly chain: ChainCheck
  readonly #blobs: BlobLengths
  /** Names of what must be there whatever happens, with the length that was written. */
  readonly #promised = new Map<string, number>()

  constructor(location: string, blobs: BlobLengths) {
    this.location = location
    this.#blobs = blobs
    this.chain = new ChainCheck(blobs)
  }

  /** Undefined if it is not there. */
  lengthOf(name: string): number | undefined {
    return this.#blobs.get(name)?.length
  }

  written(name: string, bytes: Uint8Array): void {
    this.#checked(() => this.chain.written(name, bytes))
  }

  deleted(name: string): void {
    this.#promised.delete(name)
    this.#checked(() => this.chain.deleted(name))
  }

  /** The storage has said that it is there: from here on it survives a loss of power. */
  promise(name: string): void {
    const blob = this.#blobs.get(name)
    if (blob !== undefined) this.#promised.set(name, blob.length)
  }

  /** Somebody has begun to delete it. */
  withdraw(name: string): void {
    this.#promised.delete(name)
  }

  /** The power was lost: these are the names that are left. */
  restarted(names: readonly string[]): void {
    for (const [name, lengthBytes] of this.#promised) {
      if (this.chain.isDamaged) break
      const length = this.#blobs.get(name)?.length
      if (length === lengthBytes) continue
      const left = length === undefined ? 'is gone' : `has ${length} bytes, not ${lengthBytes}`
      throw new Violation(`${this.location}: ${name} ${left} after a loss of power`)
    }
    this.#checked(() => this.chain.restarted(names))
  }

  #checked(check: () => void): void {
    try {
      check()
    } catch (error) {
      throw new Violation(`${this.location}: ${error instanceof Error ? error.message : 'unknown'}`)
    }
  }
}
