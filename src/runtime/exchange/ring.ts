/**
 * A channel between two workers: a single-producer, single-consumer ring of frames in a
 * SharedArrayBuffer. Layout: Int32 words (0: bytes ever written, 1: bytes ever released; both wrap
 * modulo 2^32; 2: checkpoint of the newest barrier, 3: where it stands, and flags in the low bits),
 * then from byte 64 the data, a power of two. A frame is a length word, a type word and the
 * payload, padded to 8 bytes, never torn over the end: a skip word sends the reader back to the
 * start. The producer publishes by one atomic store after the payload is written.
 */
import { assert } from '../../util/assert.ts'
import { decodeBarrier, encodeBarrier } from './barrier.ts'
import {
  type BarrierMark,
  type ChannelReader,
  type ChannelWriter,
  type Doorbell,
  FRAME_BARRIER,
  type Looked,
} from './channel.ts'

const HEADER_BYTES = 64
const FRAME_HEADER_BYTES = 8
const WRITTEN = 0
const RELEASED = 1
/** 0: none yet, or it is just being changed. */
const MARK_ID = 2
const MARK_AT = 3
const MARK_OVERTOOK = 1
const MARK_FULL = 2
/** Positions are multiples of 8, so their low bits are free. */
const MARK_FLAGS = 7
const SKIP = -1

export function ringCapacityOf(memory: SharedArrayBuffer): number {
  return memory.byteLength - HEADER_BYTES
}

/** Memory for a ring of `capacityBytes` (a power of two, at least 4 KiB). */
export function createRing(capacityBytes: number): SharedArrayBuffer {
  assert(
    capacityBytes >= 4096 && (capacityBytes & (capacityBytes - 1)) === 0,
    `ring capacity ${capacityBytes} is no power of two of at least 4096`,
  )
  return new SharedArrayBuffer(HEADER_BYTES + capacityBytes)
}

const paddedBytes = (lengthBytes: number): number => (FRAME_HEADER_BYTES + lengthBytes + 7) & ~7

export class RingWriter implements ChannelWriter {
  readonly frameBytesMax: number
  readonly #words: Int32Array
  readonly #data: Uint8Array
  readonly #frames: Int32Array
  readonly #capacityBytes: number
  readonly #reader: Doorbell
  #written: number
  /** Where the last frame begins. */
  #lastFrom: number
  #marked = 0

