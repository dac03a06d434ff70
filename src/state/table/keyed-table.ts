/** One operator's keyed state as its operator sees it: rows, handles and timers together. */
import { describeKey, routeHash } from '../../types/keys.ts'
import { MillraceError } from '../../errors.ts'
import type { ExpiryOutput, KeyedStateTable, NumberAdder, OperatorStateSpec } from '../backend.ts'
import type { ValueState } from '../handles.ts'
import type { ShreddedOperator } from '../sealed/subject.ts'
import { EntryCodec } from './entry-codec.ts'
import { Expiry, isMark } from './expiry.ts'
import { handlesOf } from './handles.ts'
import { textCharsMax } from './key-text.ts'
import { layoutOf } from './layout.ts'
import { Averages } from './memory.ts'
import { RowNumberAdder } from './number-adder.ts'
import { Records } from './records.ts'
import type { KeyAndHash } from './row-source.ts'
import type { TableGroup } from './table-group.ts'
import { RowStore } from './row-store.ts'
import type { Shard } from './shard.ts'
import { keysOfShard } from './shard-keys.ts'
import { TimerCodec } from './timer-codec.ts'
import { TimerEntries } from './timer-entries.ts'
import { RowToucher } from './touch.ts'

/** What the store below can do for a whole table. */
export interface TableSource {
  prefetch(keys: readonly unknown[], routeHashes: Int32Array, count: number): void
  keys(): Iterable<KeyAndHash>
}

/** With collections, so many times fewer rows are more than the processor's caches hold. */
const COLLECTIONS_AHEAD = 16

export class KeyedTable extends RowStore implements KeyedStateTable {
  readonly spec: OperatorStateSpec
  readonly handles: Readonly<Record<string, unknown>>
  readonly timers: TimerEntries
  readonly averages = new Averages()
  readonly expiry = new Expiry()
  checksHashes = false
  /** Whose its keys are, if its entries are to be sealed. */
  readonly shredded: ShreddedOperator | undefined
  source: TableSource | undefined
  readonly #toucher = new RowToucher()
  readonly #hasCollections: boolean
  readonly #rowsAhead: number
  readonly #processingTime: (() => number) | undefined

  constructor(spec: OperatorStateSpec, group: TableGroup, processingTime?: () => number) {
    const layout = layoutOf(spec.record, spec.descriptors, group.isWhole)
    const records = new Records(layout)
    const codec = new EntryCodec(spec.record, layout, records)
    super(spec.keyType, layout, records, codec, group)
    this.#processingTime = processingTime
    this.#hasCollections = layout.collections.length > 0
    const { rowsAhead } = group.shards
    this.#rowsAhead = this.#hasCollections ? rowsAhead / COLLECTIONS_AHEAD : rowsAhead
    this.spec = spec
    const { shredBy: subjectOf } = spec
    this.shredded = subjectOf && { uid: spec.record.uid, subjectOf }
    const timerCodec = new TimerCodec(spec.record, spec.timers ?? {})
    this.timers = new TimerEntries(this, timerCodec, spec.keyType, (keys, hashes, count) =>
      this.source?.prefetch(keys, hashes, count),
    )
    const { timers } = this
    const currentKey = (): unknown => this.currentKey
    this.handles = handlesOf(this, { timers, currentKey, processingTime }, this.expiry)
  }

  set expiryOutput(output: ExpiryOutput) {
    this.expiry.output = output
  }

  /** How long state that has expired waits to be freed, at most. */
  get expiryLagMs(): number {
    if (!this.expiry.isNeeded) return 0
    const { timers } = this
    const lagOf = (now: number, next: number): number =>
      Number.isFinite(now) && next > 0 ? Math.max(0, now - next) : 0
    return Math.max(
      lagOf(timers.currentWatermark, timers.nextTime('event-time')),
      lagOf(this.#processingTime?.() ?? 0, timers.nextTime('processing-time')),
    )
  }

  fireMark(key: unknown, routeHash: number, name: string, time: number): boolean {
    if (!isMark(name)) return false
    this.select(key, routeHash)
    this.expiry.fire(name, time)
    return true
  }

  get prefetches(): boolean {
    if (this.group.isRestoring) return false // a batch of look-ups in runs would take too long
    return this.source !== undefined || this.rowCount >= this.#rowsAhead
  }

  prefetch(keys: readonly unknown[], routeHashes: Int32Array, count: number): void {
    if (this.rowCount >= this.#rowsAhead) {
      // The first tells of all, mostly.
      const ahead = this.#liesInRow(keys[0]) ? this.ahead : undefined
      if (ahead !== undefined) ahead.look(this, routeHashes, count)
      else this.#toucher.touch(this, routeHashes, count)
      if (this.#hasCollections) this.#toucher.touchCollections(this, routeHashes, count, ahead)
    }
    this.source?.prefetch(keys, routeHashes, count)
  }

  adderOf(state: string): NumberAdder | undefined {
    const scalar = this.layout.scalars.find(({ name }) => name === state)
    if (scalar === undefined || scalar.lane < 0 || scalar.stampLane >= 0) return undefined
    if (scalar.descriptor.kind !== 'value' || scalar.type.schema.kind !== 'float64')
      return undefined
    // A value state of numbers, as the caller says.
    const handle = this.handles[state] as ValueState<number, never>
    return new RowNumberAdder(this, scalar, handle, (keys, hashes, count) => {
      if (this.#liesInRow(keys[0])) this.source?.prefetch(keys, hashes, count)
      else this.prefetch(keys, hashes, count)
    })
  }

  #liesInRow(key: unknown): boolean {
    if (typeof key !== 'string') return typeof key === 'number'
    return key.length <= textCharsMax(this.stride - this.layout.keyLane)
  }

  *keys(): Generator<KeyAndHash> {
    this.expectOpen()
    if (this.source !== undefined) return yield* this.source.keys()
    for (let index = 0; index < this.shards.length; index++) yield* keysOfShard(this, index)
  }

  override create(): Shard {
    if (this.checksHashes && routeHash(this.currentKey) !== this.currentRouteHash) {
      const key = describeKey(this.currentKey)
      const message = `key ${key} was another one where its record was sent`
      throw new MillraceError('TYPE_MISMATCH', message, {
        cure: 'take the key only from what the type of the stream keeps of a record',
      })
    }
    return super.create()
  }

  override reset(): void {
    super.reset()
    this.timers.reset()
  }
}
