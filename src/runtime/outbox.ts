/**
 * Values with their times that wait for a sink's writer, in chunks as large as what it is given at
 * once: a chunk is handed over as it is, and neither grows far nor moves up when others go.
 */
const CHUNK_VALUES_MAX = 4_096
const CHUNK_VALUES_MIN = 64

/** What is handed over together. */
interface Chunk {
  readonly values: readonly unknown[]
  readonly timestamps: Float64Array
}

class GrowingChunk implements Chunk {
  readonly values: unknown[] = []
  timestamps: Float64Array

  /** @param room for the first timestamps. */
  constructor(room: Float64Array) {
    this.timestamps = room
  }

  add(value: unknown, timestamp: number): void {
    const at = this.values.push(value) - 1
    if (at === this.timestamps.length) this.#grow()
    this.timestamps[at] = timestamp
  }

  /** The first values leave it. */
  takeSome(count: number): Chunk {
    const timestamps = this.timestamps.slice(0, count)
    this.timestamps.copyWithin(0, count, this.values.length)
    return { values: this.values.splice(0, count), timestamps }
  }

  /** It is handed over; nothing is added any more. */
  whole(): Chunk {
    const { values, timestamps } = this
    const { length } = values
    return length === timestamps.length ? this : { values, timestamps: timestamps.slice(0, length) }
  }

  #grow(): void {
    const grown = new Float64Array(Math.min(this.timestamps.length * 4, CHUNK_VALUES_MAX))
    grown.set(this.timestamps)
    this.timestamps = grown
  }
}

export class Outbox {
  count = 0
  #chunks: GrowingChunk[] = []
  #last: GrowingChunk | undefined
  /** Values of the last chunk that was handed over: the next may have about as many. */
  #lastCount = CHUNK_VALUES_MIN
  /** The room of a chunk that was not handed over with it. */
  #spare: Float64Array | undefined

  add(value: unknown, timestamp: number): void {
    this.count++
    let last = this.#last
    if (last === undefined || last.values.length === CHUNK_VALUES_MAX) {
      last = new GrowingChunk(this.#spare ?? new Float64Array(this.#lastCount))
      this.#spare = undefined
      this.#last = last
      this.#chunks.push(last)
    }
    last.add(value, timestamp)
  }

  /** The first values, at most `countMax` of them; there is one at least. */
  take(countMax: number): Chunk {
    const [first] = this.#chunks
    if (first === undefined) return { values: [], timestamps: new Float64Array(0) }
    const { length } = first.values
    this.count -= Math.min(length, countMax)
    if (countMax < length) return first.takeSome(countMax)
    this.#lastCount = Math.max(CHUNK_VALUES_MIN, length)
    this.#chunks.shift()
    if (first === this.#last) this.#last = undefined
    const whole = first.whole()
    if (whole !== first) this.#spare = first.timestamps
    return whole
  }

  *entries(): IterableIterator<readonly [value: unknown, timestamp: number]> {
    for (const { values, timestamps } of this.#chunks) {
      for (const [at, value] of values.entries()) yield [value, timestamps[at] as number] // as many
    }
  }
}
