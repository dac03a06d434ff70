/**
 * Which timers changed, by clock and key group, and how they become entries of cuts. Every change
 * carries its epoch; what a pending cut still needs as it was is encoded before the next change.
 */
import type { TimerSet } from '../../time/timer-set.ts'
import { TIMER_BELOW, TIMER_LISTED, TIMER_RESTORED, TIMER_SET } from '../../time/timer-slots.ts'
import { required } from '../../util/assert.ts'
import { keyGroupOf } from '../key-groups.ts'
import { FLAG_POINT_TOMBSTONE, writeHeader } from '../runs/entry-value.ts'
import { EntryBuffer, type SortedEntries } from './entry-buffer.ts'
import type { RowStore } from './row-store.ts'
import { ENTRIES_PER_PART, type TableCut } from './table-cut.ts'
import type { TimerCodec } from './timer-codec.ts'
import type { TimerSource } from './timer-source.ts'

/** Few: each key group has a list, and what has fired takes room as long as it is listed. */
const LIST_FIRST_MAX = 16
/** What a timer may still be needed for. */
const HOLDS = TIMER_SET | TIMER_BELOW

interface ChangedList {
  slots: number[]
  /** When it is longer, what needs no entry leaves it. */
  max: number
}

export class TimerChanges {
  /** By the number of their clock. */
  readonly sets: readonly TimerSet[]
  readonly codec: TimerCodec
  readonly groupCount: number
  below: TimerSource | undefined
  readonly #store: RowStore
  readonly #lists: readonly (ChangedList | undefined)[][]

  constructor(store: RowStore, codec: TimerCodec, sets: readonly TimerSet[]) {
    this.#store = store
    this.codec = codec
    this.sets = sets
    const { start, end } = store.group.keyGroups
    this.groupCount = end - start + 1
    this.#lists = sets.map(() => [])
  }

  /** From the table's first key group on. */
  groupOf(routeHash: number): number {
    const { keyGroups, maxParallelism } = this.#store.group
    return keyGroupOf(routeHash, maxParallelism) - keyGroups.start
  }

  set(domain: number): TimerSet {
    return required(this.sets[domain], 'a clock of this table')
  }

  /** Before a timer is set, deleted or given another payload. */
  touch(domain: number, slot: number): void {
    const { slots } = this.set(domain)
    const group = this.groupOf(slots.hashOf(slot))
    this.preserve(domain, slot, group)
    const { epoch } = this.#store
    if (slots.epochOf(slot) !== epoch) this.#store.group.dirtyEntries++
    slots.setEpoch(slot, epoch)
    const flags = slots.flagsOf(slot) & ~TIMER_RESTORED
    slots.setFlags(slot, flags | TIMER_LISTED)
    if ((flags & TIMER_LISTED) === 0) this.#list(domain, slot, group)
  }

  /** Encodes a timer for the cuts that need it as it is. */
  preserve(domain: number, slot: number, group: number): void {
    const { cuts } = this.#store
    if (!cuts.isNeeded) return
    const { slots } = this.set(domain)
    cuts.eachTimerCut(slots.epochOf(slot), slots.imagedOf(slot), group, (cut) => {
      slots.setImaged(slot, cut.epoch)
      this.encode(cut.timerImages(group), domain, slot, group)
    })
  }

  /** True if a cut holds nothing of a key group. */
  isOutside(cut: TableCut, group: number): boolean {
    for (const lists of this.#lists) {
      if ((lists[group]?.slots.length ?? 0) > 0) return false
    }
    return !cut.hasTimerImages(group)
  }

  /** A key group of which a cut holds nothing: the same as `collect`, without entries or pauses. */
  pass(cut: TableCut, group: number): void {
    cut.nextTimerGroup = group + 1
    for (const set of this.sets) set.tidy()
    this.below?.flush()
  }

