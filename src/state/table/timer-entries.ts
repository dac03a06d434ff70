/**
 * The timers of a table as keyed state: registering and deleting mark a timer as changed in the
 * epoch, and a cut collects the changed ones of each key group. What memory has no room for lies
 * below; whatever comes first is always here, so a task finds its earliest timer at once.
 */
import { TIMER_BELOW, TIMER_RESTORED } from '../../time/timer-slots.ts'
import { TimerSet } from '../../time/timer-set.ts'
import {
  type KeyTimer,
  type PendingTimer,
  TIMER_DOMAINS,
  type TimerDomain,
  type TimerListener,
} from '../../time/timers.ts'
import { readIsolated } from '../../types/isolated.ts'
import type { Type } from '../../types/type.ts'
import { assert } from '../../util/assert.ts'
import type { TimerTable } from '../backend.ts'
import { DOMAIN_EVENT_TIME, DOMAIN_PROCESSING_TIME } from '../runs/entry.ts'
import type { TimeKey } from '../runs/entry-key.ts'
import { timerNameOf } from '../runs/timer-payload.ts'
import { GROWTH_PER_LOOK, isStrained } from './table-group.ts'
import type { RowStore } from './row-store.ts'
import { TimerChanges } from './timer-changes.ts'
import type { ColdTimer, TimerCodec } from './timer-codec.ts'
import type { TimerSource } from './timer-source.ts'
import { TimerSpread } from './timer-spread.ts'

const PREFETCH_TIMERS_MAX = 256

/** Brings the rows of keys into memory. */
export type PrefetchKeys = (
  keys: readonly unknown[],
  routeHashes: Int32Array,
  count: number,
) => void

export class TimerEntries implements TimerTable {
  currentWatermark = Number.NEGATIVE_INFINITY
  currentProcessingTime = Number.NEGATIVE_INFINITY
  readonly changes: TimerChanges
  readonly codec: TimerCodec
  readonly keyType: Type<unknown>
  readonly #store: RowStore
  readonly #sets: readonly [TimerSet, TimerSet] = [new TimerSet(), new TimerSet()]
  readonly #prefetch: PrefetchKeys
  readonly #spread: TimerSpread
  #below: TimerSource | undefined

