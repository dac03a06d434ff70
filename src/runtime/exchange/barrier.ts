/** Barriers: the mark in the stream that separates what a checkpoint contains from what follows. */
import { ByteReader, ByteWriter } from '../../util/bytes.ts'

export interface Barrier {
  readonly checkpointId: number
  /** Sources read nothing more after it. */
  readonly stopAfter: boolean
  /** Every task writes all its state anew, not only what changed. */
  readonly full?: boolean
}

const FLAG_STOP_AFTER = 1
const FLAG_FULL = 2

export function encodeBarrier(barrier: Barrier): Uint8Array {
  const out = new ByteWriter(64)
  out.varuint(barrier.checkpointId)
  out.uint8((barrier.stopAfter ? FLAG_STOP_AFTER : 0) | (barrier.full === true ? FLAG_FULL : 0))
  return out.copy()
}

export function decodeBarrier(bytes: Uint8Array): Barrier {
  const input = new ByteReader(bytes)
  const checkpointId = input.varuint()
  const flags = input.uint8()
  const stopAfter = (flags & FLAG_STOP_AFTER) !== 0
  return { checkpointId, stopAfter, ...((flags & FLAG_FULL) === 0 ? {} : { full: true }) }
}
