/**
 * A blob store that misbehaves by plan: for the simulator and for tests. All chance comes from one
 * `Random`, all waiting from one `Clock`, so that a seed gives the same faults again. It breaks no
 * promise of the contract: what it reports as written is there; what it reports as failed may be
 * there or not, as after a lost answer; and it may hand out flipped bits, which readers must find.
 */
import { MillraceError } from '../errors.ts'
import type { BlobInfo, BlobStore, BlobWriter } from '../storage/blob-store.ts'
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'

/** Chances from 0 to 1 per operation; each is 0 if absent. */
export interface Faults {
  /** The operation fails and did nothing. */
  readonly failBefore?: number
  /** The operation fails although it was done: the answer is lost. */
  readonly failAfter?: number
  /** A write takes half of its chunk and fails; what was written stays invisible. */
  readonly tearWrite?: number
  /** One bit of what is read is flipped. */
  readonly flipOnRead?: number
  /** The operation takes up to this long. */
  readonly latencyMaxMs?: number
}

export interface FaultyBlobStoreOptions {
  readonly random: Random
  /** Needed for latency only. */
  readonly clock?: Clock
  readonly faults?: Faults
  /**
   * Called at `<operation>-before` and `<operation>-after`, the operations being create, write,
   * close, put, read, stat, list and delete. To crash there it throws, or never resolves.
   */
  readonly at?: (point: string, name: string) => void | Promise<void>
}

export class FaultyBlobStore implements BlobStore {
  /** May be exchanged at any time: `{}` heals the store. */
  faults: Faults
  /** How many faults have struck. */
  struck = 0
  readonly #inner: BlobStore
  readonly #options: FaultyBlobStoreOptions

  constructor(inner: BlobStore, options: FaultyBlobStoreOptions) {
    this.#inner = inner
    this.#options = options
    this.faults = options.faults ?? {}
  }

  get location(): string {
    return this.#inner.location
  }

  async create(name: string): Promise<BlobWriter> {
    const writer = await this.#run('create', name, () => this.#inner.create(name))
    let failed = false
    const step = async (operation: string, action: () => Promise<void>) => {
      if (failed) throw failure(operation, name)
      failed = true
      await this.#run(operation, name, action)
      failed = false
    }
    return {
      write: (chunk) =>
        step('write', async () => {
          if (!this.#strikes(this.faults.tearWrite)) return writer.write(chunk)
          await writer.write(chunk.subarray(0, chunk.length >>> 1))
          throw failure('write', name)
        }),
      close: () => step('close', () => writer.close()),
      // After a lost answer the blob may be there, and stays: nobody is left who would know.
      abort: () => writer.abort(),
    }
  }

  putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#run('put', name, () => this.#inner.putIfAbsent(name, bytes))
  }

  async read(name: string, offsetBytes?: number, lengthBytes?: number): Promise<Uint8Array> {
    const bytes = await this.#run('read', name, () =>
      this.#inner.read(name, offsetBytes, lengthBytes),
    )
    return this.#flipped(bytes)
  }

  /** Flips bits, and has no other faults: it cannot wait. */
  get readSync(): BlobStore['readSync'] {
    const inner = this.#inner
    if (inner.readSync === undefined) return undefined
    return (name, offsetBytes, lengthBytes) => {
      return this.#flipped(inner.readSync?.(name, offsetBytes, lengthBytes) ?? new Uint8Array(0))
    }
  }

  stat(name: string): Promise<BlobInfo> {
    return this.#run('stat', name, () => this.#inner.stat(name))
  }

  list(prefix: string): Promise<readonly BlobInfo[]> {
    return this.#run('list', prefix, () => this.#inner.list(prefix))
  }

  delete(name: string): Promise<void> {
    return this.#run('delete', name, () => this.#inner.delete(name))
  }

  async settle(prefix: string): Promise<void> {
    await this.#inner.settle?.(prefix)
  }

  async cleanTemporary(): Promise<number> {
    return (await this.#inner.cleanTemporary?.()) ?? 0
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async #run<T>(operation: string, name: string, action: () => Promise<T>): Promise<T> {
    const { at, clock, random } = this.#options
    const { latencyMaxMs = 0 } = this.faults
    if (latencyMaxMs > 0) await clock?.sleep(random.next() * latencyMaxMs)
    await at?.(`${operation}-before`, name)
    if (this.#strikes(this.faults.failBefore)) throw failure(operation, name)
    const result = await action()
    await at?.(`${operation}-after`, name)
    if (this.#strikes(this.faults.failAfter)) throw failure(operation, name)
    return result
  }

  #flipped(bytes: Uint8Array): Uint8Array {
    if (bytes.length > 0 && this.#strikes(this.faults.flipOnRead)) {
      const at = this.#options.random.int(bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#options.random.int(8))
    }
    return bytes
  }

  #strikes(chance = 0): boolean {
    if (chance === 0 || this.#options.random.next() >= chance) return false
    this.struck++
    return true
  }
}

function failure(operation: string, name: string): MillraceError {
  return new MillraceError('STORAGE_FAILED', `injected: ${operation} of ${name} failed`, {
    details: { file: name, injected: true },
  })
}
