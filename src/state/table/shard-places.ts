/**
 * Where the records of each shard lie, side by side: to find a row, no shard has to be looked at.
 * A table has hundreds of them, each in lines of memory of its own.
 */
import type { Buffer } from 'node:buffer'
import type { Shard } from './shard.ts'

export class ShardPlaces {
  /** By shard. */
  readonly words: Int32Array[]
  readonly lanes: Float64Array[]
  readonly bytes: Buffer[]
  /** First lane and shift of each shard. */
  readonly at: Int32Array

  constructor(shards: readonly Shard[]) {
    this.words = shards.map(({ words }) => words)
    this.lanes = shards.map(({ lanes }) => lanes)
    this.bytes = shards.map(({ bytes }) => bytes)
    this.at = new Int32Array(2 * shards.length)
    for (const [index, { base, shift }] of shards.entries()) this.at.set([base, shift], 2 * index)
  }

  /** False: it is where it was. */
  note(index: number, { words, lanes, bytes, base, shift }: Shard): boolean {
    if (this.words[index] === words && this.at[2 * index] === base) return false
    this.words[index] = words
    this.lanes[index] = lanes
    this.bytes[index] = bytes
    this.at[2 * index] = base
    this.at[2 * index + 1] = shift
    return true
  }
}
