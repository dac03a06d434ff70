/**
 * Event time that begins in the middle of a stream: each record gets its timestamp here, and
 * watermarks are made anew at the end of a batch. Those of the source are not heeded, but for the
 * one at the end of input. Every subtask has a generator; its progress is operator state.
 *
 *     event time   varuint subtask · varuint parallelism · float64 watermark · the generator's
 *                  state as JSON text, or an empty text; each subtask gets those of all
 */
import type { OperatorStateEntry } from '../state/snapshot.ts'
import { required } from '../util/assert.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'
import { BaseOperator } from './base.ts'
import { type Inline, MAX_WATERMARK, MIN_WATERMARK, type OperatorContext } from './operator.ts'
import { type EventTimeRecord, EventTimeProgress, type WatermarkStrategy } from './watermarks.ts'

const STATE = 'event time'

interface Restored extends EventTimeRecord {
  readonly subtaskIndex: number
  readonly parallelism: number
}

export class AssignTimestampsOperator extends BaseOperator {
  /** A restore puts another progress in place of the first. */
  readonly inline: Inline = {
    kind: 'timestamps',
    timestampOf: (value) => this.#progress.timestampOf(value),
    onRecord: (value, timestamp) => this.#progress.onRecord(value, timestamp),
  }
  readonly #context: OperatorContext
  readonly #strategy: WatermarkStrategy
  #progress: EventTimeProgress
  #emitted = MIN_WATERMARK

  constructor(context: OperatorContext, what: string, strategy: WatermarkStrategy) {
    super(context, what)
    this.#context = context
    this.#strategy = strategy
    this.#progress = new EventTimeProgress(strategy, undefined)
  }

  get backwardWatermarks(): number {
    return this.#progress.backward
  }

  processElement(value: unknown): void {
    const progress = this.#progress
    const timestamp = progress.timestampOf(value)
    this.output.collect(value, timestamp)
    progress.onRecord(value, timestamp)
  }

  override processWatermark(timestamp: number): void {
    if (timestamp === MAX_WATERMARK) this.#emit(timestamp)
  }

  endBatch(): void {
    this.#progress.advance()
    this.#emit(this.#progress.watermark)
  }

  snapshotState(): readonly OperatorStateEntry[] {
    const { operatorId, uid, subtaskIndex, parallelism } = this.#context
    const out = new ByteWriter()
    out.varuint(subtaskIndex)
    out.varuint(parallelism)
    out.float64LE(this.#progress.watermark)
    out.string(this.#progress.generatorState ?? '')
    const id = required(operatorId, `${uid} has no id`)
    return [{ operatorId: id, kind: 'union-list', name: STATE, value: out.copy() }]
  }

  restoreState(entries: readonly OperatorStateEntry[]): void {
    const all = entries.filter(({ name }) => name === STATE).map(({ value }) => decode(value))
    const { subtaskIndex, parallelism } = this.#context
    const own = all.find(
      (each) => each.parallelism === parallelism && each.subtaskIndex === subtaskIndex,
    )
    // At another parallelism records come another way: the one furthest behind counts.
    const [least] = all.toSorted((a, b) => (a.watermark < b.watermark ? -1 : 1))
    this.#progress = new EventTimeProgress(this.#strategy, own ?? least)
  }

  #emit(watermark: number): void {
    if (watermark <= this.#emitted) return
    this.#emitted = watermark
    this.output.watermark(watermark)
  }
}

function decode(bytes: Uint8Array): Restored {
  const input = new ByteReader(bytes)
  const subtaskIndex = input.varuint()
  const parallelism = input.varuint()
  const watermark = input.float64LE()
  const generator = input.string()
  const at = { subtaskIndex, parallelism, watermark }
  return generator === '' ? at : { ...at, generator }
}
