/**
 * The timers of a table as keyed state: registering and deleting mark a timer as changed in the
 * epoch, and a cut collects the changed ones of each key group. All timers are in memory; a
 * restored task finds its earliest one without looking at any key.
 */
import { Buffer } from 'node:buffer'
import { keysEqual, writeKey } from '../../types/keys.ts'
import type { Type } from '../../types/type.ts'
import {
  TimerHeap,
  TimerIndex,
  type Timer,
  type TimerDomain,
  type TimerListener,
} from '../../time/timers.ts'
import type { ByteWriter } from '../../util/bytes.ts'
import { required } from '../../util/assert.ts'
import type { TimerTable } from '../backend.ts'
import { keyGroupOf } from '../key-groups.ts'
import {
  beginTimeKey,
  DOMAIN_EVENT_TIME,
  DOMAIN_PROCESSING_TIME,
  SECTION_TIMERS,
  writeEscaped,
} from '../runs/entry.ts'
import type { TimeKey } from '../runs/entry-key.ts'
import { FLAG_POINT_TOMBSTONE, writeHeader } from '../runs/entry-value.ts'
import { EntryBuffer, type SortedEntries } from './entry-buffer.ts'
import type { RowStore } from './row-store.ts'
import { ENTRIES_PER_PART, type TableCut } from './table-cut.ts'

const DOMAINS = ['event-time', 'processing-time'] as const
const PREFETCH_TIMERS_MAX = 256
const CHANGES_FIRST_MAX = 64

class KeyedTimer implements Timer {
  heapIndex = -1
  nextAlike: Timer | undefined
  epoch = 0
  /** An earlier run may hold it. */
  isBelow = false
  isListed = false
  readonly time: number
  readonly key: unknown
  readonly routeHash: number
  readonly name: string
  readonly domain: TimerDomain

  constructor(domain: TimerDomain, key: unknown, routeHash: number, time: number, name: string) {
    this.domain = domain
    this.key = key
    this.routeHash = routeHash
    this.time = time
    this.name = name
  }

  get isSet(): boolean {
    return this.heapIndex >= 0
  }
}

/** What changed in one key group since the newest complete checkpoint. */
class ChangedTimers {
  list: KeyedTimer[] = []
  #max = CHANGES_FIRST_MAX

  add(timer: KeyedTimer): void {
    if (this.list.length >= this.#max) {
      this.list = this.list.filter(({ isSet, isBelow }) => isSet || isBelow)
      this.#max = Math.max(CHANGES_FIRST_MAX, 2 * this.list.length)
    }
    this.list.push(timer)
  }
}

class DomainTimers {
  readonly heap = new TimerHeap<KeyedTimer>()
  /** Timers that are set, and deleted ones whose tombstone is still needed. */
  readonly index = new TimerIndex<KeyedTimer>(keysEqual)
}

export class TimerEntries implements TimerTable {
  currentWatermark = Number.NEGATIVE_INFINITY
  currentProcessingTime = Number.NEGATIVE_INFINITY
  readonly #store: RowStore
  readonly #operatorId: number
  readonly #keyType: Type<unknown>
  readonly #event = new DomainTimers()
  readonly #processing = new DomainTimers()
  /** By key group, from the first on. */
  readonly #changed: readonly ChangedTimers[]
  /** Brings the rows of these keys into memory, if that is worth while. */
  readonly #prefetch: (timers: readonly Timer[]) => void

  constructor(
    store: RowStore,
    operatorId: number,
    keyType: Type<unknown>,
    prefetch: (timers: readonly Timer[]) => void,
  ) {
    this.#store = store
    this.#operatorId = operatorId
    this.#keyType = keyType
    this.#prefetch = prefetch
    const { start, end } = store.group.keyGroups
    this.#changed = Array.from({ length: end - start + 1 }, () => new ChangedTimers())
  }

  get groupCount(): number {
    return this.#changed.length
  }

  /** Timers that are set. */
  get size(): number {
    return this.#event.heap.size + this.#processing.heap.size
  }

  register(domain: TimerDomain, time: number, name: string): void {
    const key = this.#store.currentKey
    this.#set(domain, key, this.#store.currentRouteHash, time + 0, name) // −0 is 0
  }

