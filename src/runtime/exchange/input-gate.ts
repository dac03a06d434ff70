/**
 * The receiving side of an exchange: reads the channels of a task in turn, aligns barriers, takes
 * the minimum of watermarks, and hands records to the head of the chain. It can stop after any
 * record and go on there: the task asks it for a little work at a time.
 */
import type { TimeHold } from '../../checkpoint/messages.ts'
import type { Output } from '../../operators/operator.ts'
import { MIN_WATERMARK } from '../../operators/operator.ts'
import { asBuffer } from '../../util/bytes.ts'
import { assert, required } from '../../util/assert.ts'
import { Aligner } from './aligner.ts'
import { type Barrier, decodeBarrier } from './barrier.ts'
import {
  FRAME_BARRIER,
  FRAME_BATCH,
  FRAME_END,
  FRAME_FRAGMENT,
  FRAME_IDLE,
  FRAME_RECORDS,
  FRAME_WATERMARK,
  type ChannelReader,
} from './channel.ts'
import { FrameCursor } from './frame-cursor.ts'
import { type GateChannel, slowestOf } from './gate-channel.ts'
import type { Aligned, GateHost } from './gate-host.ts'
import { type ChannelStand, GateRecording } from './gate-recording.ts'

export class InputGate {
  recordsIn = 0
  readonly #channels: readonly GateChannel[]
  readonly #host: GateHost
  readonly #aligner: Aligner
  readonly #watermarks: Float64Array
  readonly #fragments: Uint8Array[][]
  readonly #ended: boolean[]
  readonly #idle: boolean[]
  #endedCount = 0
  #watermark = MIN_WATERMARK
  /** Channel whose records frame is being read, or -1. */
  #current = -1
  #next = 0
  readonly #frame = new FrameCursor()
  /** Of the newest checkpoint whose barrier has overtaken, until all that is in flight is seen. */
  #recording: GateRecording | undefined

  constructor(channels: readonly GateChannel[], host: GateHost) {
    assert(channels.length > 0, 'a gate without channels')
    this.#channels = channels
    this.#host = host
    this.#aligner = new Aligner(channels.length)
    this.#watermarks = new Float64Array(channels.length).fill(MIN_WATERMARK)
    this.#fragments = channels.map(() => [])
    this.#ended = channels.map(() => false)
    this.#idle = channels.map(() => false)
  }

