/**
 * Rows as segments on a blob store, for the helper thread of a remote store: what is written is
 * gathered in memory and put as runs, which are merged. Reads look at what was written last first,
 * and know from filters in memory where a key is not.
 */
import type { Buffer } from 'node:buffer'
import { required } from '../../util/assert.ts'
import type { RemotePut, RemoteRange, RemoteScan, RemoteTable } from '../remote/remote-table.ts'
import { heldIn } from '../remote/rows.ts'
import { findInBlock } from '../runs/block.ts'
import { Cursor, Merged, RunCursor } from './cursors.ts'
import { Levels } from './levels.ts'
import { type Block, blockOf, blocksOf, keyHash, type Run } from './segment.ts'
import type { SegmentStore } from './segment-store.ts'
import { type Item, WriteBuffer } from './write-buffer.ts'

/** Buffers that are being written out; who fills another one meanwhile waits. */
const FROZEN_MAX = 1
const SCAN_BLOCKS_MAX = 32
const PUTS_PER_TURN = 1_024

interface Frozen {
  readonly buffer: WriteBuffer
  readonly writtenAt: number
}

/** A key that is looked for, and in which run next. */
interface Wanted {
  readonly at: number
  readonly key: Buffer
  readonly hash: number
  next: number
}

export class ObjectTable implements RemoteTable {
  readonly #store: SegmentStore
  readonly #levels: Levels
  readonly #bufferBytes: number
  readonly #onClose: () => Promise<void>
  #buffer = new WriteBuffer()
  /** Newest first. */
  #frozen: readonly Frozen[] = []
  /** Moments are counted, by the ranges that were deleted. */
  #now = 0
  #flushing: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined

  constructor(store: SegmentStore, bufferBytes: number, onClose: () => Promise<void>) {
    this.#store = store
    this.#levels = new Levels(store, () => this.#frozen.at(-1)?.writtenAt)
    this.#bufferBytes = bufferBytes
    this.#onClose = onClose
  }

  get requests(): number {
    return this.#store.requests
  }

