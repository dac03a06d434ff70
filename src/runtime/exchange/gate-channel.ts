/** A channel of an input gate. */
import type { TimeHold } from '../../checkpoint/messages.ts'
import { NO_TIMESTAMP, type Output } from '../../operators/operator.ts'
import type { Type } from '../../types/type.ts'
import type { ByteReader } from '../../util/bytes.ts'
import type { ChannelReader } from './channel.ts'
import { FRAMED_HASH, FRAMED_TIMESTAMP } from './framed-record.ts'
import type { ChannelInput } from './in-flight.ts'
import type { RecordBatch } from './record-batch.ts'

export interface GateChannel {
  /** Who sends, for messages. */
  readonly sender: string
  readonly reader: ChannelReader
  readonly type: Type<unknown>
  /** Where its records go: the head's stage for this input. */
  readonly output: Output
  /** The output finds keys by the same function as the sender: their hashes are good for it. */
  readonly takesHashes: boolean
  readonly input: ChannelInput
  /** Subtasks of both ends. */
  readonly from: number
  readonly to: number
  /** Barriers are waited for here in any mode: all subtasks must see the same before their cuts. */
  readonly isBroadcast: boolean
}

/** Hands on the next record of a frame. */
export function takeRecord(frame: ByteReader, channel: GateChannel): void {
  const { type, output } = channel
  const head = frame.uint8()
  const timestamp = (head & FRAMED_TIMESTAMP) === 0 ? NO_TIMESTAMP : frame.float64LE()
  if ((head & FRAMED_HASH) === 0) return output.collect(type.read(frame), timestamp)
  const hash = frame.int32LE()
  const value = type.read(frame)
  if (channel.takesHashes) output.collectHashed?.(value, timestamp, hash)
  else output.collect(value, timestamp)
}

/** Hands on the next record of a batch. */
export function takeOfBatch(batch: RecordBatch, { output, takesHashes }: GateChannel): void {
  const at = batch.next++
  const timestamp = batch.timestamps[at] as number // below `count`
  if (batch.isHashed && takesHashes) {
    output.collectHashed?.(batch.values[at], timestamp, batch.hashes[at] as number)
  } else output.collect(batch.values[at], timestamp)
}

/** The channel with the least watermark, of those that are not idle. */
export function slowestOf(
  channels: readonly GateChannel[],
  watermarks: Float64Array,
  idle: readonly boolean[],
): TimeHold {
  let found = -1
  let least = Number.POSITIVE_INFINITY
  for (const [index, watermark] of watermarks.entries()) {
    if (idle[index] === true || watermark >= least) continue
    least = watermark
    found = index
  }
  const name = channels[Math.max(found, 0)]?.sender ?? ''
  if (found < 0) return { kind: 'idle', name }
  return { kind: 'input', name, ...(Number.isFinite(least) ? { watermark: least } : {}) }
}
