// A remote table without a server: slow, if it is told so, and it fails when it is told to.
import type { Buffer } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../../src/errors.ts'
import { ColdBatch } from '../../../src/state/cold-store.ts'
import type {
  RemotePut,
  RemoteRange,
  RemoteScan,
  RemoteTable,
} from '../../../src/state/remote/remote-table.ts'
import { MemoryStore } from '../../../src/testing/memory-store.ts'
import { SeededRandom } from '../../../src/util/random.ts'

export interface TableInMemoryOptions {
  /** Each request takes so long. */
  readonly latencyMs?: number
  /** Each takes up to so long, by chance of this seed, half before and half after it is done. */
  readonly jitter?: { readonly seed: number; readonly ms: number }
  /** From so many requests on all fail. */
  readonly failsAfter?: number
  /** The thread goes down at this request. */
  readonly diesAt?: number
  readonly refusesToOpen?: boolean
}

class TableInMemory implements RemoteTable {
  requests = 0
  readonly #store = new MemoryStore()
  readonly #options: TableInMemoryOptions
  readonly #random: SeededRandom

  constructor(options: TableInMemoryOptions) {
    this.#options = options
    this.#random = new SeededRandom(options.jitter?.seed ?? 0)
  }

  async getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    await this.#request()
    const found = this.#store.getMany(keys)
    await this.#pause()
    return found
  }

  async scan({ lower, upper, limit, isDown }: RemoteScan): Promise<readonly Buffer[]> {
    await this.#request()
    const store = this.#store
    return isDown ? store.scanDown(lower, upper, limit) : store.scan(lower, upper, limit)
  }

  async write(puts: readonly RemotePut[]): Promise<void> {
    await this.#request()
    const batch = new ColdBatch()
    // In any order, as the contract has it.
    for (const { key, value } of puts.toReversed()) {
      if (value === undefined) batch.delete(key)
      else batch.put(key, value)
    }
    this.#store.write(batch)
    await this.#pause()
  }

  async deleteRange({ lower, upper }: RemoteRange): Promise<void> {
    await this.#request()
    const batch = new ColdBatch()
    batch.deleteRange(lower, upper)
    this.#store.write(batch)
  }

  async drop(): Promise<void> {
    await this.#request()
  }

  async close(): Promise<void> {
    await this.#store.close()
  }

  async #pause(): Promise<void> {
    const { ms = 0 } = this.#options.jitter ?? {}
    if (this.#random.int(2) < ms) await sleep((this.#random.next() * ms) / 2)
  }

  async #request(): Promise<void> {
    const { latencyMs = 0, failsAfter = Number.POSITIVE_INFINITY, diesAt = -1 } = this.#options
    this.requests++
    if (this.requests === diesAt) process.exit(7)
    if (latencyMs > 0) await sleep(latencyMs)
    await this.#pause()
    if (this.requests > failsAfter) {
      throw new MillraceError('STORAGE_FAILED', 'the server is gone', { cure: 'start it again' })
    }
  }
}

export default async function openTable(options: TableInMemoryOptions): Promise<RemoteTable> {
  if (options.refusesToOpen !== true) return new TableInMemory(options)
  throw new MillraceError('STORAGE_DENIED', 'the table is not yours')
}
