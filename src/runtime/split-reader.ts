/**
 * One split being read: batches are fetched in the background into a small bounded queue, so that
 * reading and processing overlap. Knows what its split has handed on: position and watermark.
 */
import { Buffer } from 'node:buffer'
import type { SplitRecord } from '../checkpoint/manifest.ts'
import { MIN_WATERMARK } from '../operators/operator.ts'
import type { Source, SourceBatch, SourceContext } from '../operators/source.ts'
import { EventTimeProgress, type WatermarkStrategy } from '../operators/watermarks.ts'
import { describeKey } from '../types/keys.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'

/** Batches read ahead of the chain. */
const BATCHES_AHEAD_MAX = 3

export type Batch = SourceBatch<unknown, unknown>

export class SplitReader {
  readonly id: string
  /** After the last whole batch that was handed on; undefined before the first. */
  position: { readonly value: unknown } | undefined
  readonly time: EventTimeProgress
  lastRecordAtMs: number
  /** What it last gave was old, and more of that waits. */
  isBacklog = false
  /** False while it waits for others to end. */
  hasBegun = false
  readonly #record: SplitRecord
  readonly #source: Source<unknown>
  readonly #queue: Batch[] = []
  /** Of what comes next, so much was handed on before the restore. */
  #skip: { readonly values: number; readonly malformed: number }
  /** Of the batch that was taken last, so much was left out. */
  #left = { values: 0, malformed: 0 }
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #stopped = false
  #makeRoom: (() => void) | undefined

  constructor(
    source: Source<unknown>,
    strategy: WatermarkStrategy,
    record: SplitRecord,
    nowMs: number,
  ) {
    this.id = record.id
    this.#source = source
    this.#record = record
    const { watermark = MIN_WATERMARK, generator } = record
    this.time = new EventTimeProgress(strategy, {
      watermark,
      ...(generator === undefined ? {} : { generator }),
    })
    this.lastRecordAtMs = nowMs
    this.#skip = record.skip ?? { values: 0, malformed: 0 }
    if (record.position !== undefined) {
      const bytes = Buffer.from(record.position, 'base64')
      this.position = { value: source.position.read(new ByteReader(bytes)) }
    }
  }

  /** Reads until the split ends, `stop` is called or the context's signal aborts. */
  async read(context: SourceContext, wake: () => void): Promise<void> {
    this.hasBegun = true
    try {
      const { id, properties } = this.#record
      const split = properties === undefined ? { id } : { id, properties }
      for await (const batch of this.#source.read(split, this.position?.value, context)) {
        if (this.#stopped || context.signal.aborted) return
        this.#queue.push(batch)
        wake()
        if (this.#queue.length >= BATCHES_AHEAD_MAX) {
          await new Promise<void>((resolve) => (this.#makeRoom = resolve))
        }
        if (this.#stopped || context.signal.aborted) return
      }
    } catch (error) {
      if (!context.signal.aborted) this.#failure = { error }
    }
    this.#ended = true
    wake()
  }

  /** Fetches no more; what waits for room is let go. */
  stop(): void {
    this.#stopped = true
    this.#makeRoom?.()
  }

  /** The next batch, if one is there. */
  take(): Batch | undefined {
    const batch = this.#queue.shift()
    if (batch === undefined) return undefined
    this.#makeRoom?.()
    this.#makeRoom = undefined
    this.isBacklog = batch.isBacklog === true
    return this.#withoutSkipped(batch)
  }

  get hasBatch(): boolean {
    return this.#queue.length > 0
  }

  /** Why reading failed; what was read before is taken first. */
  get failure(): { readonly error: unknown } | undefined {
    return this.hasBatch ? undefined : this.#failure
  }

  get hasEnded(): boolean {
    return this.#ended && !this.hasBatch
  }

  /** True if `take` gives a batch, or it has ended or failed. */
  get hasNews(): boolean {
    return this.hasBatch || this.#ended || this.#failure !== undefined
  }

  /**
   * The split as a checkpoint holds it: no further back than `floor`.
   *
   * @param current the batch being handed on, and how many of its values have been.
   */
  record(floor: number, current?: { readonly batch: Batch; readonly index: number }): SplitRecord {
    const { id, properties } = this.#record
    const watermark = Math.max(floor, this.time.watermark)
    const { generatorState } = this.time
    return {
      id,
      ...(properties === undefined ? {} : { properties }),
      ...(this.position === undefined ? {} : { position: this.#encodedPosition(this.position) }),
      ...(watermark === MIN_WATERMARK ? {} : { watermark }),
      ...(generatorState === undefined ? {} : { generator: generatorState }),
      ...this.#skipped(current),
    }
  }

  /** A source that cannot be read again has nothing to skip. */
  #skipped(current?: { readonly batch: Batch; readonly index: number }): Pick<SplitRecord, 'skip'> {
    const { values, malformed } =
      current === undefined
        ? this.#skip
        : {
            values: this.#left.values + current.index,
            malformed: this.#left.malformed + (current.batch.malformed?.length ?? 0),
          }
    const isNone = values === 0 && malformed === 0
    return isNone || !this.#source.replayable ? {} : { skip: { values, malformed } }
  }

  #withoutSkipped(batch: Batch): Batch {
    const { values, malformed } = this.#skip
    this.#left = { values: 0, malformed: 0 }
    if (values === 0 && malformed === 0) return batch
    const all = batch.malformed ?? []
    this.#left = {
      values: Math.min(values, batch.values.length),
      malformed: Math.min(malformed, all.length),
    }
    this.#skip = {
      values: values - this.#left.values,
      malformed: malformed - this.#left.malformed,
    }
    return {
      values: batch.values.slice(this.#left.values),
      position: batch.position,
      malformed: all.slice(this.#left.malformed),
    }
  }

  /** Where record `number` of the current batch is, for messages. */
  place(number: number): string {
    const start = this.position
    const after = start === undefined ? '' : ` after position ${describeKey(start.value)}`
    return `split ${this.id}, record ${number}${after}`
  }

  #encodedPosition({ value }: { readonly value: unknown }): string {
    const out = new ByteWriter()
    this.#source.position.write(value, out)
    return out.view().toString('base64')
  }
}
