/** Barriers: the mark in the stream that separates what a checkpoint contains from what follows. */
import { ByteReader, ByteWriter } from '../../util/bytes.ts'

export interface Barrier {
  readonly checkpointId: number
  /** Sources read nothing more after it. */
  readonly stopAfter: boolean
  /** Every task writes all its state anew, not only what changed. */
  readonly full?: boolean
  /** The checkpoint before it, if that was still under way: it is part of this one. */
  readonly after?: number
}

const FLAG_STOP_AFTER = 1
const FLAG_FULL = 2
const FLAG_AFTER = 4

export function encodeBarrier(barrier: Barrier): Uint8Array {
  const out = new ByteWriter(64)
  out.varuint(barrier.checkpointId)
  const stopAfter = barrier.stopAfter ? FLAG_STOP_AFTER : 0
  const full = barrier.full === true ? FLAG_FULL : 0
  out.uint8(stopAfter | full | (barrier.after === undefined ? 0 : FLAG_AFTER))
  if (barrier.after !== undefined) out.varuint(barrier.after)
  return out.copy()
}

export function decodeBarrier(bytes: Uint8Array): Barrier {
  const input = new ByteReader(bytes)
  const checkpointId = input.varuint()
  const flags = input.uint8()
  const stopAfter = (flags & FLAG_STOP_AFTER) !== 0
  const full = (flags & FLAG_FULL) === 0 ? {} : { full: true }
  const after = (flags & FLAG_AFTER) === 0 ? {} : { after: input.varuint() }
  return { checkpointId, stopAfter, ...full, ...after }
}
