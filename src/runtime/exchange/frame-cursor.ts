/** What a gate has not read yet of the frame that it reads: bytes, or records as they are. */
import { ByteReader } from '../../util/bytes.ts'
import { required } from '../../util/assert.ts'
import type { Type } from '../../types/type.ts'
import { type ChannelReader, FRAME_BATCH } from './channel.ts'
import { type GateChannel, takeOfBatch, takeRecord } from './gate-channel.ts'
import { copyOfRest } from './gate-recording.ts'
import type { RecordBatch } from './record-batch.ts'

export class FrameCursor {
  readonly #bytes = new ByteReader(new Uint8Array(0))
  #batch: RecordBatch | undefined
  /** It still lies in the channel. */
  #isInChannel = false

  /** @param fragments its parts before the frame that was polled; none are left. */
  open(reader: ChannelReader, fragments: Uint8Array[]): void {
    const isBatch = reader.frameType === FRAME_BATCH
    this.#batch = isBatch ? required(reader.batch, 'a frame of records without them') : undefined
    this.#isInChannel = fragments.length === 0
    if (isBatch) return
    if (this.#isInChannel) this.#bytes.reset(reader.payload)
    else {
      fragments.push(reader.payload.slice())
      this.#bytes.reset(Buffer.concat(fragments))
      fragments.length = 0
      reader.release()
    }
  }

  get hasMore(): boolean {
    const batch = this.#batch
    if (batch !== undefined) return batch.next < batch.count
    return this.#bytes.position < this.#bytes.end
  }

  /** Hands on the next record. */
  take(channel: GateChannel): void {
    if (this.#batch === undefined) takeRecord(this.#bytes, channel)
    else takeOfBatch(this.#batch, channel)
  }

  /** All was read. */
  close(reader: ChannelReader): void {
    this.#batch = undefined
    if (this.#isInChannel) reader.release()
  }

  /** A copy of what is left, as bytes. */
  rest(type: Type<unknown>): Uint8Array {
    return this.#batch === undefined ? copyOfRest(this.#bytes) : this.#batch.encode(type).copy()
  }

  /** Does something that reads another frame in between. */
  aside(action: () => void): void {
    const { position, end, bytes } = this.#bytes
    const [batch, isInChannel] = [this.#batch, this.#isInChannel]
    action()
    this.#bytes.reset(bytes, position, end)
    this.#batch = batch
    this.#isInChannel = isInChannel
  }
}
