/**
 * The receiving side of an exchange: reads the channels of a task in turn, aligns barriers, takes
 * the minimum of watermarks, and hands records to the head of the chain. It can stop after any
 * record and go on there: the task asks it for a little work at a time.
 */
import type { TimeHold } from '../../checkpoint/messages.ts'
import type { Output } from '../../operators/operator.ts'
import { MIN_WATERMARK, NO_TIMESTAMP } from '../../operators/operator.ts'
import type { Type } from '../../types/type.ts'
import { ByteReader, asBuffer } from '../../util/bytes.ts'
import { assert, required } from '../../util/assert.ts'
import { Aligner, type Aligned } from './aligner.ts'
import { decodeBarrier } from './barrier.ts'
import {
  FRAME_BARRIER,
  FRAME_END,
  FRAME_FRAGMENT,
  FRAME_IDLE,
  FRAME_RECORDS,
  FRAME_WATERMARK,
  type ChannelReader,
} from './channel.ts'

export interface GateChannel {
  /** Who sends, for messages. */
  readonly sender: string
  readonly reader: ChannelReader
  readonly type: Type<unknown>
  /** Where its records go: the head's stage for this input. */
  readonly output: Output
}

/** What the gate tells its task; `isBlocked` is asked before each record. */
export interface GateHost {
  isBlocked(): boolean
  aligned(aligned: Aligned): void
  monotonic(): number
}

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
  readonly #frame = new ByteReader(new Uint8Array(0))
  #frameIsWhole = false

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
      if (idleChannels === this.#channels.length) break
      const channel = this.#next
      this.#next = channel + 1 === this.#channels.length ? 0 : channel + 1
      if (!this.#aligner.mayRead(channel) || !this.#channel(channel).reader.poll()) {
        idleChannels++
        continue
      }
      idleChannels = 0
      worked = true
      const wasIdle = this.isIdle
      this.#readFrame(channel)
      if (this.isIdle !== wasIdle) break // the task tells it on before any record
    }
    return worked
  }

  /** Which record is being handed on, for messages; empty between records. */
  get place(): string {
    if (this.#current < 0) return ''
    return `record ${this.recordsIn} since the start, from ${this.#channel(this.#current).sender}`
  }

  /** Nobody is going to send anything for a while, as far as is known. */
  get isIdle(): boolean {
    return !this.hasEnded && this.#idle.every((idle, index) => idle || this.#ended[index] === true)
  }

  /** What holds event time back here: the channel with the least watermark. */
  get slowest(): TimeHold {
    let found = -1
    let least = Number.POSITIVE_INFINITY
    for (const [index, watermark] of this.#watermarks.entries()) {
      if (this.#idle[index] === true || watermark >= least) continue
      least = watermark
      found = index
    }
    if (found < 0) return { kind: 'idle', name: this.#channel(0).sender }
    const at = Number.isFinite(least) ? { watermark: least } : {}
    return { kind: 'input', name: this.#channel(found).sender, ...at }
  }

  /** Who has not sent the barrier that the next cut waits for. */
  get awaited(): readonly string[] {
    const awaited = this.#channels.filter((_, index) => this.#aligner.mayRead(index))
    return awaited.map(({ sender }) => sender)
  }

  get hasEnded(): boolean {
    return this.#endedCount === this.#channels.length
  }

  abort(checkpointId: number): void {
    this.#aligner.abort(checkpointId)
  }

  #channel(index: number): GateChannel {
    return required(this.#channels[index], `no channel ${index}`)
  }

  #readFrame(index: number): void {
    const { reader } = this.#channel(index)
    const fragments = this.#fragments[index] as Uint8Array[] // one per channel
    switch (reader.frameType) {
      case FRAME_RECORDS:
        this.#current = index
        this.#frameIsWhole = fragments.length === 0
        if (this.#frameIsWhole) this.#frame.reset(reader.payload)
        else {
          fragments.push(reader.payload.slice())
          this.#frame.reset(Buffer.concat(fragments))
          fragments.length = 0
          reader.release()
        }
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
        const aligned = this.#aligner.barrier(index, barrier, this.#host.monotonic())
        if (aligned !== undefined) this.#host.aligned(aligned)
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

  #readRecords(recordsEnd: number): void {
    const { reader, type, output } = this.#channel(this.#current)
    const frame = this.#frame
    while (frame.position < frame.end) {
      if (this.recordsIn >= recordsEnd || this.#host.isBlocked()) return
      const timestamp = frame.uint8() === 0 ? NO_TIMESTAMP : frame.float64LE()
      const value = type.read(frame)
      this.recordsIn++
      output.collect(value, timestamp)
    }
    if (this.#frameIsWhole) reader.release()
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
