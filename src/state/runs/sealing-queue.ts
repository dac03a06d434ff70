/**
 * What a run is still to get, in the order of the run, while its blocks are being sealed elsewhere:
 * they are handed over in batches, and whoever was faster waits for those before it.
 */
import { type BlockSealer, SealBatch, type Sealed, type SealOptions } from './sealer.ts'

/** More are not under way at a time, which bounds memory. */
const BATCHES_MAX = 16
/** Of a batch that is not full yet, so much more finds room: a block and its last entry. */
const BLOCK_BYTES_USUAL = 64 * 1024

/** What goes into the run next: a block that is sealed, or something else in its place. */
type Part<Block, Other> =
  { readonly block: Block; readonly sealed: Sealed } | { readonly other: Other }

type Waiting<Block, Other> = { readonly block: Block } | { readonly other: Other }

interface Batch<Block, Other> {
  readonly parts: readonly Waiting<Block, Other>[]
  /** Undefined if none of the parts is a block. */
  readonly blocks: SealBatch | undefined
  readonly sealed: Promise<readonly Sealed[]>
}

const NOTHING: Promise<readonly Sealed[]> = Promise.resolve([])

export class SealingQueue<Block, Other> {
  readonly #sealer: BlockSealer
  readonly #options: SealOptions
  #parts: Waiting<Block, Other>[] = []
  /** Of the parts, those that are blocks. */
  #blocks: SealBatch | undefined
  readonly #batches: Batch<Block, Other>[] = []
  /** Its blocks were given out last, and may still be looked at. */
  #taken: SealBatch | undefined

  constructor(sealer: BlockSealer, options: SealOptions) {
    this.#sealer = sealer
    this.#options = options
  }

  /** Adds a block; its bytes are copied. */
  add(block: Block, bytes: Uint8Array): void {
    if (this.#blocks?.add(bytes) !== true) {
      this.#handOver()
      this.#blocks = this.#batchFor(bytes.length)
      this.#blocks.add(bytes)
    }
    this.#parts.push({ block })
    if (this.#blocks.bytes >= this.#sealer.batchBytes) this.#handOver()
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

  /** The parts that come next in the run, as soon as they are there; valid until the next call. */
  async take(): Promise<readonly Part<Block, Other>[]> {
    this.reuse()
    if (this.#batches.length === 0) this.#handOver()
    const batch = this.#batches.shift()
    if (batch === undefined) return []
    const sealed = (await batch.sealed).values()
    this.#taken = batch.blocks
    return batch.parts.map((part) => {
      if ('other' in part) return part
      const { value, done } = sealed.next()
      if (done === true) throw new Error('a sealer gives as many blocks as it was given')
      return { block: part.block, sealed: value }
    })
  }

  #handOver(): void {
    if (this.#parts.length === 0) return
    const blocks = this.#blocks
    const sealed = blocks === undefined ? NOTHING : this.#sealer.seal(blocks, this.#options)
    sealed.catch(() => undefined) // whoever takes it is told; a run may be thrown away before
    this.#batches.push({ parts: this.#parts, blocks, sealed })
    this.#parts = []
    this.#blocks = undefined
  }

  #batchFor(blockBytes: number): SealBatch {
    const bytes = this.#sealer.batchBytes + BLOCK_BYTES_USUAL
    if (blockBytes > bytes) return new SealBatch(blockBytes)
    return this.#sealer.spare.pop() ?? new SealBatch(bytes)
  }

  /** What was given out has been looked at. */
  reuse(): void {
    const taken = this.#taken
    this.#taken = undefined
    if (taken === undefined) return
    taken.reset()
    const { batchBytes, spare } = this.#sealer
    const isUsual = taken.capacityBytes === batchBytes + BLOCK_BYTES_USUAL
    if (isUsual && spare.length < BATCHES_MAX) spare.push(taken)
  }
}
