/**
 * What a run is still to get, in the order of the run, while its blocks are being sealed elsewhere:
 * they are handed over in batches, and whoever was faster waits for those before it.
 */
import type { BlockSealer, Sealed, SealOptions } from './sealer.ts'

/** More are not under way at a time, which bounds memory. */
const BATCHES_MAX = 16

/** What goes into the run next: a block that is sealed, or something else in its place. */
type Part<Block, Other> =
  { readonly block: Block; readonly sealed: Sealed } | { readonly other: Other }

type Waiting<Block, Other> = { readonly block: Block } | { readonly other: Other }

interface Batch<Block, Other> {
  readonly parts: readonly Waiting<Block, Other>[]
  readonly sealed: Promise<readonly Sealed[]>
}

export class SealingQueue<Block, Other> {
  readonly #sealer: BlockSealer
  readonly #options: SealOptions
  #parts: Waiting<Block, Other>[] = []
  #blocks: Uint8Array[] = []
  #bytes = 0
  readonly #batches: Batch<Block, Other>[] = []

  constructor(sealer: BlockSealer, options: SealOptions) {
    this.#sealer = sealer
    this.#options = options
  }

  /** Adds a block; its bytes are copied. */
  add(block: Block, bytes: Uint8Array): void {
    this.#parts.push({ block })
    this.#blocks.push(Uint8Array.prototype.slice.call(bytes))
    this.#bytes += bytes.length
    if (this.#bytes >= this.#sealer.batchBytes) this.#handOver()
  }

  /** Adds what needs no sealing. */
  addOther(other: Other): void {
    this.#parts.push({ other })
  }

  /** True if parts should be taken before more are added. */
  get isFull(): boolean {
    return this.#batches.length >= BATCHES_MAX
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0 && this.#parts.length === 0
  }

  /** The parts that come next in the run, as soon as they are there. */
  async take(): Promise<readonly Part<Block, Other>[]> {
    if (this.#batches.length === 0) this.#handOver()
    const batch = this.#batches.shift()
    if (batch === undefined) return []
    const sealed = (await batch.sealed).values()
    return batch.parts.map((part) => {
      if ('other' in part) return part
      const { value, done } = sealed.next()
      if (done === true) throw new Error('a sealer gives as many blocks as it was given')
      return { block: part.block, sealed: value }
    })
  }

  #handOver(): void {
    if (this.#parts.length === 0) return
    const sealed = this.#sealer.seal(this.#blocks, this.#options)
    sealed.catch(() => undefined) // whoever takes it is told; a run may be thrown away before
    this.#batches.push({ parts: this.#parts, sealed })
    this.#parts = []
    this.#blocks = []
    this.#bytes = 0
  }
}
