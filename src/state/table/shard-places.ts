/**
 * Where the records of each shard lie, side by side: to find a row, no shard has to be looked at.
 * A table has hundreds of them, each in lines of memory of its own.
 */
import type { Buffer } from 'node:buffer'
import type { Shard } from './shard.ts'

const NOTHING = new Int32Array(0)

export class ShardPlaces {
  /** By shard. */
  readonly words: Int32Array[]
  readonly lanes: Float64Array[]
  readonly bytes: Buffer[]
  /** First lane and shift of each shard. */
  readonly at: Int32Array
  /** The words once more, of each buffer once: many shards share one. */
  readonly buffers: Int32Array[] = []
  /** By shard: which buffer that is. */
  readonly bufferOf: Int32Array
  /** How many shards use a buffer. */
  readonly #users: number[] = []

  constructor(shards: readonly Shard[]) {
    this.words = shards.map(({ words }) => words)
    this.lanes = shards.map(({ lanes }) => lanes)
    this.bytes = shards.map(({ bytes }) => bytes)
    this.at = new Int32Array(2 * shards.length)
    this.bufferOf = Int32Array.from(this.words, (words) => this.#use(words))
    for (const [index, { base, shift }] of shards.entries()) this.at.set([base, shift], 2 * index)
  }

  /** False: it is where it was. */
  note(index: number, { words, lanes, bytes, base, shift }: Shard): boolean {
    if (this.words[index] === words && this.at[2 * index] === base) return false
    if (this.words[index] !== words) {
      this.#leave(this.bufferOf[index] as number) // as many as there are shards
      this.bufferOf[index] = this.#use(words)
    }
    this.words[index] = words
    this.lanes[index] = lanes
    this.bytes[index] = bytes
    this.at[2 * index] = base
    this.at[2 * index + 1] = shift
    return true
  }

  #use(words: Int32Array): number {
    const known = this.buffers.indexOf(words)
    const unused = known < 0 ? this.#users.indexOf(0) : known
    const buffer = unused < 0 ? this.buffers.length : unused
    this.buffers[buffer] = words
    this.#users[buffer] = (this.#users[buffer] ?? 0) + 1
    return buffer
  }

  /** A buffer that nobody uses is not held on to. */
  #leave(buffer: number): void {
    const users = (this.#users[buffer] ?? 0) - 1
    this.#users[buffer] = users
    if (users === 0) this.buffers[buffer] = NOTHING
  }
}
