/**
 * Where the records of each shard lie, side by side: to find a row, no shard has to be looked at.
 * A table has hundreds of them, each in lines of memory of its own.
 */
import type { Shard } from './shard.ts'

export class ShardPlaces {
  /** By shard. */
  readonly words: Int32Array[]
  readonly lanes: Float64Array[]
  /** First lane and shift of each shard. */
  readonly at: Int32Array

  constructor(shards: readonly Shard[]) {
    this.words = shards.map(({ words }) => words)
    this.lanes = shards.map(({ lanes }) => lanes)
    this.at = new Int32Array(2 * shards.length)
    for (const [index, shard] of shards.entries()) this.note(index, shard)
  }

  /** The shard is another one, or has moved. */
  note(index: number, { words, lanes, base, shift }: Shard): void {
    this.words[index] = words
    this.lanes[index] = lanes
    this.at[2 * index] = base
    this.at[2 * index + 1] = shift
  }
}
