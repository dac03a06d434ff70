/**
 * One lane of an exchange: the way to one subtask. Records are encoded into a frame, frames wait in
 * a queue while the channel has no room; a batch of records that a channel takes as they are waits
 * as it is until something has to come behind it. A barrier keeps its place behind all, or
 * overtakes: what it leaves behind is copied out, for the sender's part of the checkpoint.
 */
import type { Type } from '../../types/type.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { decodeBarrier, encodeBarrier, type Barrier } from './barrier.ts'
import {
  FRAME_BARRIER,
  FRAME_FRAGMENT,
  FRAME_RECORDS,
  type ChannelWriter,
  type Frame,
} from './channel.ts'
import type { FrameQueue } from './frame-queue.ts'
import { writeFramedRecord, writeHashedRecord } from './framed-record.ts'
import { IN_FLIGHT_BYTES_MAX } from './in-flight.ts'
import type { RecordBatch } from './record-batch.ts'

/** A frame is sent when it holds this many bytes, or when the batch ends. */
const FRAME_BYTES_TARGET = 16 * 1024

export class Lane {
  readonly queue: FrameQueue
  readonly #records = new ByteWriter()
  /** What is gathered instead where the channel takes records as they are. */
  #batch: RecordBatch | undefined
  /** A batch that had no room in the channel; then the queue is empty. */
  #waiting: RecordBatch | undefined
  readonly #channel: ChannelWriter
  readonly #type: Type<unknown>
  /** Parts of a batch that are in the channel while its last part is not. */
  #begun: Frame[] = []
  /** Barriers in the queue, oldest first. */
  #barriers: readonly Barrier[] = []

  constructor(channel: ChannelWriter, queue: FrameQueue, type: Type<unknown>) {
    this.#channel = channel
    this.queue = queue
    this.#type = type
    this.#batch = channel.freshBatch?.()
  }

