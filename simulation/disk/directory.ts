/**
 * One directory of blobs of the simulated world, wherever it lies, with the checks that watch it:
 * those of its chain after each visible change, and that what was promised survives a loss of
 * power.
 */
import { ChainCheck } from '../checks/chain.ts'
import { LastingCheck, type NamesOnDisk } from '../checks/lasting.ts'
import { Violation } from '../scheduler.ts'

/** What it holds, by name. */
interface Blobs {
  get(name: string): Uint8Array | undefined
}

export class Directory {
  readonly location: string
  readonly chain: ChainCheck
  readonly #blobs: Blobs
  /** Names of what must be there whatever happens, with the length that was written. */
  readonly #promised = new Map<string, number>()
  readonly #lasting: LastingCheck | undefined

  /** @param names where a loss of power may take back what was not synced. */
  constructor(location: string, blobs: Blobs, names?: NamesOnDisk) {
    this.location = location
    this.#blobs = blobs
    this.chain = new ChainCheck(blobs)
    this.#lasting = names && new LastingCheck(this.chain, names)
  }

  /** Undefined if it is not there. */
  lengthOf(name: string): number | undefined {
    return this.#blobs.get(name)?.length
  }

  /** What a blob holds, whatever reading it may give; undefined if it is not there. */
  bytesOf(name: string): Uint8Array | undefined {
    return this.#blobs.get(name)
  }

  /** @param isSynced its contents survive a loss of power. */
  written(name: string, bytes: Uint8Array, isSynced = true): void {
    this.#checked(() => {
      this.chain.written(name, bytes)
      if (!this.chain.isDamaged) this.#lasting?.written(name, isSynced)
    })
  }

  deleted(name: string): void {
    this.#promised.delete(name)
    this.#checked(() => {
      if (!this.chain.isDamaged) this.#lasting?.deleting(name)
      this.chain.deleted(name)
    })
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

  /** The power was lost: this is left. */
  restarted(left: ReadonlyMap<string, Uint8Array>): void {
    for (const [name, lengthBytes] of this.#promised) {
      if (this.chain.isDamaged) break
      const length = this.#blobs.get(name)?.length
      if (length === lengthBytes) continue
      const left = length === undefined ? 'is gone' : `has ${length} bytes, not ${lengthBytes}`
      throw new Violation(`${this.location}: ${name} ${left} after a loss of power`)
    }
    this.#checked(() => this.chain.restarted(left))
  }

  #checked(check: () => void): void {
    try {
      check()
    } catch (error) {
      throw new Violation(`${this.location}: ${error instanceof Error ? error.message : 'unknown'}`)
    }
  }
}