  /** Reads up to `recordsMax` records; true if it did anything. */
  step(recordsMax: number): boolean {
    const start = this.recordsIn
    let worked = false
    let idleChannels = 0
    while (this.recordsIn - start < recordsMax && !this.#host.isBlocked()) {
      if (this.#current >= 0) {
        this.#readRecords(start + recordsMax)
        worked = true
        continue
      }
      const waiting = this.#aligner.takeWaiting()
      if (waiting !== undefined) {
        this.#barrier(waiting.channel, waiting.barrier)
        worked = true
        continue
      }
      if (idleChannels === this.#channels.length) break
      const channel = this.#next
      this.#next = channel + 1 === this.#channels.length ? 0 : channel + 1
      if (!this.#mayRead(channel) || !this.#channel(channel).reader.poll()) {
        idleChannels++
        continue
      }
      idleChannels = 0
      worked = true
      const { isIdle } = this
      this.#readFrame(channel)
      if (this.isIdle !== isIdle) break // the task tells it on before any record
    }
    return worked
  }

  /** Which record is being handed on, for messages; empty between records. */
  get place(): string {
    if (this.#current < 0) return ''
    return `record ${this.recordsIn} since the start, from ${this.#channel(this.#current).sender}`
  }

  /** For a look at a worker that does not answer. */
  get whereabouts(): { readonly place: string } {
    return { place: this.place }
  }

  /** Nobody is going to send anything for a while, as far as is known. */
  get isIdle(): boolean {
    return !this.hasEnded && this.#idle.every((idle, index) => idle || this.#ended[index] === true)
  }

  /** What holds event time back here: the channel with the least watermark. */
  get slowest(): TimeHold {
    return slowestOf(this.#channels, this.#watermarks, this.#idle)
  }

  /** Who has not sent the barrier that the next cut waits for. */
  get awaited(): readonly string[] {
    const awaited = this.#channels.filter((_, index) => !this.#aligner.hasPassed(index))
    return awaited.map(({ sender }) => sender)
  }

  get hasEnded(): boolean {
    return this.#endedCount === this.#channels.length
  }

  abort(checkpointId: number): void {
    this.#aligner.abort(checkpointId)
    if (this.#recording?.checkpointId === checkpointId) this.#recording = undefined
  }

  /** A barrier of this checkpoint is in some channel, however far behind. */
  seesBarrier(checkpointId: number): boolean {
    if (this.#aligner.pendingId === checkpointId) return true
    return this.#channels.some(({ reader }) => reader.mark()?.checkpointId === checkpointId)
  }

  /**
   * Takes everything that is there before the barrier on broadcast channels, room or not; true when
   * that is all. What comes on other channels has no order with it.
   */
  finishBroadcast(checkpointId: number): boolean {
    let isDone = true
    for (const [index, { isBroadcast, reader }] of this.#channels.entries()) {
      if (!isBroadcast) continue
      while (!this.#hasPassed(index, checkpointId)) {
        this.#host.finish()
        if (this.#current === index) this.#readRecords(Number.POSITIVE_INFINITY, false)
        else if (!this.#pollAside(index, reader)) break
      }
      if (!this.#hasPassed(index, checkpointId)) isDone = false
    }
    return isDone
  }

  /** The cut before the barrier has come on all channels: what lies before it is in flight. */
  cut(barrier: Barrier): Aligned {
    const { checkpointId } = barrier
    const recording = new GateRecording(checkpointId, this.#channels, (index) => ({
      ...this.#stand(index),
      hasPassed: this.#hasPassed(index, checkpointId),
    }))
    const alignmentMs = this.#aligner.cut(checkpointId, this.#host.monotonic())
    this.#recording = recording
    return { barrier, alignmentMs, recording }
  }

  #mayRead(index: number): boolean {
    if (this.#aligner.waits(index)) return false
    if (!this.#aligner.hasPassed(index)) return true
    return !this.#channel(index).isBroadcast && !this.#host.aligns(this.#aligner.pendingId)
  }

  #hasPassed(index: number, checkpointId: number): boolean {
    if (this.#aligner.isSettled(checkpointId)) return true
    return this.#aligner.pendingId === checkpointId && this.#aligner.hasPassed(index)
  }

  /** Reads a frame of a channel out of turn; false if none is there. */
  #pollAside(index: number, reader: ChannelReader): boolean {
    if (!reader.poll()) return false
    const current = this.#current
    this.#current = -1
    // A frame of another channel may be half read.
    this.#frame.aside(() => {
      this.#readFrame(index)
      if (this.#current >= 0) this.#readRecords(Number.POSITIVE_INFINITY, false)
    })
    this.#current = current
    return true
  }

  #stand(index: number): ChannelStand {
    return {
      watermark: this.#watermarks[index] as number, // one per channel
      isIdle: this.#idle[index] === true,
      hasPassed: true,
      fragments: [...(this.#fragments[index] ?? [])],
      rest: index === this.#current ? this.#frame.rest(this.#channel(index).type) : undefined,
    }
  }

  #channel(index: number): GateChannel {
    return required(this.#channels[index], `no channel ${index}`)
  }

  #readFrame(index: number): void {
    const { reader } = this.#channel(index)
    this.#recording?.take(index)
    const fragments = this.#fragments[index] as Uint8Array[] // one per channel
    switch (reader.frameType) {
      case FRAME_RECORDS:
      case FRAME_BATCH:
        this.#current = index
        this.#frame.open(reader, fragments)
        return
      case FRAME_FRAGMENT:
        fragments.push(reader.payload.slice())
        reader.release()
        return
      case FRAME_WATERMARK: {
        const watermark = asBuffer(reader.payload).readDoubleLE(0)
        reader.release()
        this.#advance(index, watermark)
        return
      }
      case FRAME_IDLE:
        this.#idle[index] = reader.payload[0] === 1
        reader.release()
        this.#forwardWatermark()
        return
      case FRAME_BARRIER: {
        const barrier = decodeBarrier(reader.payload)
        reader.release()
        this.#barrier(index, barrier)
        return
      }
      case FRAME_END:
        reader.release()
        this.#end(index)
        return
      default:
        assert(false, `frame type ${reader.frameType}`)
    }
  }

  #barrier(index: number, barrier: Barrier): void {
    const aligned = this.#aligner.barrier(index, barrier, this.#host.monotonic())
    if (aligned === undefined) return
    const { checkpointId } = barrier
    const recording = new GateRecording(checkpointId, this.#channels, (each) => this.#stand(each))
    this.#host.aligned({ ...aligned, recording })
  }

  #readRecords(recordsEnd: number, mayWait = true): void {
    const channel = this.#channel(this.#current)
    const { reader, output } = channel
    const frame = this.#frame
    let unasked = 0 // so many records are only gathered, which blocks nothing
    while (frame.hasMore) {
      if (this.recordsIn >= recordsEnd) return
      if (unasked-- <= 0) {
        if (mayWait && this.#host.isBlocked()) return
        unasked = (output.room ?? 0) - 1
      }
      this.recordsIn++
      frame.take(channel)
    }
    frame.close(reader)
    this.#current = -1
  }

  #advance(index: number, watermark: number): void {
    if (watermark <= (this.#watermarks[index] as number)) return
    this.#watermarks[index] = watermark
    this.#forwardWatermark()
  }

  /** The least of all channels but idle ones; while all that are left are idle, time stands. */
  #forwardWatermark(): void {
    if (this.isIdle) return
    let least = Number.POSITIVE_INFINITY
    for (const [index, value] of this.#watermarks.entries()) {
      if (value < least && this.#idle[index] === false) least = value
    }
    if (least <= this.#watermark) return
    this.#watermark = least
    this.#eachOutput((output) => output.watermark(least))
  }

  #end(index: number): void {
    assert(this.#ended[index] === false, `channel ${index} ended twice`)
    this.#ended[index] = true
    this.#endedCount++
    this.#advance(index, Number.POSITIVE_INFINITY)
    if (this.#endedCount === this.#channels.length) this.#eachOutput((output) => output.endInput())
  }

  /** Channels of one input share their output; each is told once. */
  #eachOutput(action: (output: Output) => void): void {
    for (const output of new Set(this.#channels.map((channel) => channel.output))) action(output)
  }
}
