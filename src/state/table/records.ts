/**
 * Reads and writes the scalar states in records: numbers in their lanes, everything else beside
 * them. Handles repeat the paths for numbers, for speed; this is the whole of it.
 */
import {
  A_NUMBER,
  AN_OBJECT,
  NOTHING,
  type RecordLayout,
  type Scalar,
  WORD_PRESENCE,
} from './layout.ts'
import type { Shard } from './shard.ts'

/** Stands for a scalar state without a value; `undefined` is a value. */
export const ABSENT: unique symbol = Symbol('absent')

export class Records {
  readonly scalars: readonly Scalar[]

  constructor({ scalars }: RecordLayout) {
    this.scalars = scalars
  }

  /** The value as it is held: isolated, but not to be handed out if it cannot be frozen. */
  get(shard: Shard, slot: number, scalar: Scalar): unknown {
    return this.getAt(shard, shard.laneOf(slot), scalar)
  }

  /** The same by the first lane of the record. */
  getAt(shard: Shard, at: number, scalar: Scalar): unknown {
    const presence = shard.words[at * 2 + scalar.presenceWord] as number // within the record
    switch ((presence >>> scalar.presenceShift) & 3) {
      case NOTHING:
        return ABSENT
      case A_NUMBER:
        return shard.lanes[at + scalar.lane]
      default:
        return shard.objects?.[
          ((at - shard.base) / shard.stride) * this.scalars.length + scalar.ordinal
        ]
    }
  }

  /** Holds an isolated value, or `ABSENT` for none. */
  set(shard: Shard, slot: number, scalar: Scalar, value: unknown): void {
    const at = shard.laneOf(slot)
    const { presenceShift: shift } = scalar
    const word = at * 2 + scalar.presenceWord
    const before = shard.words[word] as number // within the record
    const isNumber = typeof value === 'number' && scalar.lane >= 0
    const wasObject = ((before >>> shift) & 3) === AN_OBJECT
    const presence = value === ABSENT ? NOTHING : isNumber ? A_NUMBER : AN_OBJECT
    shard.words[word] = (before & ~(3 << shift)) | (presence << shift)
    if (isNumber) shard.lanes[at + scalar.lane] = value
    if (presence === AN_OBJECT) {
      shard.objectsOrNew()[slot * this.scalars.length + scalar.ordinal] = value
    } else if (wasObject && shard.objects !== undefined) {
      shard.objects[slot * this.scalars.length + scalar.ordinal] = undefined
    }
  }

  /** True if no scalar state has a value. */
  isEmpty(shard: Shard, slot: number): boolean {
    const first = shard.laneOf(slot) * 2
    if (shard.words[first + WORD_PRESENCE] !== 0) return false
    for (let ordinal = 16; ordinal < this.scalars.length; ordinal += 16) {
      const word = this.scalars[ordinal]?.presenceWord ?? WORD_PRESENCE
      if (shard.words[first + word] !== 0) return false
    }
    return true
  }

  /** When a state of the row was touched last; -1 for never, or if nobody asks. */
  stampOf(shard: Shard, slot: number, { stampLane }: Scalar): number {
    return stampLane < 0 ? -1 : (shard.lanes[shard.laneOf(slot) + stampLane] as number) - 1
  }

  stamp(shard: Shard, slot: number, { stampLane }: Scalar, stampMs: number): void {
    if (stampLane >= 0) shard.lanes[shard.laneOf(slot) + stampLane] = stampMs + 1
  }

  newestStamp(shard: Shard, slot: number): number {
    let newest = -1
    for (const scalar of this.scalars) newest = Math.max(newest, this.stampOf(shard, slot, scalar))
    return newest
  }
}