  /** Adds the entries of a key group that a cut holds to `parts`; each yield is a pause. */
  *collect(
    cut: TableCut,
    group: number,
    confirmedEpoch: number,
    parts: SortedEntries[],
  ): Generator<undefined> {
    for (const domain of this.sets.keys()) yield* this.#collectClock(cut, domain, group, parts)
    cut.nextTimerGroup = group + 1
    if (cut.hasTimerImages(group)) yield* cut.takeTimerImages(group, parts)
    for (const domain of this.sets.keys()) {
      this.#sweep(domain, group, (slot, epoch) => {
        if (epoch > confirmedEpoch) return true
        this.#settle(domain, slot, group)
        return false
      })
    }
    for (const set of this.sets) set.tidy()
    this.below?.flush()
  }

  /** Takes off the lists what became of no account. */
  prune(domain: number): void {
    for (let group = 0; group < this.groupCount; group++) this.#sweep(domain, group, () => true)
  }

  /** Deleted timers whose tombstones are still to be written, at most `limit`. */
  *tombstones(domain: number, limit: number): Generator<number> {
    const { slots } = this.set(domain)
    let found = 0
    for (let group = 0; group < this.groupCount && found < limit; group++) {
      for (const slot of this.#lists[domain]?.[group]?.slots ?? []) {
        if ((slots.flagsOf(slot) & HOLDS) !== TIMER_BELOW) continue
        yield slot
        if (++found === limit) return
      }
    }
  }

  /** Adds a timer, or its tombstone; nothing if it is gone and no run has it. */
  encode(into: EntryBuffer, domain: number, slot: number, group: number): void {
    const { slots } = this.set(domain)
    const flags = slots.flagsOf(slot)
    if ((flags & HOLDS) === 0) return
    const isSet = (flags & TIMER_SET) !== 0
    const name = slots.names[slot] ?? ''
    into.beginEntry()
    const keyGroup = this.#store.group.keyGroups.start + group
    const timer = { time: slots.timeOf(slot), key: slots.keys[slot], name }
    this.codec.writeRunKey(into.out, keyGroup, domain, timer)
    into.beginValue()
    if (isSet) writeHeader(into.out, 0, this.codec.schemaId)
    else writeHeader(into.out, FLAG_POINT_TOMBSTONE, 0)
    if (isSet) this.codec.writePayload(into.out, name, slots.payloadOf(slot))
    into.endEntry()
    if (isSet) slots.setFlags(slot, flags | TIMER_BELOW)
  }

  reset(): void {
    for (const lists of this.#lists) lists.length = 0
  }

  *#collectClock(
    cut: TableCut,
    domain: number,
    group: number,
    parts: SortedEntries[],
  ): Generator<undefined> {
    const { slots } = this.set(domain)
    const listed = this.#lists[domain]?.[group]?.slots ?? []
    if (listed.length === 0) return
    let buffer = new EntryBuffer()
    // What is listed meanwhile changed after the cut; so did what a slot is used for again.
    for (const slot of listed) {
      if (!cut.needsTimer(slots.epochOf(slot), slots.imagedOf(slot), group)) continue
      slots.setImaged(slot, cut.epoch)
      this.encode(buffer, domain, slot, group)
      if (buffer.count < ENTRIES_PER_PART) continue
      parts.push(buffer.sorted())
      buffer = new EntryBuffer()
      yield undefined
    }
    if (buffer.count > 0) parts.push(buffer.sorted())
  }

  #list(domain: number, slot: number, group: number): void {
    const lists = required(this.#lists[domain], 'a clock of this table')
    const list = (lists[group] ??= { slots: [], max: LIST_FIRST_MAX })
    list.slots.push(slot)
    if (list.slots.length <= list.max) return
    this.#sweep(domain, group, () => true, slot)
    list.max = Math.max(LIST_FIRST_MAX, 2 * list.slots.length)
  }

  /** Goes through a list; what holds nothing any more leaves it anyway, except for `current`. */
  #sweep(
    domain: number,
    group: number,
    isKept: (slot: number, epoch: number) => boolean,
    current = -1,
  ): void {
    const list = this.#lists[domain]?.[group]
    if (list === undefined || list.slots.length === 0) return
    const { slots } = this.set(domain)
    list.slots = list.slots.filter((slot) => {
      if (slot === current) return true
      if ((slots.flagsOf(slot) & HOLDS) !== 0 && isKept(slot, slots.epochOf(slot))) return true
      slots.setFlags(slot, slots.flagsOf(slot) & ~TIMER_LISTED)
      slots.release(slot)
      return false
    })
  }

  /** No unconfirmed cut holds the timer any more. */
  #settle(domain: number, slot: number, group: number): void {
    const set = this.set(domain)
    const flags = set.slots.flagsOf(slot)
    if ((flags & TIMER_SET) !== 0) return
    this.below?.discard(domain, slot, group)
    set.slots.setFlags(slot, flags & ~TIMER_BELOW)
    set.forget(slot)
  }
}
