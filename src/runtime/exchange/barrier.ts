/** Barriers: the mark in the stream that separates what a checkpoint contains from what follows. */
import { ByteReader, ByteWriter } from '../../util/bytes.ts'

export interface Barrier {
  readonly checkpointId: number
  /** Sources read nothing more after it. */
  readonly stopAfter: boolean
}

export function encodeBarrier(barrier: Barrier): Uint8Array {
  const out = new ByteWriter(64)
  out.varuint(barrier.checkpointId)
  out.uint8(barrier.stopAfter ? 1 : 0)
  return out.copy()
}

export function decodeBarrier(bytes: Uint8Array): Barrier {
  const input = new ByteReader(bytes)
  const checkpointId = input.varuint()
  const stopAfter = input.uint8() === 1
  return { checkpointId, stopAfter }
}