  constructor(memory: SharedArrayBuffer, reader: Doorbell) {
    this.#capacityBytes = memory.byteLength - HEADER_BYTES
    this.frameBytesMax = (this.#capacityBytes >>> 2) - FRAME_HEADER_BYTES
    this.#words = new Int32Array(memory, 0, 4)
    this.#data = new Uint8Array(memory, HEADER_BYTES)
    this.#frames = new Int32Array(memory, HEADER_BYTES)
    this.#reader = reader
    this.#written = Atomics.load(this.#words, WRITTEN)
    this.#lastFrom = this.#written
  }

  offer(type: number, payload: Uint8Array, lengthBytes: number): boolean {
    assert(lengthBytes <= this.frameBytesMax, `a frame of ${lengthBytes} bytes`)
    const needBytes = paddedBytes(lengthBytes)
    const offset = this.#written & (this.#capacityBytes - 1)
    const tailBytes = this.#capacityBytes - offset
    const skipBytes = tailBytes < needBytes ? tailBytes : 0
    const usedBytes = (this.#written - Atomics.load(this.#words, RELEASED)) | 0
    if (usedBytes + skipBytes + needBytes > this.#capacityBytes) {
      this.#reader.refused?.()
      return false
    }
    let start = offset
    if (skipBytes > 0) {
      this.#frames[offset >>> 2] = SKIP
      start = 0
    }
    this.#frames[start >>> 2] = lengthBytes
    this.#frames[(start >>> 2) + 1] = type
    const from = lengthBytes === payload.length ? payload : payload.subarray(0, lengthBytes)
    this.#data.set(from, start + FRAME_HEADER_BYTES)
    this.#lastFrom = this.#written
    this.#written = (this.#written + skipBytes + needBytes) | 0
    Atomics.store(this.#words, WRITTEN, this.#written)
    this.#reader.ring()
    return true
  }

  mark({ checkpointId, full, overtook }: BarrierMark): void {
    if (checkpointId <= this.#marked) return
    this.#marked = checkpointId
    const at = overtook ? this.#written : this.#lastFrom
    const flags = (overtook ? MARK_OVERTOOK : 0) | (full ? MARK_FULL : 0)
    // Three stores: the reader takes the place only if the id is the same before and after.
    Atomics.store(this.#words, MARK_ID, 0)
    Atomics.store(this.#words, MARK_AT, at | flags)
    Atomics.store(this.#words, MARK_ID, checkpointId)
    this.#reader.ring()
  }
}

export class RingReader implements ChannelReader {
  frameType = 0
  payload: Uint8Array
  readonly #words: Int32Array
  readonly #data: Uint8Array
  readonly #frames: Int32Array
  readonly #capacityBytes: number
  readonly #writer: Doorbell
  #released: number
  #frameBytes = 0
  /** The newest overtaking barrier that was read. */
  #takenMark = 0
  /** The frame polled is a barrier that overtook. */
  #atMark = 0

  constructor(memory: SharedArrayBuffer, writer: Doorbell) {
    this.#capacityBytes = memory.byteLength - HEADER_BYTES
    this.#words = new Int32Array(memory, 0, 4)
    this.#data = new Uint8Array(memory, HEADER_BYTES)
    this.#frames = new Int32Array(memory, HEADER_BYTES)
    this.#writer = writer
    this.#released = Atomics.load(this.#words, RELEASED)
    this.payload = this.#data.subarray(0, 0)
  }

  poll(): boolean {
    assert(this.#frameBytes === 0 && this.#atMark === 0, 'the former frame was not released')
    // Before the mark: frames seen now that lie behind a mark were written after it.
    const written = Atomics.load(this.#words, WRITTEN)
    if (Atomics.load(this.#words, MARK_ID) > this.#takenMark && this.#pollMark()) return true
    if (written === this.#released) return false
    let start = this.#released & (this.#capacityBytes - 1)
    if (this.#frames[start >>> 2] === SKIP) {
      this.#released = (this.#released + this.#capacityBytes - start) | 0
      start = 0
    }
    // Inside the ring both words are set by the writer before it published the frame.
    const lengthBytes = this.#frames[start >>> 2] as number
    this.frameType = this.#frames[(start >>> 2) + 1] as number
    this.#frameBytes = paddedBytes(lengthBytes)
    const from = start + FRAME_HEADER_BYTES
    this.payload = this.#data.subarray(from, from + lengthBytes)
    return true
  }

  release(): void {
    if (this.#atMark > 0) {
      this.#takenMark = this.#atMark
      this.#atMark = 0
      return
    }
    assert(this.#frameBytes > 0, 'no frame to release')
    this.#released = (this.#released + this.#frameBytes) | 0
    this.#frameBytes = 0
    Atomics.store(this.#words, RELEASED, this.#released)
    this.#writer.ring()
  }

  mark(): BarrierMark | undefined {
    const found = this.#mark()
    if (found === undefined) return undefined
    const { checkpointId, flags } = found
    return {
      checkpointId,
      full: (flags & MARK_FULL) !== 0,
      overtook: (flags & MARK_OVERTOOK) !== 0,
    }
  }

  look(
    from: number | undefined,
    checkpointId: number,
    visit: (type: number, payload: Uint8Array) => void,
  ): Looked {
    const written = Atomics.load(this.#words, WRITTEN)
    const mark = this.#mark()
    const isMarked = mark?.checkpointId === checkpointId
    const end = isMarked ? mark.at : written
    let at = from ?? (this.#released + this.#frameBytes) | 0
    while (at !== end) {
      let start = at & (this.#capacityBytes - 1)
      if (this.#frames[start >>> 2] === SKIP) {
        at = (at + this.#capacityBytes - start) | 0
        start = 0
      }
      // Inside the ring both words are set by the writer before it published the frame.
      const lengthBytes = this.#frames[start >>> 2] as number
      const type = this.#frames[(start >>> 2) + 1] as number
      const first = start + FRAME_HEADER_BYTES
      const payload = this.#data.subarray(first, first + lengthBytes)
      // It was written a moment ago, and is not marked yet.
      if (type === FRAME_BARRIER && decodeBarrier(payload).checkpointId >= checkpointId) {
        return { at, reachedBarrier: true }
      }
      visit(type, payload)
      at = (at + paddedBytes(lengthBytes)) | 0
    }
    return { at, reachedBarrier: isMarked }
  }

  #pollMark(): boolean {
    const mark = this.#mark()
    if (mark === undefined || (mark.flags & MARK_OVERTOOK) === 0) return false
    if (mark.at !== this.#released) return false
    const { checkpointId, flags } = mark
    this.frameType = FRAME_BARRIER
    this.payload = encodeBarrier({
      checkpointId,
      stopAfter: false,
      full: (flags & MARK_FULL) !== 0,
    })
    this.#atMark = checkpointId
    return true
  }

  #mark():
    { readonly checkpointId: number; readonly at: number; readonly flags: number } | undefined {
    const checkpointId = Atomics.load(this.#words, MARK_ID)
    const place = Atomics.load(this.#words, MARK_AT)
    if (checkpointId === 0 || checkpointId !== Atomics.load(this.#words, MARK_ID)) return undefined
    return { checkpointId, at: place & ~MARK_FLAGS, flags: place & MARK_FLAGS }
  }
}
