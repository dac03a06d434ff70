/**
 * A channel between two workers: a single-producer, single-consumer ring of frames in a
 * SharedArrayBuffer. Layout: Int32 words (0: bytes ever written, 1: bytes ever released; both wrap
 * modulo 2^32), then from byte 64 the data, a power of two. A frame is a length word, a type word
 * and the payload, padded to 8 bytes, never torn over the end: a skip word sends the reader back
 * to the start. The producer publishes by one atomic store after the payload is written.
 */
import { assert } from '../../util/assert.ts'
import type { ChannelReader, ChannelWriter, Doorbell } from './channel.ts'

const HEADER_BYTES = 64
const FRAME_HEADER_BYTES = 8
const WRITTEN = 0
const RELEASED = 1
const SKIP = -1

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

  constructor(memory: SharedArrayBuffer, reader: Doorbell) {
    this.#capacityBytes = memory.byteLength - HEADER_BYTES
    this.frameBytesMax = (this.#capacityBytes >>> 2) - FRAME_HEADER_BYTES
    this.#words = new Int32Array(memory, 0, 2)
    this.#data = new Uint8Array(memory, HEADER_BYTES)
    this.#frames = new Int32Array(memory, HEADER_BYTES)
    this.#reader = reader
    this.#written = Atomics.load(this.#words, WRITTEN)
  }

  offer(type: number, payload: Uint8Array, lengthBytes: number): boolean {
    assert(lengthBytes <= this.frameBytesMax, `a frame of ${lengthBytes} bytes`)
    const needBytes = paddedBytes(lengthBytes)
    const offset = this.#written & (this.#capacityBytes - 1)
    const tailBytes = this.#capacityBytes - offset
    const skipBytes = tailBytes < needBytes ? tailBytes : 0
    const usedBytes = (this.#written - Atomics.load(this.#words, RELEASED)) | 0
    if (usedBytes + skipBytes + needBytes > this.#capacityBytes) return false
    let start = offset
    if (skipBytes > 0) {
      this.#frames[offset >>> 2] = SKIP
      start = 0
    }
    this.#frames[start >>> 2] = lengthBytes
    this.#frames[(start >>> 2) + 1] = type
    const from = lengthBytes === payload.length ? payload : payload.subarray(0, lengthBytes)
    this.#data.set(from, start + FRAME_HEADER_BYTES)
    this.#written = (this.#written + skipBytes + needBytes) | 0
    Atomics.store(this.#words, WRITTEN, this.#written)
    this.#reader.ring()
    return true
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

  constructor(memory: SharedArrayBuffer, writer: Doorbell) {
    this.#capacityBytes = memory.byteLength - HEADER_BYTES
    this.#words = new Int32Array(memory, 0, 2)
    this.#data = new Uint8Array(memory, HEADER_BYTES)
    this.#frames = new Int32Array(memory, HEADER_BYTES)
    this.#writer = writer
    this.#released = Atomics.load(this.#words, RELEASED)
    this.payload = this.#data.subarray(0, 0)
  }

  poll(): boolean {
    assert(this.#frameBytes === 0, 'the former frame was not released')
    if (Atomics.load(this.#words, WRITTEN) === this.#released) return false
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
    assert(this.#frameBytes > 0, 'no frame to release')
    this.#released = (this.#released + this.#frameBytes) | 0
    this.#frameBytes = 0
    Atomics.store(this.#words, RELEASED, this.#released)
    this.#writer.ring()
  }
}