  /** Gathers a record; true if it is time to flush. */
  add(value: unknown, timestamp: number): boolean {
    if (this.#batch !== undefined) return addTo(this.#batch, value, timestamp, 0)
    writeFramedRecord(this.#records, this.#type, value, timestamp)
    return this.#records.length >= FRAME_BYTES_TARGET
  }

  /** The same with the hash of its key. */
  addHashed(value: unknown, timestamp: number, hash: number): boolean {
    if (this.#batch !== undefined) return addTo(this.#batch, value, timestamp, hash)
    writeHashedRecord(this.#records, this.#type, value, timestamp, hash)
    return this.#records.length >= FRAME_BYTES_TARGET
  }

  /** Something is gathered that was not sent. */
  get holdsRecords(): boolean {
    return this.#records.length > 0 || (this.#batch?.count ?? 0) > 0
  }

  /** Something waits for room. */
  get isFull(): boolean {
    return this.#waiting !== undefined || !this.queue.isEmpty
  }

  /** Sends a frame behind all that was sent and gathered. */
  sendLast(type: number, bytes: Uint8Array): void {
    this.#settle()
    this.#send(type, bytes)
  }

  /** Sends in order: the queue first, then the frame. */
  #send(type: number, bytes: Uint8Array): void {
    if (!this.queue.isEmpty || !this.#channel.offer(type, bytes, bytes.length)) {
      this.queue.push(type, bytes)
    }
  }

  /** Sends what is gathered. */
  flush(): void {
    if (this.#batch === undefined) return this.#sendRecords()
    if (this.#batch.count === 0) return
    if (this.isFull) return this.#encode()
    if (this.#channel.offerBatch?.(this.#batch) !== true) this.#waiting = this.#batch
    this.#batch = this.#channel.freshBatch?.()
  }

  /** Sends all so that something can come behind it: nothing waits but in the queue. */
  #settle(): void {
    this.flush()
    if (this.#waiting !== undefined) this.#encode()
  }

  /** Sends what waits as it is, and what is gathered, as bytes. */
  #encode(): void {
    for (const batch of [this.#waiting, this.#batch]) {
      batch?.encode(this.#type, this.#records)
      batch?.clear()
    }
    this.#waiting = undefined
    this.#sendRecords()
  }

  #sendRecords(): void {
    const records = this.#records
    if (records.length === 0) return
    const { frameBytesMax } = this.#channel
    const all = records.view()
    let from = 0
    let offered = 0
    while (all.length - from > frameBytesMax) {
      this.#send(FRAME_FRAGMENT, all.subarray(from, from + frameBytesMax))
      from += frameBytesMax
      if (this.queue.isEmpty) offered = from
    }
    this.#send(FRAME_RECORDS, from === 0 ? all : all.subarray(from))
    if (offered > 0 && !this.queue.isEmpty) {
      this.#begun = [{ type: FRAME_FRAGMENT, bytes: new Uint8Array(all.subarray(0, offered)) }]
    }
    records.reset()
  }

  /** In its place: behind all that waits. */
  barrier(barrier: Barrier): void {
    this.#settle()
    const bytes = encodeBarrier(barrier)
    if (this.queue.isEmpty && this.#channel.offer(FRAME_BARRIER, bytes, bytes.length)) {
      return this.#mark(barrier, false)
    }
    this.queue.push(FRAME_BARRIER, bytes)
    this.#barriers = [...this.#barriers, barrier]
  }

  /** The barrier of this checkpoint has not got into the channel yet. */
  holds(checkpointId: number): boolean {
    return this.#barriers.some((barrier) => barrier.checkpointId === checkpointId)
  }

  /**
   * Lets the barrier of the checkpoint overtake; gives what it leaves behind, or undefined if that
   * is too much for a checkpoint: then the barrier goes on waiting.
   */
  overtake(checkpointId: number): readonly Frame[] | undefined {
    const barrier = this.#barriers.find((each) => each.checkpointId === checkpointId)
    if (barrier === undefined) return []
    if (this.queue.waitingBytes > IN_FLIGHT_BYTES_MAX) return undefined
    const left: Frame[] = [...this.#begun]
    for (const frame of this.queue.frames()) {
      if (frame.type !== FRAME_BARRIER) left.push(frame)
      else if (decodeBarrier(frame.bytes).checkpointId === checkpointId) break
    }
    // Older ones are of checkpoints that were given up.
    const isUpTo = (each: Barrier): boolean => each.checkpointId <= checkpointId
    this.queue.remove((type, bytes) => type === FRAME_BARRIER && isUpTo(decodeBarrier(bytes)))
    this.#barriers = this.#barriers.filter((each) => !isUpTo(each))
    this.#mark(barrier, true)
    return left
  }

  /** Moves what waits into the channel; true if anything went. */
  pump(): boolean {
    let moved = false
    if (this.#waiting !== undefined) {
      if (this.#channel.offerBatch?.(this.#waiting) !== true) return false
      this.#waiting = undefined
      moved = true
    }
    while (!this.queue.isEmpty) {
      const { type } = this.queue
      const bytes = this.queue.peek()
      if (!this.#channel.offer(type, bytes, bytes.length)) break
      if (type === FRAME_BARRIER) this.#passed(decodeBarrier(bytes))
      else if (type === FRAME_RECORDS) this.#begun = []
      else if (type === FRAME_FRAGMENT) this.#begun.push({ type, bytes: new Uint8Array(bytes) })
      this.queue.shift()
      moved = true
    }
    return moved
  }

  #passed(barrier: Barrier): void {
    this.#barriers = this.#barriers.filter((each) => each.checkpointId > barrier.checkpointId)
    this.#mark(barrier, false)
  }

  #mark({ checkpointId, full = false, after }: Barrier, overtook: boolean): void {
    // One that builds on another never overtakes, and must not hide the mark of that.
    if (after !== undefined) return
    this.#channel.mark({ checkpointId, full, overtook })
  }
}

function addTo(batch: RecordBatch, value: unknown, timestamp: number, hash: number): boolean {
  batch.add(value, timestamp, hash)
  return batch.isFull
}
