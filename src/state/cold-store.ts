/**
 * The contract of the store below a table: a local, ordered map from bytes to bytes that holds what
 * does not fit in memory. It is throw-away: nothing in it outlives the attempt, no snapshot is read
 * from it. All calls are synchronous but opening and closing.
 */
import type { Buffer } from 'node:buffer'

/** What one write changes, in order; later changes win over earlier ones. */
export class ColdBatch {
  /** A put has a value, a delete `undefined`, a range delete its exclusive upper bound. */
  readonly keys: Buffer[] = []
  readonly values: (Buffer | undefined)[] = []
  readonly uppers: (Buffer | undefined)[] = []

  get length(): number {
    return this.keys.length
  }

  put(key: Buffer, value: Buffer): void {
    this.#push(key, value, undefined)
  }

  delete(key: Buffer): void {
    this.#push(key, undefined, undefined)
  }

  /** Deletes keys from `lower` on, `upper` excluded. */
  deleteRange(lower: Buffer, upper: Buffer): void {
    this.#push(lower, undefined, upper)
  }

  clear(): void {
    this.keys.length = 0
    this.values.length = 0
    this.uppers.length = 0
  }

  #push(key: Buffer, value: Buffer | undefined, upper: Buffer | undefined): void {
    this.keys.push(key)
    this.values.push(value)
    this.uppers.push(upper)
  }
}

export interface ColdStore {
  /** Sent to a server so far, if it lies on one. */
  readonly requests?: number
  /** The values of `keys`, in their order; undefined where there is none. */
  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[]
  /** Keys and values in turn from `lower` to below `upper`, in byte order, up to `limit` pairs. */
  scan(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[]
  /** The same pairs from the other end: downwards from below `upper`. */
  scanDown(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[]
  /** All changes at once; what it is given is not kept. */
  write(batch: ColdBatch): void
  /** May be called twice; afterwards every other call throws `STATE_CLOSED`. */
  close(): Promise<void>
}

export interface NativeStoreOptions {
  /** An empty folder of its own. */
  readonly directory: string
  readonly blockCacheBytes: number
  readonly writeBufferBytes: number
}

/** Opens an empty store. Throws `BACKEND_UNAVAILABLE` where there is none for this platform. */
export type NativeStoreFactory = (options: NativeStoreOptions) => Promise<ColdStore>