  async getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    this.#check()
    const values: (Buffer | undefined)[] = keys.map(() => undefined)
    let wanted: Wanted[] = []
    for (const [at, key] of keys.entries()) {
      const told = this.#lastTold(key)
      if (told === undefined) wanted.push({ at, key, hash: keyHash(key), next: 0 })
      else values[at] = told.value
    }
    await this.#levels.reading(async () => {
      const { runs } = this.#levels
      while (wanted.length > 0) wanted = await this.#look(runs, wanted, values)
    })
    return values
  }

  async scan({ lower, upper, limit, isDown }: RemoteScan): Promise<readonly Buffer[]> {
    this.#check()
    return await this.#levels.reading(async () => {
      const merged = new Merged([...this.#cursors({ lower, upper }, isDown)], isDown)
      const found: Buffer[] = []
      while (found.length < 2 * limit) {
        for (let wait = merged.ready(); wait !== undefined; wait = merged.ready()) await wait
        const told = merged.next()
        if (told === undefined) break
        const { key, value, writtenAt } = told
        if (value !== undefined && !this.#levels.dead.has(key, writtenAt)) found.push(key, value)
      }
      return found
    })
  }

  async write(puts: readonly RemotePut[]): Promise<void> {
    for (let at = 0; at < puts.length; at += PUTS_PER_TURN) {
      this.#check()
      for (const { key, value } of puts.slice(at, at + PUTS_PER_TURN)) this.#buffer.put(key, value)
      if (this.#buffer.bytes >= this.#bufferBytes) await this.#freeze()
    }
  }

  async deleteRange({ lower, upper }: RemoteRange): Promise<void> {
    this.#check()
    this.#buffer.deleteRange(lower, upper)
    if (this.#frozen.length === 0 && this.#levels.runs.length === 0) return
    this.#levels.dead.add({ lower, upper, moment: ++this.#now })
  }

  async drop(): Promise<void> {
    this.#failure ??= { error: new Error('the table was dropped') }
    await this.#flushing
    await this.#levels.close()
    await this.#store.drop()
  }

  close(): Promise<void> {
    return this.#onClose()
  }

  /** What memory says of a key. */
  #lastTold(key: Buffer): Pick<Item, 'value'> | undefined {
    const last = this.#buffer.get(key)
    if (last !== undefined) return last
    for (const { buffer, writtenAt } of this.#frozen) {
      const item = buffer.get(key)
      if (item !== undefined) return this.#levels.dead.has(key, writtenAt) ? DELETED : item
    }
    return undefined
  }

  /** Looks for each key in the next run that may have it; gives those that it had not. */
  async #look(
    runs: readonly Run[],
    wanted: readonly Wanted[],
    values: (Buffer | undefined)[],
  ): Promise<Wanted[]> {
    const places = new Map<Wanted, Block>()
    for (const each of wanted) {
      for (let run = runs[each.next]; run !== undefined; run = runs[++each.next]) {
        const block = blockOf(run, each.key, each.hash)
        if (block === undefined) continue
        places.set(each, block)
        break
      }
    }
    const blocks = [...new Set(places.values())]
    const raws = await this.#store.read(blocks, true)
    const rawOf = new Map(blocks.map((block, index) => [block, raws[index]] as const))
    const missing: Wanted[] = []
    for (const [each, block] of places) {
      const bytes = findInBlock(required(rawOf.get(block), 'a block was read'), each.key)
      const { writtenAt } = required(runs[each.next], 'the run of a block')
      if (bytes !== undefined) {
        const isDead = this.#levels.dead.has(each.key, writtenAt)
        values[each.at] = isDead ? undefined : heldIn(bytes as Buffer)
      } else {
        each.next++
        missing.push(each)
      }
    }
    return missing
  }

  /** Newest first. */
  *#cursors(range: RemoteRange, isDown: boolean): Generator<Cursor> {
    const { lower, upper } = range
    const buffers = [{ buffer: this.#buffer, writtenAt: this.#now }, ...this.#frozen]
    for (const { buffer, writtenAt } of buffers) {
      const items = buffer.range(lower, upper)
      if (items.length > 0) {
        yield new Cursor(writtenAt, isDown ? items.toReversed() : items)
      }
    }
    const { runs, dead } = this.#levels
    const store = this.#store
    const options = { store, range, isDown, keeps: true, blocksFirst: 1 } as const
    for (const run of runs) {
      const { writtenAt } = run
      const found = blocksOf(run, range)
      const blocks = found.filter(({ firstKey }, at) => {
        return !dead.hasAll(firstKey, found[at + 1]?.firstKey ?? run.lastKey, writtenAt)
      })
      if (blocks.length === 0) continue
      yield new RunCursor(blocks, { ...options, writtenAt, blocksMax: SCAN_BLOCKS_MAX })
    }
  }

  /** Begins to write out the buffer; waits if a former one is not written yet. */
  async #freeze(): Promise<void> {
    const frozen = { buffer: this.#buffer, writtenAt: this.#now }
    this.#buffer = new WriteBuffer()
    this.#frozen = [frozen, ...this.#frozen]
    this.#flushing = this.#flushing
      .then(() => this.#flush(frozen))
      .catch((error: unknown) => (this.#failure ??= { error }))
      .then(() => undefined)
    while (this.#frozen.length > FROZEN_MAX && this.#failure === undefined) {
      await this.#flushing
    }
    this.#check()
  }

  async #flush(frozen: Frozen): Promise<void> {
    if (this.#failure !== undefined) return
    await this.#levels.add(this.#worthWriting(frozen), frozen.writtenAt)
    this.#frozen = this.#frozen.filter((each) => each !== frozen)
  }

  /** That a key is deleted need not be said where nothing is known of it. */
  *#worthWriting({ buffer }: Frozen): Generator<Item> {
    const { runs } = this.#levels
    for (const item of buffer.all()) {
      const isNews = item.value === undefined && !isAny(runs, item.key)
      if (!isNews) yield item
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
    this.#levels.check()
  }
}

const DELETED = { value: undefined }

function isAny(runs: readonly Run[], key: Buffer): boolean {
  const hash = keyHash(key)
  return runs.some((run) => blockOf(run, key, hash) !== undefined)
}
