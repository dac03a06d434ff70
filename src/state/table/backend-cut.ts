/**
 * A cut of all tables of a backend: gives their changes in run order, key group by key group and
 * operator by operator, and follows the fate of its checkpoint.
 */
import { MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import type { Entry, EntryStream, StateCut } from '../backend.ts'
import type { ShreddedOperators } from '../sealed/subject.ts'
import { collectShard, isOutside, passShard } from './collect.ts'
import type { SortedEntries } from './entry-buffer.ts'
import type { KeyedTable } from './keyed-table.ts'
import { mergeParts } from './merge-parts.ts'
import type { Segment } from './segment.ts'
import { TableCut } from './table-cut.ts'

const ENTRIES_PER_PAUSE = 256

/** `outstanding` until its checkpoint is; `void` once it cannot be confirmed any more. */
export type CutFate = 'outstanding' | 'void' | 'confirmed' | 'aborted' | 'rolled back' | 'closed'

/** What a cut asks of its backend. */
export interface CutOwner {
  readonly tables: readonly KeyedTable[]
  /** Everything changed up to this epoch is in a complete checkpoint. */
  readonly confirmedEpoch: number
  settle(cut: BackendCut, isComplete: boolean): void
}

export class BackendCut implements StateCut {
  readonly dirtyEntries: number
  readonly base: number
  readonly epoch: number
  /** What left the cache in its epochs. */
  readonly segments: readonly Segment[]
  fate: CutFate = 'outstanding'
  readonly #owner: CutOwner
  readonly #parts: readonly TableCut[]
  #isConsumed = false

  constructor(
    owner: CutOwner,
    base: number,
    epoch: number,
    dirtyEntries: number,
    segments: readonly Segment[],
  ) {
    this.#owner = owner
    this.base = base
    this.epoch = epoch
    this.dirtyEntries = dirtyEntries
    this.segments = segments
    this.#parts = owner.tables.map((table) => {
      const part = new TableCut(base, epoch)
      table.cuts.add(part)
      return part
    })
  }

  get shredded(): ShreddedOperators {
    return new Map(
      this.#owner.tables.flatMap(({ shredded, spec }) => {
        return shredded === undefined ? [] : [[spec.record.id, shredded] as const]
      }),
    )
  }

  get spilled(): readonly EntryStream[] {
    return this.segments.map((segment) => segment.stream())
  }

  *entries(): Generator<Entry | undefined> {
    assert(!this.#isConsumed, 'the entries of a cut are consumed once')
    this.#isConsumed = true
    this.#expectOutstanding()
    const groups = this.#owner.tables[0]?.timers.changes.groupCount ?? 0
    let sinceLastPause = 0
    for (let group = 0; group < groups; group++) {
      for (const [index, table] of this.#owner.tables.entries()) {
        const part = this.#parts[index]
        assert(part !== undefined, 'a cut has a part for each table')
        if (this.#passes(table, part, group)) continue
        const [rows, timers]: [SortedEntries[], SortedEntries[]] = [[], []]
        for (const pause of this.#collect(table, part, group, rows, timers)) {
          yield pause
          this.#expectOutstanding()
        }
        for (const parts of [rows, timers]) {
          for (const entry of mergeParts(parts)) {
            yield entry
            if (++sinceLastPause % ENTRIES_PER_PAUSE === 0) yield undefined
          }
          for (const { buffer } of parts) part.giveBack(buffer)
        }
      }
    }
    this.#close()
  }

  /** Goes past a key group of a table of which the cut holds nothing. */
  #passes(table: KeyedTable, part: TableCut, group: number): boolean {
    const { changes } = table.timers
    const first = group << table.subBits
    const end = (group + 1) << table.subBits
    for (let shard = first; shard < end; shard++) {
      if (!isOutside(table, part, shard)) return false
    }
    if (!changes.isOutside(part, group)) return false
    const { confirmedEpoch } = this.#owner
    for (let shard = first; shard < end; shard++) passShard(table, part, shard, confirmedEpoch)
    changes.pass(part, group)
    return true
  }

  *#collect(
    table: KeyedTable,
    part: TableCut,
    group: number,
    rows: SortedEntries[],
    timers: SortedEntries[],
  ): Generator<undefined> {
    const { confirmedEpoch } = this.#owner
    const end = (group + 1) << table.subBits
    for (let shard = group << table.subBits; shard < end; shard++) {
      yield* collectShard(table, part, shard, confirmedEpoch, rows)
    }
    yield* table.timers.changes.collect(part, group, confirmedEpoch, timers)
  }

  confirm(): void {
    this.#owner.settle(this, true)
  }

  abort(): void {
    this.#owner.settle(this, false)
  }

  /** Records need not save anything for it any more. */
  end(fate: CutFate): void {
    this.fate = fate
    this.#close()
  }

  #close(): void {
    for (const [index, table] of this.#owner.tables.entries()) {
      const part = this.#parts[index]
      if (part !== undefined) table.cuts.remove(part)
    }
  }

  #expectOutstanding(): void {
    if (this.fate === 'outstanding' || this.fate === 'void') return
    throw new MillraceError(
      'STATE_CLOSED',
      `the entries of a cut were read when it was ${this.fate}`,
    )
  }
}
