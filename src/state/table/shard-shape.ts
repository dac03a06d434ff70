/** What all shards of a table have in common: how long records are, and where the key lies. */
import type { RecordLayout } from './layout.ts'

/** So much of a shard is taken at most. */
export const LOAD_MAX = 0.8

export interface ShardShape {
  /** Length of a record in lanes. */
  readonly stride: number
  /** Where in it the key begins. */
  readonly keyLane: number
  readonly objectsPerRow: number
  /** There are 2^subBits shards for each key group. */
  readonly subBits: number
}

/** Of a table whose first key is this one: that says more than its declared type, or the lack. */
export function shapeFor(key: unknown, layout: RecordLayout, subBits: number): ShardShape {
  const { stride, textStride, keyLane, scalars } = layout
  return Object.freeze({
    stride: typeof key === 'string' ? textStride : stride,
    keyLane,
    objectsPerRow: scalars.length,
    subBits,
  })
}

/** How many slots hold so many rows and leave room for one more. */
export function slotsFor(rows: number): number {
  return 2 ** Math.ceil(Math.log2((rows + 1) / LOAD_MAX))
}
