/**
 * What a gate adds to a checkpoint whose barrier overtook: per channel everything that lies in it
 * before the barrier. Frames are copied when they are seen, and at the latest before they are read,
 * until the barrier of each channel has been seen.
 */
import type { ByteReader } from '../../util/bytes.ts'
import type { GateChannel } from './gate-channel.ts'
import { type Frame, FRAME_BARRIER, FRAME_FRAGMENT, FRAME_RECORDS } from './channel.ts'
import type { CapturedChannel, ChannelBase } from './in-flight.ts'

interface Recorded {
  readonly channel: GateChannel
  readonly base: ChannelBase
  readonly frames: Frame[]
  at: number | undefined
  isDone: boolean
}

/** How far a channel had been read at the cut. */
export interface ChannelStand extends ChannelBase {
  /** Its barrier had been read. */
  readonly hasPassed: boolean
  /** Parts of a batch that has not come to its end. */
  readonly fragments: readonly Uint8Array[]
  /** What is left of the frame being read. */
  readonly rest: Uint8Array | undefined
}

export class GateRecording {
  readonly checkpointId: number
  readonly #channels: readonly Recorded[]

  constructor(
    checkpointId: number,
    channels: readonly GateChannel[],
    standOf: (index: number) => ChannelStand,
  ) {
    this.checkpointId = checkpointId
    this.#channels = channels.map((channel, index) => {
      const { watermark, isIdle, hasPassed, fragments, rest } = standOf(index)
      const frames = hasPassed ? [] : fragments.map((bytes) => fragmentOf(bytes))
      if (!hasPassed && rest !== undefined && rest.length > 0)
        frames.push({ type: FRAME_RECORDS, bytes: rest })
      return { channel, base: { watermark, isIdle }, frames, at: undefined, isDone: hasPassed }
    })
    this.look()
  }

  /** Looks into all channels; true when there is nothing more to come. */
  look(): boolean {
    let isDone = true
    for (let index = 0; index < this.#channels.length; index++) {
      if (!this.take(index)) isDone = false
    }
    return isDone
  }

  /** Takes what a channel holds before its barrier; true when that was all. */
  take(index: number): boolean {
    const recorded = this.#channels[index]
    if (recorded === undefined || recorded.isDone) return true
    const { channel, frames } = recorded
    const { at, reachedBarrier } = channel.reader.look(
      recorded.at,
      this.checkpointId,
      (type, payload) => {
        if (type !== FRAME_BARRIER) frames.push({ type, bytes: new Uint8Array(payload) })
      },
    )
    recorded.at = at
    recorded.isDone = reachedBarrier
    return reachedBarrier
  }

  /** What is to be saved: nothing, or all channels. */
  get captured(): readonly CapturedChannel[] {
    const hasFrames = this.#channels.some(({ frames }) => frames.length > 0)
    // What senders have left behind needs to know where the channels stood, too.
    if (!hasFrames && !this.#wasOvertaken()) return []
    return this.#channels.map(({ channel, base, frames }) => {
      const { input, from, to } = channel
      return { input, from, to, part: 'received', base, frames }
    })
  }

  #wasOvertaken(): boolean {
    return this.#channels.some(({ channel }) => {
      const mark = channel.reader.mark()
      return mark?.checkpointId === this.checkpointId && mark.overtook
    })
  }
}

function fragmentOf(bytes: Uint8Array): Frame {
  return { type: FRAME_FRAGMENT, bytes }
}

/** What is not read yet. */
export function copyOfRest({ bytes, position, end }: ByteReader): Uint8Array {
  return new Uint8Array(bytes.subarray(position, end))
}
