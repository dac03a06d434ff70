/**
 * The keyed state backend: tables in memory, over a store below if there is one. Counts epochs,
 * makes cuts, follows their fate. What `hashmap()` and `rocksdb()` differ in is only what lies
 * below.
 */
import { MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import type {
  BackendContext,
  BackendStatistics,
  EntryStream,
  KeyedStateBackend,
  KeyedStateTable,
  OperatorStateSpec,
  PhaseTimings,
  StateCut,
} from '../backend.ts'
import type { KeyGroupRange } from '../key-groups.ts'
import { RunLookups } from '../runs/run-lookups.ts'
import { batchesOf } from '../runs/stream.ts'
import { BackendCut, type CutFate, type CutOwner } from './backend-cut.ts'
import { Below, type BelowOptions } from './below.ts'
import { KeyedTable } from './keyed-table.ts'
import { LazyRestore } from './lazy-restore.ts'
import { LazyRows, MemorySink } from './lazy-rows.ts'
import { Loader } from './restore.ts'
import { isStrained, SHARDS, type TableGroup } from './table-group.ts'

/** Checkpoints that may be under way at a time. */
const CUTS_OUTSTANDING_MAX = 16
/** Less than this is loaded in whole before the first record: it takes some 20 ms. */
const LAZY_BYTES_MIN = 4 << 20

export class TableBackend implements KeyedStateBackend, CutOwner {
  readonly name: string
  readonly keyGroups: KeyGroupRange
  readonly #context: BackendContext
  readonly #tables: KeyedTable[] = []
  readonly #group: TableGroup
  readonly #below: Below | undefined
  #state: 'new' | 'open' | 'closed' = 'new'
  #epoch = 1
  /** What is not loaded yet of a restored state. */
  #lazy: LazyRestore | undefined
  /** The next cut holds what changed after this epoch. */
  #base = 0
  #confirmedEpoch = 0
  #outstanding: BackendCut[] = []

  /** `openBelow` opens what lies below; nothing does if it is left out. */
  constructor(
    name: string,
    context: BackendContext,
    below?: Pick<BelowOptions, 'open' | 'memoryBytes'>,
  ) {
    this.name = name
    this.keyGroups = context.keyGroups
    this.#context = context
    this.#group = {
      keyGroups: context.keyGroups,
      maxParallelism: context.maxParallelism,
      shards: context.shards ?? SHARDS,
      isWhole: below === undefined,
      dirtyEntries: 0,
      growth: 0,
      pulls: 0,
      isRestoring: false,
    }
    if (below === undefined) return
    this.#below = new Below(this.#tables, this.#group, {
      ...below,
      scratch: context.scratch,
      confirmedEpoch: () => this.#confirmedEpoch,
    })
  }

  /** In the order of their operator ids, which is that of runs. */
  get tables(): readonly KeyedTable[] {
    return this.#tables
  }

  get confirmedEpoch(): number {
    return this.#confirmedEpoch
  }

  register(operator: OperatorStateSpec): KeyedStateTable {
    if (this.#state !== 'new') {
      throw new MillraceError('STATE_CLOSED', 'operators register before the backend is opened')
    }
    const { id, uid } = operator.record
    assert(
      this.#tables.every(({ spec: { record } }) => record.id !== id),
      `operator ${id} ("${uid}") registers twice`,
    )
    const table = new KeyedTable(operator, this.#group, this.#context.processingTime)
    this.#tables.push(table)
    this.#tables.sort((a, b) => a.spec.record.id - b.spec.record.id)
    return table
  }

  async open(restore?: EntryStream): Promise<PhaseTimings> {
    assert(this.#state === 'new', `the backend is ${this.#state}`)
    const startMs = this.#context.monotonic()
    this.#state = 'open'
    await this.#below?.open()
    const initMs = this.#context.monotonic()
    if (restore !== undefined) await this.#load(restore)
    const prepareMs = this.#context.monotonic()
    this.#expectOpen()
    const confirmMs = this.#context.monotonic()
    for (const table of this.#tables) table.epoch = this.#epoch
    return {
      initMs: initMs - startMs,
      prepareMs: prepareMs - initMs,
      confirmMs: confirmMs - prepareMs,
      completeMs: this.#context.monotonic() - confirmMs,
    }
  }

  cut(): StateCut {
    this.#expectOpen()
    assert(
      this.#outstanding.length < CUTS_OUTSTANDING_MAX,
      `over ${CUTS_OUTSTANDING_MAX} checkpoints are under way`,
    )
    const cut = new BackendCut(
      this,
      this.#base,
      this.#epoch,
      this.#group.dirtyEntries,
      this.#below?.takeSegments() ?? [],
    )
    this.#outstanding.push(cut)
    this.#group.dirtyEntries = 0
    this.#base = this.#epoch++
    for (const table of this.#tables) table.epoch = this.#epoch
    return cut
  }

  /**
   * A complete cut completes those before it, whose runs it builds on. After an aborted one the
   * next cut starts where that one did; cuts taken in between lack its changes and are void.
   */
  settle(cut: BackendCut, isComplete: boolean): void {
    const index = this.#outstanding.indexOf(cut)
    if (index < 0) return // settled before, or rolled back
    if (isComplete) {
      assert(cut.fate === 'outstanding', 'a cut is void once one before it was aborted')
      for (const done of this.#outstanding.splice(0, index + 1)) {
        done.end('confirmed')
        for (const segment of done.segments) segment.delete()
      }
      this.#confirmedEpoch = cut.epoch
      return
    }
    cut.end('aborted')
    this.#outstanding.splice(index, 1)
    for (const later of this.#outstanding.slice(index)) later.fate = 'void'
    this.#base = Math.min(this.#base, cut.base)
    this.#group.dirtyEntries += cut.dirtyEntries
    this.#below?.giveBackSegments(cut.segments)
  }

  async rollback(restore: EntryStream): Promise<void> {
    this.#expectOpen()
    this.#endAll('rolled back')
    this.#endRestore()
    for (const table of this.#tables) table.reset()
    this.#group.dirtyEntries = 0
    this.#base = this.#epoch++
    this.#confirmedEpoch = this.#base
    for (const table of this.#tables) table.epoch = this.#epoch
    await this.#below?.open()
    await this.#load(restore)
  }

  maintain(budgetMs: number): boolean {
    if (this.#state !== 'open') return false
    this.#group.pulls = 0
    if (this.#below === undefined && this.#lazy === undefined) return false
    const context = this.#context
    const endMs = context.monotonic() + budgetMs
    const goesOn = (): boolean => context.monotonic() < endMs
    const isLoading = this.#lazy?.slice(goesOn) === true
    if (!isLoading) this.#endRestore()
    return (this.#below?.maintain(goesOn) ?? false) || isLoading
  }

  get isRestoring(): boolean {
    return this.#lazy !== undefined
  }

  get isStrained(): boolean {
    return isStrained(this.#group)
  }

  get statistics(): BackendStatistics {
    const rows = this.#tables.reduce((sum, table) => sum + table.rowCount, 0)
    for (const table of this.#tables) table.averages.sample(table)
    const bytes = this.#tables.reduce((sum, table) => sum + table.averages.estimate(table), 0)
    return {
      rows,
      estimatedBytes: Math.round(bytes),
      evictions: this.#below?.evictions ?? 0,
      prefetchedReads: this.#below?.prefetchedReads ?? 0,
      coldReads: this.#below?.coldReads ?? 0,
      requests: this.#below?.requests ?? 0,
      restoringBytes: this.#lazy?.totalBytes ?? 0,
      restoredBytes: this.#lazy?.restoredBytes ?? 0,
      expired: this.#tables.reduce((sum, { expiry }) => sum + expiry.expired, 0),
      expiryLagMs: this.#tables.reduce((max, table) => Math.max(max, table.expiryLagMs), 0),
    }
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#endAll('closed')
    for (const table of this.#tables) table.close()
    await this.#below?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #load(restore: EntryStream): Promise<void> {
    const loader = new Loader(this.#tables)
    this.#lazy = this.#lazily(restore, loader)
    if (this.#lazy !== undefined) return
    if (this.#below !== undefined) return this.#below.load(batchesOf(restore), loader)
    for await (const batch of batchesOf(restore)) {
      for (const entry of batch) loader.add(entry)
    }
    loader.finish()
  }

  /** Undefined if all is to be loaded at once, because it is little or because it must be. */
  #lazily(restore: EntryStream, loader: Loader): LazyRestore | undefined {
    if (!(restore instanceof RunLookups)) return undefined
    const { minimumBytes = LAZY_BYTES_MIN, rowsPerSlice = Number.POSITIVE_INFINITY } =
      this.#context.lazyRestore ?? {}
    const group = this.#group
    if (restore.bytesOfAll(group.keyGroups) < minimumBytes) return undefined
    const options = { lookups: restore, tables: this.#tables, group, loader, rowsPerSlice }
    if (this.#below !== undefined) return this.#below.loadLazily(options)
    const lazy = new LazyRestore({ ...options, sink: new MemorySink(loader) })
    for (const table of this.#tables) {
      const rows = new LazyRows(table, lazy, loader)
      table.below = rows
      table.source = rows
    }
    return lazy
  }

  /** All is loaded, or nobody wants it any more: what is missing now is not there. */
  #endRestore(): void {
    if (this.#lazy === undefined) return
    this.#lazy.close()
    this.#lazy = undefined
    if (this.#below !== undefined) return this.#below.endLazily()
    for (const table of this.#tables) {
      table.below = undefined
      table.source = undefined
    }
  }

  /** Nothing can become of the outstanding cuts any more. */
  #endAll(fate: CutFate): void {
    for (const cut of this.#outstanding.splice(0)) {
      cut.end(fate)
      for (const segment of cut.segments) segment.delete()
    }
  }

  #expectOpen(): void {
    if (this.#state === 'open') return
    throw new MillraceError('STATE_CLOSED', `the state backend is ${this.#state}, not open`)
  }
}
