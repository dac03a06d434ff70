/**
 * The contract of an exchange channel: one writer, one reader, frames in order, bounded. `offer`
 * refuses when there is no room; room is the credit. Barriers, watermarks and the end of input are
 * frames like records, so they keep their place.
 */

export const FRAME_RECORDS = 1
export const FRAME_WATERMARK = 2
export const FRAME_BARRIER = 3
export const FRAME_END = 4
/** A part of a record batch that is larger than a frame; the last part is a records frame. */
export const FRAME_FRAGMENT = 5
/** The sender is idle (1) or no longer (0): its watermark does not hold back the others. */
export const FRAME_IDLE = 6

export interface ChannelWriter {
  /** Appends a frame and wakes the reader, or returns false and changes nothing. */
  offer(type: number, payload: Uint8Array, lengthBytes: number): boolean
  /** The largest payload a frame may have. */
  readonly frameBytesMax: number
}

export interface ChannelReader {
  /** Points at the next frame; false if there is none. The payload is valid until `release`. */
  poll(): boolean
  readonly frameType: number
  readonly payload: Uint8Array
  /** Frees the frame's room and wakes the writer. */
  release(): void
}

/** Wakes the other side of a channel; the embedded host's is an Atomics doorbell. */
export interface Doorbell {
  ring(): void
}
