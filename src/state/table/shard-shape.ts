/** What all shards of a table have in common: how long records are, and where the key lies. */
import type { RecordLayout } from './layout.ts'

export interface ShardShape {
  /** Length of a record in lanes. */
  readonly stride: number
  /** Where in it the key begins. */
  readonly keyLane: number
  readonly objectsPerRow: number
  /** There are 2^subBits shards for each key group. */
  readonly subBits: number
}

/** For tables whose first key is a text, and for all others: a declared type need not tell. */
export interface ShardShapes {
  readonly ofTexts: ShardShape
  readonly ofOthers: ShardShape
}

export function shapesOf(layout: RecordLayout, subBits: number): ShardShapes {
  const { stride, textStride, keyLane, scalars } = layout
  const common = { keyLane, objectsPerRow: scalars.length, subBits }
  return Object.freeze({
    ofTexts: Object.freeze({ stride: textStride, ...common }),
    ofOthers: Object.freeze({ stride, ...common }),
  })
}
