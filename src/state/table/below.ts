/**
 * The store below the tables of one backend: opened empty for each attempt, filled by a restore or
 * by what memory has no room for, never read by a snapshot. Holds memory to its limit.
 */
import { assert } from '../../util/assert.ts'
import type { Scratch } from '../../storage/scratch.ts'
import type { Entry } from '../backend.ts'
import type { ColdStore } from '../cold-store.ts'
import { ColdLoader } from './cold-loader.ts'
import { type ColdSide, ColdTable } from './cold-table.ts'
import { Evictor } from './evictor.ts'
import type { Item } from './item.ts'
import type { KeyedTable } from './keyed-table.ts'
import { LazyRestore, type LazyRestoreOptions } from './lazy-restore.ts'
import { LazyStore, StoreSink } from './lazy-store.ts'
import type { Loader } from './restore.ts'
import { GROWTH_PER_LOOK, type TableGroup } from './table-group.ts'
import type { Segment } from './segment.ts'
import { Spill } from './spill.ts'
import { TimersBelow } from './timers-below.ts'

/** Eviction begins when this share of the limit is used, and ends somewhat below it. */
const FULL_SHARE = 0.95
const ROOM_SHARE = 0.9
/** What timers may take up of it; more than that goes below. */
const TIMERS_SHARE = 0.25
/** Rows that go between two records at most; far more than come. */
const ROWS_PER_RELIEF_MAX = 4 * GROWTH_PER_LOOK

export interface BelowOptions {
  /** Opens an empty store; `attempt` tells one opening from another. */
  readonly open: (attempt: number) => Promise<ColdStore>
  /** What the tables may take up. */
  readonly memoryBytes: number
  readonly scratch: Scratch
  readonly confirmedEpoch: () => number
}

export class Below implements ColdSide {
  isEmpty = true
  prefetchedReads = 0
  coldReads = 0
  readonly #options: BelowOptions
  readonly #tables: readonly KeyedTable[]
  readonly #group: TableGroup
  readonly #evictor: Evictor
  /** So many bytes were left when no row was left that could go. */
  #leastBytes = 0
  readonly #spill: Spill
  #timers: TimersBelow[] = []
  #store: ColdStore | undefined
  /** The store itself, while a lazy restore stands before it. */
  #restored: ColdStore | undefined
  #attempts = 0
  #formerRequests = 0

  constructor(tables: readonly KeyedTable[], group: TableGroup, options: BelowOptions) {
    this.#tables = tables
    this.#group = group
    this.#options = options
    this.#spill = new Spill(options.scratch, options.memoryBytes)
    this.#evictor = new Evictor(tables, this, this.#spill, options.confirmedEpoch)
  }

  get store(): ColdStore {
    assert(this.#store !== undefined, 'the store below is open')
    return this.#store
  }

  /** Also those of former openings. */
  get requests(): number {
    return this.#formerRequests + ((this.#restored ?? this.#store)?.requests ?? 0)
  }

  get evictions(): number {
    return this.#evictor.evictions
  }

  get estimatedBytes(): number {
    const rows = this.#tables.reduce((sum, table) => sum + table.averages.estimate(table), 0)
    return this.#timers.reduce((sum, timers) => sum + timers.bytes, rows)
  }

  /** Opens a new empty store; a former one is closed. */
  async open(): Promise<void> {
    await this.#store?.close()
    this.#formerRequests = this.requests
    this.#restored = undefined
    this.#spill.clear()
    this.isEmpty = true
    this.#store = await this.#options.open(++this.#attempts)
    this.#timers = []
    for (const table of this.#tables) {
      const cold = new ColdTable(table, this)
      table.below = cold
      table.source = cold
      const timers = new TimersBelow(table.timers, {
        store: () => this.store,
        spill: this.#spill,
        confirmedEpoch: this.#options.confirmedEpoch,
        firstKeyGroup: this.#group.keyGroups.start,
        memoryBytes: (this.#options.memoryBytes * TIMERS_SHARE) / this.#tables.length,
      })
      table.timers.below = timers
      this.#timers.push(timers)
    }
  }

  /** Takes the entries of a snapshot into the store; rows stay there until they are used. */
  async load(restore: AsyncIterable<readonly Entry[]>, loader: Loader): Promise<void> {
    const cold = new ColdLoader(loader, this)
    for await (const batch of restore) {
      for (const entry of batch) cold.add(entry)
    }
    cold.finish()
  }

  /** After so many additions: lets rows go if memory is full. */
  relieve(): void {
    if (this.#group.growth < GROWTH_PER_LOOK) return
    this.#group.growth = 0
    for (const table of this.#tables) table.averages.sample(table)
    if (!this.#group.isRestoring) for (const timers of this.#timers) timers.relieve()
    this.#makeRoom(FULL_SHARE, () => true, ROWS_PER_RELIEF_MAX)
  }

  /** The same in idle moments, while `goesOn` says so. True if there is more to do. */
  maintain(goesOn: () => boolean): boolean {
    for (const table of this.#tables) table.averages.sample(table)
    if (!this.#group.isRestoring) {
      for (const timers of this.#timers) if (timers.relieve()) return true
    }
    if (this.#makeRoom(FULL_SHARE, goesOn, Number.POSITIVE_INFINITY)) return true
    return goesOn() && this.#spill.mergeSlice(goesOn)
  }

  /**
   * Has rows copied into the store as they are asked for, and the others by the result. Memory
   * lets no timers go meanwhile: those in the runs would come again.
   */
  loadLazily(options: Omit<LazyRestoreOptions, 'sink'>): LazyRestore {
    const inner = this.store
    const loader = new ColdLoader(options.loader, this)
    const sink = new StoreSink(inner, loader)
    const restore = new LazyRestore({ ...options, sink })
    this.#restored = inner
    this.#store = new LazyStore(inner, restore, loader, sink, this.#tables)
    this.isEmpty = false
    return restore
  }

  /** Everything that the runs held is in the store. */
  endLazily(): void {
    this.#store = this.#restored ?? this.#store
    this.#restored = undefined
  }

  discard(table: KeyedTable, item: Item): void {
    this.#evictor.discard(table, item)
  }

  /** Writes out what `discard` gathered. */
  flush(): void {
    this.#evictor.flush()
  }

  takeSegments(): readonly Segment[] {
    return this.#spill.take()
  }

  giveBackSegments(segments: readonly Segment[]): void {
    this.#spill.giveBack(segments)
  }

  async close(): Promise<void> {
    this.#spill.clear()
    await this.#store?.close()
  }

  /** True if memory is still full, and more can go. */
  #makeRoom(full: number, goesOn: () => boolean, rowsMax: number): boolean {
    const { memoryBytes } = this.#options
    const { estimatedBytes } = this
    if (estimatedBytes <= memoryBytes * full || estimatedBytes <= this.#leastBytes) return false
    const target = memoryBytes * ROOM_SHARE
    let rows = 0
    let isFull = true
    const isEnough = this.#evictor.evict(() => {
      // Estimating takes as long as letting a few rows go.
      if (++rows % 16 !== 0) return rows < rowsMax
      isFull = this.estimatedBytes > target
      return isFull && rows < rowsMax && goesOn()
    })
    // Without rows tables take some memory, too; looking for more to let go would never end.
    this.#leastBytes = isEnough ? 0 : this.estimatedBytes
    return isEnough && isFull
  }
}
