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
    const frame = this.#front
    if (frame.bytes !== undefined) return frame.bytes
    return readPiece(required(this.#file, 'a spilled frame without its file'), frame.piece)
  }

  shift(): void {
    const frame = this.#front
    if (frame.bytes !== undefined) this.#memoryBytes -= frame.bytes.length
    this.#head++
    if (this.#head === this.#frames.length) {
      this.#frames = []
      this.#head = 0
      this.#file?.delete()
      this.#file = undefined
    } else if (this.#head === COMPACT_FRAMES) {
      this.#frames = this.#frames.slice(this.#head)
      this.#head = 0
    }
  }

  close(): void {
    this.#frames = []
    this.#head = 0
    this.#file?.delete()
    this.#file = undefined
  }

  get #front(): QueuedFrame {
    return required(this.#frames[this.#head], 'the frame queue is empty')
  }
}
