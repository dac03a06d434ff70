/**
 * The contract of an exchange channel: one writer, one reader, frames in order, bounded. `offer`
 * refuses when there is no room; room is the credit. Barriers, watermarks and the end of input are
 * frames like records, so they keep their place. A barrier can also overtake: it then takes no
 * room, and the reader finds it between two frames.
 */
import type { RecordBatch } from './record-batch.ts'

export const FRAME_RECORDS = 1
export const FRAME_WATERMARK = 2
export const FRAME_BARRIER = 3
export const FRAME_END = 4
/** A part of a record batch that is larger than a frame; the last part is a records frame. */
export const FRAME_FRAGMENT = 5
/** The sender is idle (1) or no longer (0): its watermark does not hold back the others. */
export const FRAME_IDLE = 6

/** Records as they are: between two tasks of one worker, and nowhere else. */
export const FRAME_BATCH = 7

/** A frame that was copied out of a channel or of a queue before it. */
export interface Frame {
  readonly type: number
  readonly bytes: Uint8Array
}

/** Where the newest barrier of a channel stands. */
export interface BarrierMark {
  readonly checkpointId: number
  readonly full: boolean
  /** It left records behind that the sender had for this channel before it. */
  readonly overtook: boolean
}

export interface ChannelWriter {
  /** Appends a frame and wakes the reader, or returns false and changes nothing. */
  offer(type: number, payload: Uint8Array, lengthBytes: number): boolean
  /**
   * Lets the reader see, before it gets there, where a barrier stands: at the last frame, which is
   * the barrier itself, or, if it overtakes, after it. A mark older than the last changes nothing.
   */
  mark(mark: BarrierMark): void
  /** The largest payload a frame may have. */
  readonly frameBytesMax: number
  /** Only where both ends are in one worker: a batch to be filled. */
  freshBatch?(): RecordBatch
  /** Appends it as a frame, or returns false; it is the channel's then. */
  offerBatch?(batch: RecordBatch): boolean
}

export interface ChannelReader {
  /** Points at the next frame; false if there is none. The payload is valid until `release`. */
  poll(): boolean
  readonly frameType: number
  readonly payload: Uint8Array
  /** Instead of a payload: of `FRAME_BATCH`. */
  readonly batch?: RecordBatch | undefined
  /** Frees the frame's room and wakes the writer. */
  release(): void
  /** The newest barrier, also if much is to be read before it. */
  mark(): BarrierMark | undefined
  /**
   * Shows the frames that are there after `from` (undefined: after the one being read), up to the
   * barrier of a checkpoint; nothing is released. The payload is valid during the call.
   */
  look(
    from: number | undefined,
    checkpointId: number,
    visit: (type: number, payload: Uint8Array) => void,
  ): Looked
}

export interface Looked {
  /** Where to go on. */
  readonly at: number
  /** The barrier was found: there is nothing more to see. */
  readonly reachedBarrier: boolean
}

/** Wakes the other side of a channel; the embedded host's is an Atomics doorbell. */
export interface Doorbell {
  ring(): void
  /** Told when a channel to it had no room; the simulator counts these. */
  refused?(): void
}
