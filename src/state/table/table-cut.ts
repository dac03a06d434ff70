/**
 * The part of a cut that is one table's. A cut holds what changed in the epochs after `base` up to
 * `epoch`. Nothing is copied when it is made: what is still as it was is encoded when its shard is
 * collected; what a record touches before that is encoded first, into the images of its shard.
 */
import { EntryBuffer } from './entry-buffer.ts'

export class TableCut {
  readonly base: number
  readonly epoch: number
  /** Shards below it are collected: their rows may change without more ado. */
  nextShard = 0
  /** Timers of these key groups, from the table's first on, are collected. */
  nextTimerGroup = 0
  readonly #images = new Map<number, EntryBuffer>()
  readonly #timerImages = new Map<number, EntryBuffer>()

  constructor(base: number, epoch: number) {
    this.base = base
    this.epoch = epoch
  }

  /** True if something last changed in `epoch` still has to be encoded for this cut. */
  needs(epoch: number, shardIndex: number): boolean {
    return this.holds(epoch) && shardIndex >= this.nextShard
  }

  needsTimer(epoch: number, group: number): boolean {
    return this.holds(epoch) && group >= this.nextTimerGroup
  }

  /** True if something last changed in `epoch` is part of this cut. */
  holds(epoch: number): boolean {
    return epoch > this.base && epoch <= this.epoch
  }

  /** Where the entries of a shard go that have to be encoded now. */
  images(shardIndex: number): EntryBuffer {
    return bufferOf(this.#images, shardIndex)
  }

  timerImages(group: number): EntryBuffer {
    return bufferOf(this.#timerImages, group)
  }

  /** The images of a shard, or an empty buffer; nothing may be added by others afterwards. */
  takeImages(shardIndex: number): EntryBuffer {
    const taken = this.#images.get(shardIndex) ?? new EntryBuffer()
    this.#images.delete(shardIndex)
    this.nextShard = shardIndex + 1
    return taken
  }

  takeTimerImages(group: number): EntryBuffer {
    const taken = this.#timerImages.get(group) ?? new EntryBuffer()
    this.#timerImages.delete(group)
    this.nextTimerGroup = group + 1
    return taken
  }

  hasImages(shardIndex: number): boolean {
    return this.#images.has(shardIndex)
  }

  hasTimerImages(group: number): boolean {
    return this.#timerImages.has(group)
  }

  /** Needs nothing any more: it is written, or nobody wants it. */
  close(): void {
    this.nextShard = Number.POSITIVE_INFINITY
    this.nextTimerGroup = Number.POSITIVE_INFINITY
    this.#images.clear()
    this.#timerImages.clear()
  }
}

function bufferOf(buffers: Map<number, EntryBuffer>, index: number): EntryBuffer {
  const held = buffers.get(index)
  if (held !== undefined) return held
  const made = new EntryBuffer()
  buffers.set(index, made)
  return made
}
