/**
 * One directory of blobs of the simulated world, wherever it lies, with the checks that watch it:
 * those of its chain after each visible change, and that what was promised survives a loss of
 * power.
 */
import { ChainCheck } from '../checks/chain.ts'
import { LastingCheck, type NamesOnDisk } from '../checks/lasting.ts'
import { Violation } from '../scheduler.ts'
import type { SimKeys } from '../sim-keys.ts'

const VAULTS = 'subjects/'

/** What it holds, by name. */
interface Blobs {
  get(name: string): Uint8Array | undefined
}

export class Directory {
  readonly location: string
  readonly chain: ChainCheck
  readonly #blobs: Blobs
  readonly #keys: SimKeys | undefined
  /** Names of what must be there whatever happens, with the length that was written. */
  readonly #promised = new Map<string, number>()
  readonly #lasting: LastingCheck | undefined
  #vaults = new Set<string>()

  /**
   * @param names where a loss of power may take back what was not synced.
   * @param keys of what is encrypted there
   */
  constructor(location: string, blobs: Blobs, names?: NamesOnDisk, keys?: SimKeys) {
    this.location = location
    this.#blobs = keys === undefined ? blobs : decrypted(blobs, keys)
    this.#keys = keys
    this.chain = new ChainCheck(this.#blobs)
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

  /** Names of the vaults of subjects' keys that are there, oldest first. */
  get vaults(): readonly string[] {
    return [...this.#vaults].toSorted()
  }

  /** @param isSynced its contents survive a loss of power. */
  written(name: string, bytes: Uint8Array, isSynced = true): void {
    if (name.startsWith(VAULTS)) this.#vaults.add(name)
    this.#checked(() => {
      this.#keys?.check(bytes)
      this.chain.written(name, this.#keys?.plain(bytes) ?? bytes)
      if (!this.chain.isDamaged) this.#lasting?.written(name, isSynced)
    })
  }

  deleted(name: string): void {
    this.#promised.delete(name)
    this.#vaults.delete(name)
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
    const plain = this.#plain(left)
    this.#vaults = new Set([...left.keys()].filter((name) => name.startsWith(VAULTS)))
    for (const [name, lengthBytes] of this.#promised) {
      if (this.chain.isDamaged) break
      const length = this.#blobs.get(name)?.length
      if (length === lengthBytes) continue
      const left = length === undefined ? 'is gone' : `has ${length} bytes, not ${lengthBytes}`
      throw new Violation(`${this.location}: ${name} ${left} after a loss of power`)
    }
    this.#checked(() => this.chain.restarted(plain))
  }

  /** What blobs hold. */
  #plain(blobs: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
    const keys = this.#keys
    if (keys === undefined) return blobs
    return new Map([...blobs].map(([name, bytes]) => [name, keys.plain(bytes)]))
  }

  #checked(check: () => void): void {
    try {
      check()
    } catch (error) {
      throw new Violation(`${this.location}: ${error instanceof Error ? error.message : 'unknown'}`)
    }
  }
}

/** What the blobs hold. */
function decrypted(blobs: Blobs, keys: SimKeys): Blobs {
  return {
    get(name) {
      const bytes = blobs.get(name)
      return bytes && keys.plain(bytes)
    },
  }
}
