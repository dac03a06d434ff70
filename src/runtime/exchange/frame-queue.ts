/**
 * A queue of frames that waits for room downstream: in memory up to a limit, on the scratch disk
 * above it. One record's fan-out may be larger than any memory; it must neither block in the
 * middle of a function nor grow the heap.
 */
import { required } from '../../util/assert.ts'
import {
  appendPiece,
  readPiece,
  type Scratch,
  type ScratchFile,
  type ScratchPiece,
} from '../../storage/scratch.ts'
import type { Frame } from './channel.ts'

/** In memory, or a piece of the file. */
type QueuedFrame =
  | { readonly type: number; readonly bytes: Uint8Array; readonly piece?: undefined }
  | { readonly type: number; readonly bytes?: undefined; readonly piece: ScratchPiece }

/** Frames read are dropped from the front of the array in blocks of this many. */
const COMPACT_FRAMES = 1024

export class FrameQueue {
  #frames: QueuedFrame[] = []
  #head = 0
  #memoryBytes = 0
  /** Bytes that wait, in memory and on disk. */
  waitingBytes = 0
  #file: ScratchFile | undefined
  #filesMade = 0
  /** Bytes ever written to disk, for `status`. */
  spilledBytes = 0
  readonly #scratch: Scratch
  readonly #name: string
  readonly #memoryBytesMax: number

  constructor(scratch: Scratch, name: string, memoryBytesMax: number) {
    this.#scratch = scratch
    this.#name = name
    this.#memoryBytesMax = memoryBytesMax
  }

  get isEmpty(): boolean {
    return this.#head === this.#frames.length
  }

  /** Takes a copy of the bytes. */
  push(type: number, bytes: Uint8Array): void {
    this.waitingBytes += bytes.length
    if (this.#file === undefined && this.#memoryBytes + bytes.length <= this.#memoryBytesMax) {
      // Not `bytes.slice()`: of a Buffer that is a view, and the sender uses its buffer again.
      const copied = new Uint8Array(bytes)
      this.#frames.push({ type, bytes: copied })
      this.#memoryBytes += bytes.length
      return
    }
    this.#file ??= this.#scratch.create(`${this.#name}-${this.#filesMade++}`)
    const piece = appendPiece(this.#file, bytes)
    this.spilledBytes += bytes.length
    this.#frames.push({ type, piece })
  }

  get type(): number {
    return this.#front.type
  }

  /** Bytes of the first frame. */
  peek(): Uint8Array {
    return this.#bytesOf(this.#front)
  }

  /** Copies of the frames that wait, in order. */
  *frames(): Generator<Frame> {
    for (const frame of this.#frames.slice(this.#head)) {
      yield { type: frame.type, bytes: new Uint8Array(this.#bytesOf(frame)) }
    }
  }

  /** Takes frames out of the middle. */
  remove(isUnwanted: (type: number, bytes: Uint8Array) => boolean): void {
    const kept: QueuedFrame[] = []
    for (const frame of this.#frames.slice(this.#head)) {
      if (isUnwanted(frame.type, this.#bytesOf(frame))) this.#forget(frame)
      else kept.push(frame)
    }
    this.#frames = kept
    this.#head = 0
    if (kept.length === 0) this.close()
  }

  shift(): void {
    this.#forget(this.#front)
    this.#head++
    if (this.#head === this.#frames.length) this.close()
    else if (this.#head === COMPACT_FRAMES) {
      this.#frames = this.#frames.slice(this.#head)
      this.#head = 0
    }
  }

  /** Empty from now on. */
  close(): void {
    this.#frames = []
    this.#head = 0
    this.#memoryBytes = 0
    this.waitingBytes = 0
    this.#file?.delete()
    this.#file = undefined
  }

  #forget(frame: QueuedFrame): void {
    const { lengthBytes } = frame.piece ?? { lengthBytes: frame.bytes.length }
    if (frame.piece === undefined) this.#memoryBytes -= lengthBytes
    this.waitingBytes -= lengthBytes
  }

  #bytesOf(frame: QueuedFrame): Uint8Array {
    if (frame.bytes !== undefined) return frame.bytes
    return readPiece(required(this.#file, 'a spilled frame without its file'), frame.piece)
  }

  get #front(): QueuedFrame {
    return required(this.#frames[this.#head], 'the frame queue is empty')
  }
}
