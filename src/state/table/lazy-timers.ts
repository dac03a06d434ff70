/**
 * The timers of one table while its state is not loaded yet. They lie in the runs, in order of time
 * within their key group, so the first of them are found without a look at the others: they come
 * into memory in slices, when the first of a slice may be the next to fire. What memory knows of a
 * timer is newer than what a run says; what it knew and may forget is noted here.
 */
import type { KeyTimer } from '../../time/timers.ts'
import { routeHash } from '../../types/keys.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { beginKey, endOfPrefix, SECTION_TIMERS } from '../runs/entry.ts'
import { readTimeKey, TIME_HEAD_BYTES, type TimeKey } from '../runs/entry-key.ts'
import { EntryHeader } from '../runs/entry-value.ts'
import type { RunLookups } from '../runs/run-lookups.ts'
import { timerNameOf } from '../runs/timer-payload.ts'
import type { KeyedTable } from './keyed-table.ts'
import type { RestoredMarks } from './restored-marks.ts'
import type { ColdTimer } from './timer-codec.ts'
import { TimerFrontiers } from './timer-frontiers.ts'
import type { TimerSource } from './timer-source.ts'

const CLOCKS = [0, 1] as const
/** Before all timers of a time, whatever their hash: runs know no order by hash. */
const ANY_HASH = Number.NEGATIVE_INFINITY

export class LazyTimers implements TimerSource {
  readonly #table: KeyedTable
  readonly #lookups: RunLookups
  readonly #marks: RestoredMarks
  /** What lies below memory, if anything does. */
  readonly inner: TimerSource | undefined
  readonly #frontiers: readonly TimerFrontiers[]
  /** By clock and group: where the next slice begins. */
  readonly #positions: (Uint8Array | undefined)[][] = [[], []]
  /** Run keys of timers that are still ahead in the runs and were deleted since. */
  readonly #deleted = new Set<string>()
  readonly #groups: number
  /** Brought into memory at once, besides those of the same time as the last of them. */
  readonly #sliceTimers: number
  readonly #out = new ByteWriter()
  readonly #value = new ByteReader(new Uint8Array(0))
  readonly #header = new EntryHeader()
  #isOpen = false

  constructor(
    table: KeyedTable,
    lookups: RunLookups,
    marks: RestoredMarks,
    inner: TimerSource | undefined,
    sliceTimers: number,
  ) {
    this.#sliceTimers = sliceTimers
    this.#table = table
    this.#lookups = lookups
    this.#marks = marks
    this.inner = inner
    this.#groups = table.timers.changes.groupCount
    this.#frontiers = CLOCKS.map(() => new TimerFrontiers(this.#groups))
    table.timers.expectRestored()
  }

  get isFull(): boolean {
    return this.inner?.isFull === true
  }

  restore(domain: number, timer: ColdTimer, payload: Uint8Array): void {
    this.inner?.restore(domain, timer, payload)
  }

