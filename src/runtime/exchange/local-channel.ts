/**
 * The channel between two tasks of one worker: both of its ends in one object, without shared
 * memory. Records pass as they are, in batches; all else as in a ring, in frames that keep their
 * order, with marks of barriers that may overtake. Positions are numbers of frames.
 */
import { assert, required } from '../../util/assert.ts'
import type { Type } from '../../types/type.ts'
import { decodeBarrier, encodeBarrier } from './barrier.ts'
import {
  type BarrierMark,
  type ChannelReader,
  type ChannelWriter,
  type Doorbell,
  FRAME_BARRIER,
  FRAME_BATCH,
  FRAME_RECORDS,
  type Looked,
} from './channel.ts'
import { RecordBatch } from './record-batch.ts'

/** So many batches wait at most: records have no size until they are written. */
const BATCHES_MAX = 4
/** What a frame takes besides its bytes. */
const FRAME_HEADER_BYTES = 8
const NOTHING = new Uint8Array(0)

interface LocalFrame {
  readonly type: number
  readonly payload: Uint8Array
  readonly batch: RecordBatch | undefined
}

export interface LocalChannelOptions {
  readonly type: Type<unknown>
  readonly isHashed: boolean
  /** Room for frames other than batches. */
  readonly capacityBytes: number
  /** Of the worker of both. */
  readonly doorbell: Doorbell
}

export class LocalChannel implements ChannelWriter, ChannelReader {
  readonly frameBytesMax: number
  frameType = 0
  payload: Uint8Array = NOTHING
  batch: RecordBatch | undefined
  readonly #options: LocalChannelOptions
  /** Those that are not released. */
  readonly #frames: LocalFrame[] = []
  /** Batches that were read, to be filled again. */
  readonly #spare: RecordBatch[] = []
  #released = 0
  #usedBytes = 0
  #batches = 0
  #isPolled = false
  #mark: (BarrierMark & { readonly at: number }) | undefined
  /** The newest overtaking barrier that was read; the one that is being read, or 0. */
  #takenMark = 0
  #atMark = 0

  constructor(options: LocalChannelOptions) {
    this.#options = options
    this.frameBytesMax = (options.capacityBytes >>> 2) - FRAME_HEADER_BYTES
  }

  /** An empty one, to be filled and offered. */
  freshBatch(): RecordBatch {
    return this.#spare.pop() ?? new RecordBatch(this.#options.isHashed)
  }

  offerBatch(batch: RecordBatch): boolean {
    if (this.#batches === BATCHES_MAX) return this.#refuse()
    this.#batches++
    this.#push({ type: FRAME_BATCH, payload: NOTHING, batch })
    return true
  }

  offer(type: number, payload: Uint8Array, lengthBytes: number): boolean {
    assert(lengthBytes <= this.frameBytesMax, `a frame of ${lengthBytes} bytes`)
    const needBytes = lengthBytes + FRAME_HEADER_BYTES
    if (this.#usedBytes + needBytes > this.#options.capacityBytes) return this.#refuse()
    this.#usedBytes += needBytes
    // The sender uses its buffer again.
    const copied = new Uint8Array(payload.subarray(0, lengthBytes))
    this.#push({ type, payload: copied, batch: undefined })
    return true
  }

  mark(): BarrierMark | undefined
  mark(mark: BarrierMark): void
  mark(mark?: BarrierMark): BarrierMark | undefined {
    if (mark === undefined) return this.#mark
    if (mark.checkpointId <= (this.#mark?.checkpointId ?? 0)) return undefined
    this.#mark = { ...mark, at: mark.overtook ? this.#written : this.#written - 1 }
    this.#options.doorbell.ring()
    return undefined
  }

  poll(): boolean {
    assert(!this.#isPolled && this.#atMark === 0, 'the former frame was not released')
    if (this.#pollMark()) return true
    const [first] = this.#frames
    if (first === undefined) return false
    this.#isPolled = true
    this.frameType = first.type
    this.payload = first.payload
    this.batch = first.batch
    return true
  }

  release(): void {
    if (this.#atMark > 0) {
      this.#takenMark = this.#atMark
      this.#atMark = 0
      return
    }
    assert(this.#isPolled, 'no frame to release')
    this.#isPolled = false
    const { payload, batch } = required(this.#frames.shift(), 'a frame was polled')
    this.#released++
    this.batch = undefined
    if (batch === undefined) this.#usedBytes -= payload.length + FRAME_HEADER_BYTES
    else {
      this.#batches--
      batch.clear()
      this.#spare.push(batch)
    }
    this.#options.doorbell.ring()
  }

  look(
    from: number | undefined,
    checkpointId: number,
    visit: (type: number, payload: Uint8Array) => void,
  ): Looked {
    const mark = this.#mark
    const isMarked = mark?.checkpointId === checkpointId
    const end = isMarked ? mark.at : this.#written
    let at = from ?? this.#released + (this.#isPolled ? 1 : 0)
    for (; at !== end; at++) {
      const { type, payload, batch } = required(this.#frames[at - this.#released], `frame ${at}`)
      if (type === FRAME_BARRIER && decodeBarrier(payload).checkpointId >= checkpointId) {
        return { at, reachedBarrier: true }
      }
      if (batch === undefined) visit(type, payload)
      else visit(FRAME_RECORDS, batch.encode(this.#options.type).view())
    }
    return { at, reachedBarrier: isMarked }
  }

  get #written(): number {
    return this.#released + this.#frames.length
  }

  #push(frame: LocalFrame): void {
    this.#frames.push(frame)
    this.#options.doorbell.ring()
  }

  #refuse(): false {
    this.#options.doorbell.refused?.()
    return false
  }

  #pollMark(): boolean {
    const mark = this.#mark
    if (mark === undefined || !mark.overtook || mark.checkpointId <= this.#takenMark) return false
    if (mark.at !== this.#released) return false
    const { checkpointId, full } = mark
    this.frameType = FRAME_BARRIER
    this.payload = encodeBarrier({ checkpointId, stopAfter: false, full })
    this.batch = undefined
    this.#atMark = checkpointId
    return true
  }
}