  constructor(store: RowStore, codec: TimerCodec, keyType: Type<unknown>, prefetch: PrefetchKeys) {
    this.#store = store
    this.codec = codec
    this.keyType = keyType
    this.#prefetch = prefetch
    this.#spread = new TimerSpread(codec)
    this.changes = new TimerChanges(store, codec, this.#sets)
  }

  /** Timers in memory that are set. */
  get size(): number {
    return this.#sets[0].size + this.#sets[1].size
  }

  get below(): TimerSource | undefined {
    return this.#below
  }

  set below(below: TimerSource | undefined) {
    this.#below = below
    this.changes.below = below
  }

  register(domain: TimerDomain, time: number, name: string, payload?: unknown): void {
    const [key, hash, at] = [this.#store.currentKey, this.#store.currentRouteHash, time + 0] // −0
    const clock = numberOf(domain)
    const set = this.#sets[clock]
    const { slots } = set
    let slot = set.find(key, hash, at, name)
    if (slot >= 0 && slots.isSet(slot)) {
      if (payload === undefined && slots.payloadOf(slot) === undefined) return
      this.changes.touch(clock, slot)
      return slots.setPayload(slot, payload)
    }
    if (slot < 0) slot = this.#add(clock, key, hash, at, name)
    this.changes.touch(clock, slot)
    slots.setPayload(slot, payload)
    set.arm(slot, at)
    this.#countGrowth()
  }

  delete(domain: TimerDomain, time: number, name: string): void {
    const [key, hash, at] = [this.#store.currentKey, this.#store.currentRouteHash, time + 0]
    const clock = numberOf(domain)
    const set = this.#sets[clock]
    const slot = set.find(key, hash, at, name)
    if (slot >= 0) {
      if (set.slots.isSet(slot)) this.#unset(clock, slot)
    } else if (this.#mayLieBelow(clock, hash, at)) {
      this.changes.touch(clock, this.#add(clock, key, hash, at, name))
      this.#countGrowth()
    }
  }

  list(domain: TimerDomain, name: string): readonly KeyTimer[] {
    assert(this.codec.isDeclared(name), `timer "${name}" is not declared, and so not listed`)
    const [key, hash] = [this.#store.currentKey, this.#store.currentRouteHash]
    const clock = numberOf(domain)
    const set = this.#sets[clock]
    this.#below?.gather?.(clock, this.changes.groupOf(hash))
    const found: KeyTimer[] = []
    for (const slot of set.named(key, hash, name)) {
      found.push({ time: set.slots.timeOf(slot), payload: this.#payloadOf(set, slot) })
    }
    for (const timer of this.#below?.named(clock, key, hash, name) ?? []) {
      if (set.find(key, hash, timer.time, name) < 0) found.push(timer)
    }
    return found.sort((a, b) => a.time - b.time)
  }

  *pending(): Generator<PendingTimer> {
    for (const [clock, domain] of TIMER_DOMAINS.entries()) {
      const set = this.changes.set(clock)
      const { slots } = set
      this.#below?.gather?.(clock)
      for (let slot = 0; slot < slots.count; slot++) {
        if (!slots.isSet(slot)) continue
        const [key, routeHash] = [slots.keys[slot], slots.hashOf(slot)]
        const [time, name = ''] = [slots.timeOf(slot), slots.names[slot]]
        yield { domain, key, routeHash, time, name, payload: this.#payloadOf(set, slot) }
      }
      for (const timer of this.#below?.pending(clock) ?? []) {
        const { key, routeHash, time, name } = timer
        if (set.find(key, routeHash, time, name) < 0) yield { domain, ...timer }
      }
    }
  }

  nextTime(domain: TimerDomain): number {
    const clock = numberOf(domain)
    // Which timers are spread is reckoned from the first look at the clock.
    if (clock === DOMAIN_PROCESSING_TIME && this.#spread.isOpen) return Number.NEGATIVE_INFINITY
    return this.#first(clock) < 0 ? Number.POSITIVE_INFINITY : this.#sets[clock].heap.dueAt(0)
  }

  advance(domain: TimerDomain, time: number, limit: number, onTimer: TimerListener): boolean {
    const clock = numberOf(domain)
    const set = this.#sets[clock]
    const { slots, heap } = set
    if (clock === DOMAIN_EVENT_TIME) this.currentWatermark = Math.max(this.currentWatermark, time)
    else this.#tick(time)
    for (let fired = 0; ; fired++) {
      const slot = this.#first(clock)
      if (slot < 0) set.tidy()
      if (slot < 0 || heap.dueAt(0) > time) return false
      if (fired === limit || (fired > 0 && isStrained(this.#store.group))) return true
      if (fired % PREFETCH_TIMERS_MAX === 0) this.#prefetchDue(set, time, limit - fired)
      const [key, hash] = [slots.keys[slot], slots.hashOf(slot)]
      const [at, name = ''] = [slots.timeOf(slot), slots.names[slot]]
      const payload = slots.payloads === undefined ? undefined : this.#payloadOf(set, slot)
      this.changes.touch(clock, slot)
      set.takeFirst(slot)
      this.#afterUnset(set, slot)
      onTimer(domain, key, hash, at, name, payload)
    }
  }

  restoreWatermark(watermark: number): void {
    this.currentWatermark = watermark
  }

  /** Adds a timer as an earlier run holds it; `payload` are the bytes behind its header. */
  restore(
    { domain, key, timeMs, name: nameBytes }: TimeKey,
    routeHash: number,
    payload: Uint8Array,
  ): void {
    const name = timerNameOf(nameBytes)
    if (domain === DOMAIN_PROCESSING_TIME) this.#spread.restored()
    const timer = { key, routeHash, time: timeMs, name }
    if (this.#below?.isFull === true) return this.#below.restore(domain, timer, payload)
    this.revive(domain, timer, payload)
  }

  /** Timers of an earlier run will come by `revive`, some time. */
  expectRestored(): void {
    this.#spread.restored()
  }

  /** Sets a timer that runs, or the store below, hold just so. */
  revive(domain: number, timer: ColdTimer, payload: Uint8Array): void {
    const { routeHash, time, name } = timer
    const set = this.changes.set(domain)
    const { slots } = set
    const key = this.keyType.isolate(timer.key)
    const slot = set.add(key, routeHash, time, name, this.codec.isDeclared(name))
    slots.setFlags(slot, slots.flagsOf(slot) | TIMER_BELOW | TIMER_RESTORED)
    slots.setPayload(slot, this.codec.readPayload(payload, name))
    set.arm(slot, this.dueOf(domain, slot))
  }

  /** When a timer is to fire, which is its time unless it is spread. */
  dueOf(domain: number, slot: number): number {
    const { slots } = this.changes.set(domain)
    return domain === DOMAIN_EVENT_TIME ? slots.timeOf(slot) : this.#spread.dueOf(slots, slot)
  }

  reset(): void {
    for (const set of this.#sets) set.clear()
    this.changes.reset()
    this.#spread.reset()
    this.currentWatermark = Number.NEGATIVE_INFINITY
    this.currentProcessingTime = Number.NEGATIVE_INFINITY
  }

  /** The slot of the first timer, here or below; -1 if there is none. */
  #first(clock: number): number {
    const set = this.changes.set(clock)
    for (;;) {
      const slot = set.first()
      const below = this.#below
      if (below === undefined) return slot
      // Memory that holds nothing is beyond all timers, also those at the end of time.
      const due = slot < 0 ? Number.POSITIVE_INFINITY : set.heap.dueAt(0)
      const hash = slot < 0 ? Number.POSITIVE_INFINITY : set.heap.hashAt(0)
      if (!below.comesBefore(clock, due, hash)) return slot
      below.refill(clock)
    }
  }

  #tick(now: number): void {
    this.currentProcessingTime = Math.max(this.currentProcessingTime, now)
    if (!this.#spread.isOpen) return
    this.#spread.close(now)
    this.#sets[DOMAIN_PROCESSING_TIME].reschedule((slot) => {
      return this.dueOf(DOMAIN_PROCESSING_TIME, slot)
    })
  }

  #add(clock: Clock, key: unknown, hash: number, time: number, name: string): number {
    const set = this.#sets[clock]
    const slot = set.add(key, hash, time, name, this.codec.isDeclared(name))
    if (this.#mayLieBelow(clock, hash, time)) {
      set.slots.setFlags(slot, set.slots.flagsOf(slot) | TIMER_BELOW)
    }
    return slot
  }

  #mayLieBelow(clock: Clock, hash: number, time: number): boolean {
    return this.#below?.mayHold(clock, this.changes.groupOf(hash), time, hash) === true
  }

  #unset(clock: Clock, slot: number): void {
    const set = this.#sets[clock]
    this.changes.touch(clock, slot)
    set.disarm(slot)
    this.#afterUnset(set, slot)
  }

  #afterUnset(set: TimerSet, slot: number): void {
    set.slots.setPayload(slot, undefined)
    if ((set.slots.flagsOf(slot) & TIMER_BELOW) === 0) set.forget(slot)
  }

  #payloadOf({ slots }: TimerSet, slot: number): unknown {
    const payload = slots.payloadOf(slot)
    const type = payload === undefined ? undefined : this.codec.payloadType(slots.names[slot] ?? '')
    return type === undefined ? payload : readIsolated(type, payload)
  }

  #prefetchDue({ heap, slots }: TimerSet, time: number, limit: number): void {
    if (this.#store.below === undefined) return
    const due = heap
      .due(time, Math.min(PREFETCH_TIMERS_MAX, limit))
      .map((index) => heap.slotAt(index))
      .filter((slot) => slots.isSet(slot))
    const hashes = Int32Array.from(due, (slot) => slots.hashOf(slot))
    this.#prefetch(
      due.map((slot) => slots.keys[slot]),
      hashes,
      due.length,
    )
  }

  /** Has memory looked at after so many additions. */
  #countGrowth(): void {
    if (this.#below === undefined) return
    if (++this.#store.group.growth >= GROWTH_PER_LOOK) this.#store.lookAfter()
  }
}

type Clock = typeof DOMAIN_EVENT_TIME | typeof DOMAIN_PROCESSING_TIME

function numberOf(domain: TimerDomain): Clock {
  return domain === 'event-time' ? DOMAIN_EVENT_TIME : DOMAIN_PROCESSING_TIME
}
