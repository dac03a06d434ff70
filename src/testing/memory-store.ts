/**
 * A cold store in memory: stands for the native database in the simulator and in tests. It passes
 * the suite that the binding passes, and takes copies as the binding does.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../errors.ts'
import type { ColdBatch, ColdStore } from '../state/cold-store.ts'

export class MemoryStore implements ColdStore {
  /** Latin-1 text sorts as the bytes do. */
  readonly #values = new Map<string, Buffer>()
  #sorted: string[] = []
  #isClosed = false

  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    this.#expectOpen()
    return keys.map((key) => copyOf(this.#values.get(textOf(key))))
  }

  scan(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[] {
    this.#expectOpen()
    const end = textOf(upper)
    const found: Buffer[] = []
    for (let index = this.#placeOf(textOf(lower)); found.length < 2 * limit; index++) {
      const key = this.#sorted[index]
      const value = key === undefined ? undefined : copyOf(this.#values.get(key))
      if (key === undefined || value === undefined || key >= end) break
      found.push(Buffer.from(key, 'latin1'), value)
    }
    return found
  }

  scanDown(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[] {
    this.#expectOpen()
    const start = textOf(lower)
    const found: Buffer[] = []
    for (let index = this.#placeOf(textOf(upper)) - 1; found.length < 2 * limit; index--) {
      const key = this.#sorted[index]
      const value = key === undefined ? undefined : copyOf(this.#values.get(key))
      if (key === undefined || value === undefined || key < start) break
      found.push(Buffer.from(key, 'latin1'), value)
    }
    return found
  }

  write({ keys, values, uppers }: ColdBatch): void {
    this.#expectOpen()
    for (const [index, key] of keys.entries()) {
      const upper = uppers[index]
      const value = values[index]
      if (upper !== undefined) this.#deleteRange(textOf(key), textOf(upper))
      else if (value !== undefined) this.#put(textOf(key), Buffer.from(value))
      else this.#delete(textOf(key))
    }
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#values.clear()
    this.#sorted = []
    return Promise.resolve()
  }

  #put(key: string, value: Buffer): void {
    if (!this.#values.has(key)) this.#sorted.splice(this.#placeOf(key), 0, key)
    this.#values.set(key, value)
  }

  #delete(key: string): void {
    if (this.#values.delete(key)) this.#sorted.splice(this.#placeOf(key), 1)
  }

  #deleteRange(lower: string, upper: string): void {
    const from = this.#placeOf(lower)
    const count = this.#placeOf(upper) - from
    if (count <= 0) return
    for (const key of this.#sorted.splice(from, count)) this.#values.delete(key)
  }

  /** Where a key is or would be. */
  #placeOf(key: string): number {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sorted[middle] ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }

  #expectOpen(): void {
    if (!this.#isClosed) return
    throw new MillraceError('STATE_CLOSED', 'the local database was used after it was closed')
  }
}

/** A factory for `BackendContext.nativeStore`. */
export function openMemoryStore(): Promise<ColdStore> {
  return Promise.resolve(new MemoryStore())
}

function textOf(bytes: Buffer): string {
  return bytes.latin1Slice(0, bytes.length)
}

function copyOf(bytes: Buffer | undefined): Buffer | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes)
}
