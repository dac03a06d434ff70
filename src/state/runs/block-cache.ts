/**
 * Unfolded blocks of several runs, of which those that were used longest ago go when there are too
 * many bytes of them.
 */

/** Blocks of small runs are all there as a rule, and they are asked for again and again. */
const BYTES_MAX = 32 << 20

export class BlockCache {
  /** By run and block; used last is last. */
  readonly #blocks = new Map<string, Uint8Array>()
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  get(run: string, index: number): Uint8Array | undefined {
    const block = this.take(run, index)
    if (block !== undefined) this.#put(`${run} ${index}`, block)
    return block
  }

  /** The same, and forgets it. */
  take(run: string, index: number): Uint8Array | undefined {
    const id = `${run} ${index}`
    const block = this.#blocks.get(id)
    if (block === undefined) return undefined
    this.#blocks.delete(id)
    this.#bytes -= block.length
    return block
  }

  /** A block that is not there. One that is larger than all that may be kept is not kept. */
  add(run: string, index: number, block: Uint8Array): void {
    if (block.length > this.#bytesMax) return
    this.#put(`${run} ${index}`, block)
    for (const [id, { length }] of this.#blocks) {
      if (this.#bytes <= this.#bytesMax) return
      this.#blocks.delete(id)
      this.#bytes -= length
    }
  }

  #put(id: string, block: Uint8Array): void {
    this.#blocks.set(id, block)
    this.#bytes += block.length
  }
}
