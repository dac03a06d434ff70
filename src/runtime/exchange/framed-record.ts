/** A record as it lies in a frame: its time, the hash of its key, its value. */
import { NO_TIMESTAMP } from '../../operators/operator.ts'
import type { Type } from '../../types/type.ts'
import type { ByteWriter } from '../../util/bytes.ts'

/** What stands before a record in a frame: which of these follow it, ahead of the value. */
export const FRAMED_TIMESTAMP = 1
/** The route hash of its key; the receiver then need not work it out again. */
export const FRAMED_HASH = 2

/** Records as they lie in frames, for what waits elsewhere. */
export function writeFramedRecord(
  out: ByteWriter,
  type: Type<unknown>,
  value: unknown,
  timestamp: number,
): void {
  if (timestamp === NO_TIMESTAMP) out.uint8(0)
  else {
    out.uint8(FRAMED_TIMESTAMP)
    out.float64LE(timestamp)
  }
  type.write(value, out)
}

/** The same with the route hash of its key. */
export function writeHashedRecord(
  out: ByteWriter,
  type: Type<unknown>,
  value: unknown,
  timestamp: number,
  hash: number,
): void {
  if (timestamp === NO_TIMESTAMP) out.uint8(FRAMED_HASH)
  else {
    out.uint8(FRAMED_TIMESTAMP | FRAMED_HASH)
    out.float64LE(timestamp)
  }
  out.int32LE(hash)
  type.write(value, out)
}