  mayHold(domain: number, group: number, time: number, hash: number): boolean {
    if (this.#of(domain).mayHold(group, time, hash)) return true
    return this.inner?.mayHold(domain, group, time, hash) === true
  }

  comesBefore(domain: number, time: number, hash: number): boolean {
    return this.#isNext(domain, time, hash) || this.inner?.comesBefore(domain, time, hash) === true
  }

  refill(domain: number): void {
    const frontiers = this.#of(domain)
    const { first } = frontiers
    const isEmpty = frontiers.isNowhere(first)
    if (isEmpty || this.inner?.comesBefore(domain, frontiers.timeOf(first), ANY_HASH) === true) {
      this.inner?.refill(domain)
    } else this.#take(domain, first)
  }

  gather(domain: number, group?: number): void {
    for (let each = group ?? 0; each < (group ?? this.#groups - 1) + 1; each++) {
      while (!this.#of(domain).isNowhere(each)) this.#take(domain, each)
    }
    this.inner?.gather?.(domain, group)
  }

  named(domain: number, key: unknown, routeHash: number, name: string): Iterable<KeyTimer> {
    return this.inner?.named(domain, key, routeHash, name) ?? []
  }

  pending(domain: number): Iterable<ColdTimer & KeyTimer> {
    return this.inner?.pending(domain) ?? []
  }

  discard(domain: number, slot: number, group: number): void {
    const { slots } = this.#table.timers.changes.set(domain)
    const [time, hash] = [slots.timeOf(slot), slots.hashOf(slot)]
    if (this.#of(domain).mayHold(group, time, hash)) {
      const keyGroup = this.#table.group.keyGroups.start + group
      const timer = { time, key: slots.keys[slot], name: slots.names[slot] ?? '' }
      this.#out.reset()
      this.#table.timers.codec.writeRunKey(this.#out, keyGroup, domain, timer)
      this.#deleted.add(this.#out.view().toString('latin1'))
    }
    this.inner?.discard(domain, slot, group)
  }

  flush(): void {
    this.inner?.flush()
  }

  /** Brings all timers of a key group into memory, or below; each yield is a pause. */
  *load(group: number): Generator<undefined> {
    for (const domain of CLOCKS) {
      while (!this.#of(domain).isNowhere(group)) {
        this.#take(domain, group)
        yield undefined
      }
    }
  }

  /** True if a timer in the runs may come before one in memory, or be it. */
  #isNext(domain: number, time: number, hash: number): boolean {
    const frontiers = this.#of(domain)
    return !frontiers.isNowhere(frontiers.first) && frontiers.mayHold(frontiers.first, time, hash)
  }

  /** The frontiers of a clock; the first timers are looked for when somebody asks. */
  #of(domain: number): TimerFrontiers {
    if (!this.#isOpen) {
      this.#isOpen = true
      for (let group = 0; group < this.#groups; group++) this.#findFirst(group)
    }
    return this.#frontiers[domain] as TimerFrontiers // clocks are 0 and 1
  }

  #findFirst(group: number): void {
    const first = firstOf(this.#lookups.range(this.#prefix(group), this.#end(group)))
    if (first === undefined) return
    const { domain } = readTimeKey(first.key)
    this.#advance(domain, group, first)
    if (domain !== 0) return
    const next = firstOf(this.#lookups.range(this.#prefix(group, 1), this.#end(group)))
    if (next !== undefined) this.#advance(1, group, next)
  }

  /** The next slice of a clock and group begins with this entry. */
  #advance(domain: number, group: number, { key }: Entry): void {
    const frontiers = this.#frontiers[domain] as TimerFrontiers // clocks are 0 and 1
    const positions = this.#positions[domain] as (Uint8Array | undefined)[] // as above
    const isFirst = positions[group] === undefined
    // All of a time come into memory together, so none of it lies before this one.
    positions[group] = Uint8Array.prototype.slice.call(key, 0, TIME_HEAD_BYTES)
    const { timeMs } = readTimeKey(key)
    if (isFirst) frontiers.lower(group, timeMs, ANY_HASH)
    else frontiers.raise(group, timeMs, ANY_HASH)
  }

  #take(domain: number, group: number): void {
    const from = this.#positions[domain]?.[group] ?? this.#prefix(group, domain)
    const end = domain === 0 ? this.#prefix(group, 1) : this.#end(group)
    let count = 0
    let lastMs = Number.NaN
    for (const entry of this.#lookups.range(from, end)) {
      const parts = readTimeKey(entry.key)
      if (count >= this.#sliceTimers && parts.timeMs !== lastMs) {
        return this.#advance(domain, group, entry)
      }
      this.#place(parts, entry)
      lastMs = parts.timeMs
      count++
    }
    this.#of(domain).clear(group)
  }

  #place(parts: TimeKey, entry: Entry): void {
    if (this.#deleted.size > 0) {
      const { buffer, byteOffset, byteLength } = entry.key
      const id = Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
      if (this.#deleted.delete(id)) return
    }
    const { timers } = this.#table
    const { domain, key, timeMs: time } = parts
    const [hash, name] = [routeHash(key), timerNameOf(parts.name)]
    const { schemaId } = this.#header.read(this.#value.reset(entry.value))
    const bytes = this.#value.raw(this.#value.remaining)
    const payload = timers.codec.currentPayload(bytes, name, schemaId)
    const isKnown = timers.changes.set(domain).find(key, hash, time, name) >= 0
    if (!isKnown) {
      const timer = { key, routeHash: hash, time, name }
      if (this.isFull) this.restore(domain, timer, payload)
      else timers.revive(domain, timer, payload)
    }
    this.#marks.seeTimer(this.#table, parts)
  }

  #prefix(group: number, domain?: number): Buffer {
    const { group: shared, spec } = this.#table
    this.#out.reset()
    beginKey(this.#out, shared.keyGroups.start + group, spec.record.id, SECTION_TIMERS)
    if (domain !== undefined) this.#out.uint8(domain)
    return this.#out.copy()
  }

  #end(group: number): Buffer {
    return endOfPrefix(this.#prefix(group))
  }
}

function firstOf(entries: Iterable<Entry>): Entry | undefined {
  for (const entry of entries) return entry
  return undefined
}
