/** One operator's keyed state as its operator sees it: rows, handles and timers together. */
import type { KeyedStateTable, OperatorStateSpec } from '../backend.ts'
import { EntryCodec } from './entry-codec.ts'
import { handlesOf } from './handles.ts'
import { layoutOf } from './layout.ts'
import { Averages } from './memory.ts'
import { Records } from './records.ts'
import type { KeyAndHash, TableGroup } from './row-finder.ts'
import { RowStore } from './row-store.ts'
import { keysOfShard } from './shard-keys.ts'
import { TimerCodec } from './timer-codec.ts'
import { TimerEntries } from './timer-entries.ts'
import { RowToucher, ROWS_WORTH_TOUCHING } from './touch.ts'

/** What the store below can do for a whole table. */
export interface TableSource {
  prefetch(keys: readonly unknown[], routeHashes: Int32Array, count: number): void
  keys(): Iterable<KeyAndHash>
}

export class KeyedTable extends RowStore implements KeyedStateTable {
  readonly spec: OperatorStateSpec
  readonly handles: Readonly<Record<string, unknown>>
  readonly timers: TimerEntries
  readonly averages = new Averages()
  source: TableSource | undefined
  readonly #toucher = new RowToucher()

  constructor(spec: OperatorStateSpec, group: TableGroup) {
    const layout = layoutOf(spec.record, spec.descriptors)
    const records = new Records(layout)
    const codec = new EntryCodec(spec.record.id, layout, records)
    super(spec.keyType, layout, records, codec, group)
    this.spec = spec
    const timerCodec = new TimerCodec(spec.record.id, spec.record.uid, spec.timers ?? {})
    this.timers = new TimerEntries(this, timerCodec, spec.keyType, (keys, hashes, count) =>
      this.source?.prefetch(keys, hashes, count),
    )
    this.handles = handlesOf(this)
  }

  get prefetches(): boolean {
    return this.source !== undefined || this.rowCount >= ROWS_WORTH_TOUCHING
  }

  prefetch(keys: readonly unknown[], routeHashes: Int32Array, count: number): void {
    if (this.rowCount >= ROWS_WORTH_TOUCHING) this.#toucher.touch(this, routeHashes, count)
    this.source?.prefetch(keys, routeHashes, count)
  }

  *keys(): Generator<KeyAndHash> {
    this.expectOpen()
    if (this.source !== undefined) return yield* this.source.keys()
    for (let index = 0; index < this.shards.length; index++) yield* keysOfShard(this, index)
  }

  override reset(): void {
    super.reset()
    this.timers.reset()
  }
}
