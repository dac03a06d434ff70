/**
 * Reads a source ahead while what came before is made durable: everything that arrives in the
 * meantime becomes the next group, so one fsync serves many records. The amount is bounded.
 */
import type { MalformedRecord, SourceBatch } from '../../operators/source.ts'

const RECORDS_AHEAD_MAX = 4_096

export interface Group<T, Position> {
  readonly values: readonly T[]
  readonly position: Position
  readonly malformed: readonly MalformedRecord[]
}

export class Intake<T, Position> {
  #waiting: SourceBatch<T, Position>[] = []
  #waitingRecords = 0
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #wakeTaker: (() => void) | undefined
  #wakeReader: (() => void) | undefined

  /** Reads `batches` until they end; `close` stops it at the next batch. */
  constructor(batches: AsyncIterable<SourceBatch<T, Position>>) {
    this.#run(batches).then(
      () => this.#finish(undefined),
      (error: unknown) => this.#finish({ error }),
    )
  }

  async #run(batches: AsyncIterable<SourceBatch<T, Position>>): Promise<void> {
    for await (const batch of batches) {
      if (this.#ended) return
      this.#waiting.push(batch)
      this.#waitingRecords += batch.values.length
      this.#wakeTaker?.()
      if (this.#waitingRecords < RECORDS_AHEAD_MAX) continue
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve
      })
      if (this.#ended) return
    }
  }

  #finish(failure: { readonly error: unknown } | undefined): void {
    this.#ended = true
    this.#failure = failure
    this.#wakeTaker?.()
  }

  /** All that has arrived, as one group; waits for some. Undefined at the end. */
  async take(): Promise<Group<T, Position> | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#ended) return undefined
      await new Promise<void>((resolve) => {
        this.#wakeTaker = resolve
      })
    }
    return this.waiting()
  }

  /** All that has arrived, as one group; undefined if there is nothing now. */
  waiting(): Group<T, Position> | undefined {
    const batches = this.#waiting
    const [first] = batches
    const last = batches.at(-1)
    if (first === undefined || last === undefined) return undefined
    this.#waiting = []
    this.#waitingRecords = 0
    this.#wakeReader?.()
    return {
      values: batches.length === 1 ? first.values : batches.flatMap((batch) => batch.values),
      position: last.position,
      malformed: batches.flatMap((batch) => batch.malformed ?? []),
    }
  }

  close(): void {
    this.#ended = true
    this.#wakeReader?.()
    this.#wakeTaker?.()
  }
}
