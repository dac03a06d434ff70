/** Makes the shards of one table: records of one length, and all in the table's own buffers. */
import type { RecordLayout } from './layout.ts'
import { Shard } from './shard.ts'
import { shapeFor, type ShardShape } from './shard-shape.ts'
import { SlotArena } from './slot-arena.ts'

export class ShardMaker {
  /** Stands for all shards that hold nothing yet. */
  readonly empty: Shard
  readonly #layout: RecordLayout
  readonly #subBits: number
  #shape: ShardShape
  #arena = new SlotArena()
  /** By shard: so many slots are needed for the rows that are about to come. */
  #slots: number[] = []

  constructor(layout: RecordLayout, subBits: number) {
    this.#layout = layout
    this.#subBits = subBits
    this.#shape = shapeFor('', layout, subBits) // the longest that records may have
    this.empty = new Shard(this.#shape, 2, new SlotArena())
  }

  /** What is made as this shard will have so many slots at least. */
  expect(shardIndex: number, slots: number): void {
    this.#slots[shardIndex] = slots
  }

  /** Of a table that has no other shard than these. */
  make(firstKey: unknown, shards: readonly Shard[], shardIndex: number, slots: number): Shard {
    if (shards.every((shard) => shard === this.empty)) {
      this.#shape = shapeFor(firstKey, this.#layout, this.#subBits)
    }
    const expected = this.#slots[shardIndex] ?? slots
    return new Shard(this.#shape, Math.max(slots, expected), this.#arena)
  }

  /** Nothing that was made is used any more. */
  reset(): void {
    this.#arena = new SlotArena()
    this.#slots = []
  }
}