  delete(domain: TimerDomain, time: number, name: string): void {
    const hash = this.#store.currentRouteHash
    const timers = this.#of(domain)
    const timer = timers.index.get(this.#store.currentKey, hash, time + 0, name)
    if (timer?.isSet === true) this.#unset(timers, timer)
  }

  nextTime(domain: TimerDomain): number {
    return this.#of(domain).heap.first?.time ?? Number.POSITIVE_INFINITY
  }

  advance(domain: TimerDomain, time: number, limit: number, onTimer: TimerListener): boolean {
    const timers = this.#of(domain)
    if (domain === 'event-time') this.currentWatermark = Math.max(this.currentWatermark, time)
    else this.currentProcessingTime = Math.max(this.currentProcessingTime, time)
    let fired = 0
    for (;;) {
      const timer = timers.heap.first
      if (timer === undefined || timer.time > time) return false
      if (fired === limit) return true
      if (fired % PREFETCH_TIMERS_MAX === 0) {
        this.#prefetch(timers.heap.due(time, Math.min(PREFETCH_TIMERS_MAX, limit - fired)))
      }
      this.#unset(timers, timer)
      fired++
      onTimer(domain, timer.key, timer.routeHash, timer.time, timer.name)
    }
  }

  restoreWatermark(watermark: number): void {
    this.currentWatermark = watermark
  }

  /** Adds a timer as an earlier run holds it. */
  restore({ domain, key, timeMs, name }: TimeKey, routeHash: number): void {
    const which = required(DOMAINS[domain], `time domain ${domain}`)
    const timer = this.#add(which, this.#keyType.isolate(key), routeHash, timeMs, utf8(name))
    timer.isBelow = true
    this.#of(which).heap.add(timer)
  }

  /** Adds the timers of a key group that a cut holds to `parts`; each yield is a pause. */
  *collect(
    cut: TableCut,
    group: number,
    confirmedEpoch: number,
    parts: SortedEntries[],
  ): Generator<undefined> {
    const changed = required(this.#changed[group], `key group ${group} of timers`)
    const { list } = changed // what is listed meanwhile changed after the cut
    if (list.length === 0 && !cut.hasTimerImages(group)) {
      cut.nextTimerGroup = group + 1
      return
    }
    let buffer = new EntryBuffer()
    const isLong = list.length > ENTRIES_PER_PART
    for (const timer of list) {
      if (!cut.needsTimer(timer, group)) continue
      if (isLong) cut.collected.add(timer)
      this.#encode(buffer, timer, group)
      if (buffer.count < ENTRIES_PER_PART) continue
      parts.push(buffer.sorted())
      buffer = new EntryBuffer()
      yield undefined
    }
    if (buffer.count > 0) parts.push(buffer.sorted())
    cut.nextTimerGroup = group + 1
    cut.collected.clear()
    if (cut.hasTimerImages(group)) yield* cut.takeTimerImages(group, parts)
    changed.list = changed.list.filter((timer) => {
      if (timer.epoch > confirmedEpoch) return true
      this.#settle(timer)
      return false
    })
  }

  reset(): void {
    for (const { heap, index } of [this.#event, this.#processing]) {
      heap.clear()
      index.clear()
    }
    for (const changed of this.#changed) changed.list = []
    this.currentWatermark = Number.NEGATIVE_INFINITY
    this.currentProcessingTime = Number.NEGATIVE_INFINITY
  }

  #of(domain: TimerDomain): DomainTimers {
    return domain === 'event-time' ? this.#event : this.#processing
  }

  #set(domain: TimerDomain, key: unknown, hash: number, time: number, name: string): void {
    const timers = this.#of(domain)
    const timer =
      timers.index.get(key, hash, time, name) ?? this.#add(domain, key, hash, time, name)
    if (timer.isSet) return
    this.#touch(timer)
    timers.heap.add(timer)
  }

  #unset(timers: DomainTimers, timer: KeyedTimer): void {
    this.#touch(timer)
    timers.heap.remove(timer)
    if (!timer.isBelow) timers.index.remove(timer)
  }

  #add(domain: TimerDomain, key: unknown, hash: number, time: number, name: string): KeyedTimer {
    const timer = new KeyedTimer(domain, key, hash, time, name)
    this.#of(domain).index.add(timer)
    return timer
  }

  #groupOf(timer: KeyedTimer): number {
    const { keyGroups, maxParallelism } = this.#store.group
    return keyGroupOf(timer.routeHash, maxParallelism) - keyGroups.start
  }

  /** Before a timer is set or deleted. */
  #touch(timer: KeyedTimer): void {
    const group = this.#groupOf(timer)
    if (this.#store.cuts.isNeeded) {
      this.#store.cuts.eachTimerCut(timer, group, (buffer) => {
        this.#encode(buffer, timer, group)
      })
    }
    if (timer.epoch !== this.#store.epoch) this.#store.group.dirtyEntries++
    timer.epoch = this.#store.epoch
    if (timer.isListed) return
    timer.isListed = true
    required(this.#changed[group], `key group ${group} of timers`).add(timer)
  }

  /** No unconfirmed cut holds the timer any more. */
  #settle(timer: KeyedTimer): void {
    timer.isListed = false
    const { index } = this.#of(timer.domain)
    if (timer.isSet || !timer.isBelow) return
    timer.isBelow = false
    index.remove(timer)
  }

  #encode(into: EntryBuffer, timer: KeyedTimer, group: number): void {
    if (!timer.isSet && !timer.isBelow) return
    into.beginEntry()
    this.#writeKey(into.out, timer, group)
    into.beginValue()
    writeHeader(into.out, timer.isSet ? 0 : FLAG_POINT_TOMBSTONE, 0)
    into.endEntry()
    if (timer.isSet) timer.isBelow = true
  }

  #writeKey(out: ByteWriter, timer: KeyedTimer, group: number): void {
    const domain = timer.domain === 'event-time' ? DOMAIN_EVENT_TIME : DOMAIN_PROCESSING_TIME
    const keyGroup = this.#store.group.keyGroups.start + group
    beginTimeKey(out, SECTION_TIMERS, keyGroup, this.#operatorId, domain, timer.time)
    writeKey(timer.key, out)
    writeEscaped(out, Buffer.from(timer.name, 'utf8'))
  }
}

function utf8(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('utf8')
}
