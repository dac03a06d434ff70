/**
 * The sending side of an exchange: spreads records over the channels to the next vertex's
 * subtasks. Records are encoded into one frame per channel, sent when it is full or at the end of
 * a batch. `collect` never blocks: what the ring refuses waits in a queue (on disk above a limit),
 * and the task asks `isFull` before its next record.
 */
import { keyGroupOf, subtaskOf } from '../../state/key-groups.ts'
import { routeHash } from '../../types/keys.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { required } from '../../util/assert.ts'
import type { Edge } from '../../graph/job-graph.ts'
import { isOfRecord } from '../../operators/failures/policy.ts'
import { NO_TIMESTAMP, type Output, type TimestampOf } from '../../operators/operator.ts'
import type { Scratch } from '../../storage/scratch.ts'
import { functionFailed } from '../function-failed.ts'
import type { Barrier } from './barrier.ts'
import { FRAME_END, FRAME_IDLE, FRAME_WATERMARK, type ChannelWriter } from './channel.ts'
import { FrameQueue } from './frame-queue.ts'
import { type CapturedChannel, type ChannelInput, KEYLESS } from './in-flight.ts'
import { Lane } from './lane.ts'

export interface ExchangeOptions {
  readonly edge: Edge
  /** Which input of the next vertex it feeds, for what is in flight. */
  readonly input: ChannelInput
  readonly maxParallelism: number
  readonly subtaskIndex: number
  /** To each subtask of the next vertex that listens: forward, only the same one does. */
  readonly channels: readonly ChannelWriter[]
  readonly scratch: Scratch
  /** Of files in `scratch`. */
  readonly name: string
  /** Of the next vertex, for messages. */
  readonly label: string
  readonly memoryBytesMax: number
  /** The next operator has an error policy: it is sent also those whose key cannot be found. */
  readonly sendsKeyless: boolean
}

export class ExchangeOutput implements Output {
  isFull = false
  recordsOut = 0
  readonly #lanes: readonly Lane[]
  readonly #select: ((value: unknown) => unknown) | undefined
  readonly #maxParallelism: number
  readonly #partitioning: Edge['partitioning']
  /** Of the task it sends to. */
  readonly label: string
  readonly #input: ChannelInput
  readonly #subtaskIndex: number
  readonly #sendsKeyless: boolean
  /** Which lane the records of a key group take. */
  readonly #laneOfGroup: Uint16Array
  #next = 0

  constructor(options: ExchangeOptions) {
    this.#select = options.edge.key?.select
    this.#partitioning = options.edge.partitioning
    this.#maxParallelism = options.maxParallelism
    this.label = options.label
    this.#input = options.input
    this.#subtaskIndex = options.subtaskIndex
    this.#sendsKeyless = options.sendsKeyless
    const { length: lanes } = options.channels
    this.#laneOfGroup = Uint16Array.from({ length: options.maxParallelism }, (_, group) =>
      subtaskOf(group, options.maxParallelism, lanes),
    )
    const share = Math.floor(options.memoryBytesMax / options.channels.length)
    this.#lanes = options.channels.map(
      (channel, index) =>
        new Lane(
          channel,
          new FrameQueue(options.scratch, `${options.name}-${index}`, share),
          options.edge.type,
        ),
    )
  }

  collect(value: unknown, timestamp: number): void {
    this.recordsOut++
    if (this.#partitioning === 'hash') this.#collectKeyed(value, timestamp)
    else if (this.#partitioning === 'broadcast') {
      for (const lane of this.#lanes) this.#write(lane, value, timestamp)
    } else this.#write(this.#nextLane(), value, timestamp)
  }

  /** As long as there is room. */
  collectSome(
    values: readonly unknown[],
    start: number,
    end: number,
    timestampOf?: TimestampOf,
  ): number {
    let at = start
    while (at < end && !this.isFull) {
      const value = values[at++]
      this.collect(value, timestampOf === undefined ? NO_TIMESTAMP : timestampOf(value))
    }
    return at
  }

  watermark(timestamp: number): void {
    const bytes = new ByteWriter(8)
    bytes.float64LE(timestamp)
    this.#sendToAll(FRAME_WATERMARK, bytes.view())
  }

  idle(isIdle: boolean): void {
    this.#sendToAll(FRAME_IDLE, Uint8Array.of(isIdle ? 1 : 0))
  }

  barrier(barrier: Barrier): void {
    for (const lane of this.#lanes) {
      lane.barrier(barrier)
      if (lane.isFull) this.isFull = true
    }
  }

  /** A barrier waits here for room, and may overtake. */
  holds(checkpointId: number): boolean {
    // Broadcast records are waited for: each subtask must have seen the same before its cut.
    if (this.#partitioning === 'broadcast') return false
    return this.#lanes.some((lane) => lane.holds(checkpointId))
  }

  /** Lets the barrier overtake what waits for room, as far as that may be part of a checkpoint. */
  overtake(checkpointId: number): readonly CapturedChannel[] {
    const captured: CapturedChannel[] = []
    for (const [index, lane] of this.#lanes.entries()) {
      const frames = lane.overtake(checkpointId)
      if (frames === undefined || frames.length === 0) continue
      const to = this.#partitioning === 'forward' ? this.#subtaskIndex : index
      const place = { from: this.#subtaskIndex, to, part: 'sent' } as const
      captured.push({ input: this.#input, ...place, base: undefined, frames })
    }
    return captured
  }

  endInput(): void {
    this.#sendToAll(FRAME_END, new Uint8Array(0))
  }

  /** Sends what is encoded and queued as far as there is room; true if anything moved. */
  pump(): boolean {
    let moved = false
    let full = false
    for (const lane of this.#lanes) {
      if (lane.pump()) moved = true
      if (lane.holdsRecords && !lane.isFull) {
        lane.flush()
        moved = true
      }
      if (lane.isFull) full = true
    }
    this.isFull = full
    return moved
  }

  get spilledBytes(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.queue.spilledBytes, 0)
  }

  close(): void {
    for (const lane of this.#lanes) lane.queue.close()
  }

  #write(lane: Lane, value: unknown, timestamp: number): void {
    if (lane.add(value, timestamp)) this.#send(lane)
  }

  #collectKeyed(value: unknown, timestamp: number): void {
    const hash = this.#hashOf(value)
    const group = keyGroupOf(hash, this.#maxParallelism)
    const lane = this.#lanes[this.#laneOfGroup[group] as number] as Lane // one for each group
    if (lane.addHashed(value, timestamp, hash)) this.#send(lane)
  }

  #send(lane: Lane): void {
    lane.flush()
    if (lane.isFull) this.isFull = true
  }

  #nextLane(): Lane {
    const lanes = this.#lanes.length
    this.#next = this.#next + 1 >= lanes ? 0 : this.#next + 1
    return this.#lanes[this.#next] as Lane // below their number
  }

  #hashOf(value: unknown): number {
    const select = required(this.#select, 'a hash edge without key')
    try {
      return routeHash(select(value))
    } catch (error) {
      if (this.#sendsKeyless && isOfRecord(error)) return routeHash(KEYLESS)
      throw functionFailed(this.label, error)
    }
  }

  #sendToAll(type: number, bytes: Uint8Array): void {
    for (const lane of this.#lanes) {
      lane.sendLast(type, bytes)
      if (lane.isFull) this.isFull = true
    }
  }
}
