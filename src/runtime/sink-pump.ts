/**
 * The end of a chain: records wait in a bounded outbox, and an asynchronous pump hands them to the
 * sink's writer. A barrier is a mark in the same queue, so the chain runs on while the writer makes
 * the records before it safe. Above the memory bound one record's fan-out goes to the scratch disk.
 */
import { MillraceError } from '../errors.ts'
import type { CommitScope, SinkWriter } from '../operators/sink.ts'
import type { Output } from '../operators/operator.ts'
import type { Scratch } from '../storage/scratch.ts'
import type { Type } from '../types/type.ts'
import { assert } from '../util/assert.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'
import { type Frame, FRAME_RECORDS } from './exchange/channel.ts'
import { FrameQueue } from './exchange/frame-queue.ts'
import { writeFramedRecord } from './exchange/framed-record.ts'
import { IN_FLIGHT_BYTES_MAX } from './exchange/in-flight.ts'
import { Outbox } from './outbox.ts'

/** Beyond it, values of one record's fan-out are encoded, and spilled above the memory bound. */
const VALUES_MAX = 32_768
const SPILL_FRAME_BYTES = 64 * 1024

interface Mark {
  /** Values that lie before it. */
  valuesBefore: number
  readonly scope: CommitScope
  readonly resolve: (committables: readonly unknown[]) => void
  readonly reject: (error: unknown) => void
}

export interface SinkPumpOptions {
  readonly writer: SinkWriter<unknown, unknown>
  readonly type: Type<unknown>
  readonly scratch: Scratch
  readonly name: string
  readonly memoryBytesMax: number
  /** The task takes no new record while this many values wait. */
  readonly valuesFull: number
  /** Called when room was made or the writer failed: the task should look again. */
  wake(): void
}

export class SinkPump implements Output {
  recordsOut = 0
  /** The writer's error; the task fails with it. */
  failure: { readonly error: unknown } | undefined
  readonly #values = new Outbox()
  /** Values wait encoded, so those that come wait behind them. */
  #overflows = false
  readonly #marks: Mark[] = []
  readonly #overflow: FrameQueue
  readonly #encoded = new ByteWriter()
  readonly #options: SinkPumpOptions
  #pumping: Promise<void> | undefined
  #closed = false
  /** Values that are not written yet, those of the call under way included. */
  #waiting = 0
  /** Values of the call under way. */
  #writing = 0

  constructor(options: SinkPumpOptions) {
    this.#options = options
    this.#overflow = new FrameQueue(options.scratch, options.name, options.memoryBytesMax)
  }

  get isFull(): boolean {
    return this.#waiting >= this.#options.valuesFull
  }

  get spilledBytes(): number {
    return this.#overflow.spilledBytes
  }

