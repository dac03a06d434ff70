// A store below in memory that notes what is asked of it: how much is read and written at once is
// part of what is promised of the tables above it.
import { Buffer } from 'node:buffer'
import type { ColdBatch } from '../../../src/state/cold-store.ts'
import { MemoryStore } from '../../../src/testing/memory-store.ts'

const START = Buffer.alloc(0)
const END = Buffer.alloc(64, 0xff)

export class RecordingStore extends MemoryStore {
  /** The limits of scans, in both directions. */
  readonly limits: number[] = []
  /** How many keys each look-up asked for. */
  readonly lookUps: number[] = []
  /** How many changes each write made. */
  readonly writes: number[] = []
  readonly ranges: (readonly [lower: string, upper: string])[] = []
  readonly deleted: string[] = []

  /** Every key that is held. */
  get keys(): readonly string[] {
    const found = super.scan(START, END, Number.MAX_SAFE_INTEGER)
    return found.filter((_, at) => at % 2 === 0).map((key) => key.toString('hex'))
  }

  /** Begins anew with what is noted. */
  forget(): void {
    for (const noted of [this.limits, this.lookUps, this.writes, this.ranges, this.deleted]) {
      noted.length = 0
    }
  }

  override getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    this.lookUps.push(keys.length)
    return super.getMany(keys)
  }

  override scan(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[] {
    this.limits.push(limit)
    return super.scan(lower, upper, limit)
  }

  override scanDown(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[] {
    this.limits.push(limit)
    return super.scanDown(lower, upper, limit)
  }

  override write(batch: ColdBatch): void {
    this.writes.push(batch.length)
    for (const [at, key] of batch.keys.entries()) {
      const upper = batch.uppers[at]
      if (upper !== undefined) this.ranges.push([key.toString('hex'), upper.toString('hex')])
      else if (batch.values[at] === undefined) this.deleted.push(key.toString('hex'))
    }
    super.write(batch)
  }
}
