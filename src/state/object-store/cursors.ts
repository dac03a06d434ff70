/**
 * Places in sorted items, of the write buffers and of runs, and what several of them say together:
 * of each key the newest. Nothing here waits but `load`, which fetches the next blocks of a run.
 */
import { asBuffer } from '../../util/bytes.ts'
import type { RemoteRange } from '../remote/remote-table.ts'
import { heldIn } from '../remote/rows.ts'
import { decodeBlock } from '../runs/block.ts'
import { compareBytes } from '../runs/entry.ts'
import type { Block } from './segment.ts'
import type { SegmentStore } from './segment-store.ts'
import type { Item } from './write-buffer.ts'

export interface RunCursorOptions {
  readonly store: SegmentStore
  readonly writtenAt: number
  readonly isDown: boolean
  /** All items if it is left out. */
  readonly range?: RemoteRange
  /** How many blocks are fetched at first and at most; they double. */
  readonly blocksFirst: number
  readonly blocksMax: number
  /** True if they will be asked for again. */
  readonly keeps: boolean
}

export class Cursor {
  /** Undefined at the end, and while it waits. */
  current: Item | undefined
  /** When the newest item was written. */
  readonly writtenAt: number
  /** Next one last. */
  protected items: Item[]

  /** @param items in the order of the cursor */
  constructor(writtenAt: number, items: readonly Item[]) {
    this.writtenAt = writtenAt
    this.items = items.toReversed()
    this.advance()
  }

  get isWaiting(): boolean {
    return false
  }

  advance(): void {
    this.current = this.items.pop()
  }

  async load(): Promise<void> {
    // It never waits.
  }
}

export class RunCursor extends Cursor {
  readonly #options: RunCursorOptions
  /** Next one last. */
  readonly #blocks: Block[]
  #count: number

  /** @param blocks in order of keys */
  constructor(blocks: readonly Block[], options: RunCursorOptions) {
    super(options.writtenAt, [])
    this.#options = options
    this.#blocks = options.isDown ? [...blocks] : blocks.toReversed()
    this.#count = options.blocksFirst
  }

  override get isWaiting(): boolean {
    return this.current === undefined && this.#blocks.length > 0
  }

  override async load(): Promise<void> {
    const { store, keeps, blocksMax, isDown, range } = this.#options
    const next = this.#blocks.splice(-this.#count).reverse()
    this.#count = Math.min(blocksMax, this.#count * 2)
    const raws = await store.read(next, keeps)
    const items: Item[] = []
    for (const [at, { entries, keyBytes }] of next.entries()) {
      const decoded = decodeBlock(raws[at] ?? new Uint8Array(0), entries, keyBytes)
      for (const { key, value } of isDown ? decoded.reverse() : decoded) {
        if (range !== undefined && !isWithin(key, range)) continue
        items.push({ key: asBuffer(key), value: heldIn(asBuffer(value)) })
      }
    }
    this.items = items.reverse()
    this.advance()
  }
}

/** The newest word on the next key, and when its cursor's items were written. */
export interface Told extends Item {
  readonly writtenAt: number
}

export class Merged {
  /** Newest first. */
  readonly #cursors: readonly Cursor[]
  readonly #sign: number

  constructor(cursors: readonly Cursor[], isDown: boolean) {
    this.#cursors = cursors
    this.#sign = isDown ? -1 : 1
  }

  /** To be called before each `next`; undefined if nothing is to be waited for. */
  ready(): Promise<unknown> | undefined {
    let waiting: Promise<void>[] | undefined
    for (const cursor of this.#cursors) {
      if (cursor.isWaiting) (waiting ??= []).push(cursor.load())
    }
    return waiting && Promise.all(waiting)
  }

  /** Undefined at the end. A cursor that waits again afterwards has told all it had before. */
  next(): Told | undefined {
    let first: Cursor | undefined
    for (const cursor of this.#cursors) {
      if (cursor.current === undefined) continue
      if (first?.current === undefined) first = cursor
      else if (this.#sign * compareBytes(cursor.current.key, first.current.key) < 0) first = cursor
    }
    if (first?.current === undefined) return undefined
    const { key, value } = first.current
    for (const cursor of this.#cursors) {
      const { current } = cursor
      if (current !== undefined && compareBytes(current.key, key) === 0) cursor.advance()
    }
    return { key, value, writtenAt: first.writtenAt }
  }
}

function isWithin(key: Uint8Array, { lower, upper }: RemoteRange): boolean {
  return compareBytes(key, lower) >= 0 && compareBytes(key, upper) < 0
}