  collect(value: unknown, timestamp: number): void {
    this.recordsOut++
    this.#waiting++
    if (this.#values.count < VALUES_MAX && !this.#overflows) {
      this.#values.add(value, timestamp)
      return
    }
    this.#overflows = true
    this.#encoded.float64LE(timestamp)
    this.#options.type.write(value, this.#encoded)
    if (this.#encoded.length >= SPILL_FRAME_BYTES) this.#spill()
  }

  watermark(): void {}
  endInput(): void {}

  /** Everything before this call is made safe; resolves with what is to be committed for it. */
  barrier(scope: CommitScope): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) return reject(this.failure.error)
      if (this.#closed) return reject(closed())
      this.#marks.push({ valuesBefore: this.#waiting, scope, resolve, reject })
      this.kick()
    })
  }

  /** Values wait before the barrier of this checkpoint that the writer has not been given. */
  holds(checkpointId: number): boolean {
    return this.#marks.some(
      (mark) => mark.scope.checkpointId === checkpointId && mark.valuesBefore > this.#writing,
    )
  }

  /**
   * Lets the barrier overtake: what the writer has not been given is left behind, and comes after
   * it. Gives those values, or undefined if they are too many for a checkpoint.
   */
  overtake(checkpointId: number): readonly Frame[] | undefined {
    const mark = this.#marks.find(({ scope }) => scope.checkpointId === checkpointId)
    if (mark === undefined) return []
    if (this.#overflow.waitingBytes > IN_FLIGHT_BYTES_MAX) return undefined
    const frames = this.#firstWaiting(mark.valuesBefore - this.#writing)
    // Older ones are of checkpoints that were given up.
    for (const each of this.#marks) {
      if (each.scope.checkpointId > checkpointId) continue
      each.valuesBefore = Math.min(each.valuesBefore, this.#writing)
    }
    this.kick()
    return frames
  }

  /** Resolves when all that waits now has been written. */
  async drained(): Promise<void> {
    while (this.#waiting > 0) {
      this.kick()
      await this.#pumping
      if (this.failure !== undefined) throw this.failure.error
      if (this.#closed) throw closed()
    }
  }

  /** Starts the pump if there is something to do; called after each batch. */
  kick(): void {
    if (this.#pumping !== undefined || this.failure !== undefined || this.#closed) return
    if (this.#waiting === 0 && this.#marks.length === 0) return
    this.#pumping = this.#pump()
      .catch((error: unknown) => {
        this.failure = { error }
        for (const mark of this.#marks.splice(0)) mark.reject(error)
      })
      .finally(() => {
        this.#pumping = undefined
        this.kick() // for what came while the pump was coming to its end
        this.#options.wake()
      })
  }

  /** Gives up what waits; a call of the writer that is under way comes to its end first. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const mark of this.#marks.splice(0)) mark.reject(closed())
    await this.#pumping
    this.#overflow.close()
    await this.#options.writer[Symbol.asyncDispose]()
  }

  async #pump(): Promise<void> {
    while (!this.#closed) {
      const mark = this.#marks[0]
      if (mark !== undefined && mark.valuesBefore === 0) {
        this.#options.wake() // the task looks whether its barrier has passed
        const committables = await this.#options.writer.prepareCommit(mark.scope)
        this.#marks.shift()
        mark.resolve(committables)
        continue
      }
      if (this.#waiting === 0) return
      if (this.#values.count === 0) this.#refill()
      const { values, timestamps } = this.#values.take(mark?.valuesBefore ?? this.#waiting)
      this.#writing = values.length
      const written = this.#options.writer.write(values, timestamps)
      if (written !== undefined) await written
      this.#writing = 0
      const wasFull = this.isFull
      this.#waiting -= values.length
      for (const each of this.#marks) each.valuesBefore -= values.length
      if (wasFull && !this.isFull) this.#options.wake()
    }
  }

  #firstWaiting(count: number): readonly Frame[] {
    const { type } = this.#options
    const out = new ByteWriter(SPILL_FRAME_BYTES)
    let left = count
    for (const [value, timestamp] of this.#values.entries()) {
      if (left === 0) break
      left--
      writeFramedRecord(out, type, value, timestamp)
    }
    const spilled = [...this.#overflow.frames()].map(({ bytes }) => bytes)
    for (const bytes of [...spilled, this.#encoded.copy()]) {
      const input = new ByteReader(bytes)
      while (left > 0 && input.remaining > 0) {
        const timestamp = input.float64LE()
        writeFramedRecord(out, type, type.read(input), timestamp)
        left--
      }
    }
    return out.length === 0 ? [] : [{ type: FRAME_RECORDS, bytes: out.copy() }]
  }

  #spill(): void {
    this.#overflow.push(0, this.#encoded.view())
    this.#encoded.reset()
  }

  #refill(): void {
    if (this.#overflow.isEmpty) this.#spill()
    const input = new ByteReader(this.#overflow.peek())
    while (input.remaining > 0) {
      assert(this.#values.count < VALUES_MAX, 'a frame holds more values than there is room for')
      const timestamp = input.float64LE()
      this.#values.add(this.#options.type.read(input), timestamp)
    }
    this.#overflow.shift()
    this.#overflows = !this.#overflow.isEmpty || this.#encoded.length > 0
  }
}

function closed(): MillraceError {
  return new MillraceError('CHECKPOINT_FAILED', 'the sink was closed before its output was safe')
}
