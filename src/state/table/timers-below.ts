/**
 * The timers of one table that memory has no room for: they lie in the store below, in the order in
 * which they fire; see `cold-timers.ts`. A timer lies here or there, never in both. Before memory
 * fires anything beyond the first frontier, a slice from there is fetched. What memory knows of a
 * timer, set or deleted, is always newer than what may lie below of it.
 */
import type { KeyTimer } from '../../time/timers.ts'
import { TIMER_BELOW } from '../../time/timer-slots.ts'
import type { TimerSet } from '../../time/timer-set.ts'
import { required } from '../../util/assert.ts'
import type { ColdStore } from '../cold-store.ts'
import { ColdTimers } from './cold-timers.ts'
import { EntryBuffer } from './entry-buffer.ts'
import type { Spill } from './spill.ts'
import type { TimerChanges } from './timer-changes.ts'
import type { ColdTimer, TimerCodec } from './timer-codec.ts'
import type { TimerEntries } from './timer-entries.ts'
import type { TimerSource } from './timer-source.ts'

/** What a timer takes up in memory, about. */
const TIMER_BYTES = 128
/** Fetched at once of a key group. */
const REFILL_MIN = 16
const REFILL_MAX = 256
/** Let go at once: from the last quarter, so many at most. */
const KEPT_SHARE = 0.75
const EVICTED_MAX = 1024
/** So few are not worth it: of those that are set, and of those that are deleted. */
const KEPT_MIN = 64
const DELETED_MIN = 64
const SAMPLES = 256
/** Slots that hold nothing are tidied away when there are so many. */
const GHOSTS_MAX = 32 * EVICTED_MAX

/** What timers need of the store below and of its backend. */
export interface TimersBelowOptions {
  readonly store: () => ColdStore
  readonly spill: Spill
  readonly confirmedEpoch: () => number
  readonly firstKeyGroup: number
  /** What the timers of the table may take up in memory. */
  readonly memoryBytes: number
}

export class TimersBelow implements TimerSource {
  readonly #options: TimersBelowOptions
  readonly #timers: TimerEntries
  readonly #changes: TimerChanges
  readonly #codec: TimerCodec
  readonly #clocks: readonly ColdTimers[]
  readonly #refillTimers: number
  /** Slots that are only on a list of changes any more, as far as is known. */
  #ghosts = 0

  constructor(timers: TimerEntries, options: TimersBelowOptions) {
    this.#timers = timers
    this.#changes = timers.changes
    this.#codec = timers.codec
    this.#options = options
    const { groupCount, sets } = timers.changes
    this.#clocks = sets.map((_, domain) => {
      const { firstKeyGroup, store } = options
      return new ColdTimers(timers.codec, domain, groupCount, firstKeyGroup, store)
    })
    const share = Math.floor(options.memoryBytes / TIMER_BYTES / groupCount / 4)
    this.#refillTimers = Math.min(REFILL_MAX, Math.max(REFILL_MIN, share))
  }

  /** What all timers in memory take up. */
  get bytes(): number {
    return Math.max(0, this.#slots - this.#ghosts) * TIMER_BYTES
  }

  get isFull(): boolean {
    return this.bytes > this.#options.memoryBytes
  }

  mayHold(domain: number, group: number, time: number, hash: number): boolean {
    return this.#of(domain).frontiers.mayHold(group, time, hash)
  }

  comesBefore(domain: number, time: number, hash: number): boolean {
    const { frontiers } = this.#of(domain)
    const { first } = frontiers
    return !frontiers.isNowhere(first) && frontiers.mayHold(first, time, hash)
  }

  restore(domain: number, timer: ColdTimer, payload: Uint8Array): void {
    const group = this.#changes.groupOf(timer.routeHash)
    this.#of(domain).put(group, timer, (out) => out.raw(payload))
  }

  refill(domain: number): void {
    const cold = this.#of(domain)
    const set = this.#changes.set(domain)
    for (const timer of cold.take(cold.frontiers.first, this.#refillTimers)) {
      const isKnown = set.find(timer.key, timer.routeHash, timer.time, timer.name) >= 0
      if (!isKnown) this.#timers.revive(domain, timer, timer.payload)
    }
  }

  /** Lets timers go if memory is full; true if it still is, and more can go. */
  relieve(): boolean {
    if (!this.isFull) return false
    const [event, processing] = this.#changes.sets
    const domain = (event?.slots.inUse ?? 0) >= (processing?.slots.inUse ?? 0) ? 0 : 1
    const spilled = new EntryBuffer()
    const before = this.#slots
    // Looking for deleted ones takes time: there must be some.
    const isWorth = before - this.#ghosts - this.#timers.size > DELETED_MIN
    let gone = isWorth ? this.#evictDeleted(domain, spilled) : 0
    if (gone < EVICTED_MAX) gone += this.#evictLast(domain, spilled)
    this.#ghosts += gone - (before - this.#slots)
    if (this.#ghosts >= GHOSTS_MAX || this.#ghosts * 4 > this.#slots) this.#prune()
    this.#of(domain).flush()
    if (spilled.count > 0) this.#options.spill.add(spilled.sorted())
    return gone > 0 && this.isFull
  }

  discard(domain: number, slot: number, group: number): void {
    const timer = this.#timerAt(domain, slot)
    if (!this.mayHold(domain, group, timer.time, timer.routeHash)) return
    this.#of(domain).delete(group, timer)
  }

  flush(): void {
    for (const cold of this.#clocks) cold.flush()
  }

  *named(domain: number, key: unknown, routeHash: number, name: string): Generator<KeyTimer> {
    const group = this.#changes.groupOf(routeHash)
    for (const { time, payload } of this.#of(domain).named(group, key, name)) {
      yield { time, payload: this.#codec.readPayload(payload, name) }
    }
  }

  *pending(domain: number): Generator<ColdTimer & KeyTimer> {
    for (let group = 0; group < this.#changes.groupCount; group++) {
      for (const timer of this.#of(domain).timers(group)) {
        yield { ...timer, payload: this.#codec.readPayload(timer.payload, timer.name) }
      }
    }
  }

  /** How many timers went. */
  #evictLast(domain: number, spilled: EntryBuffer): number {
    const set = this.#changes.set(domain)
    if (set.size <= KEPT_MIN) return 0
    const [time, hash] = lastQuarter(set)
    return set.letGo(time, hash, EVICTED_MAX, (slot) => {
      // A timer that is spread would be fetched at once.
      if (this.#timers.dueOf(domain, slot) !== set.slots.timeOf(slot)) return false
      this.#write(domain, slot, spilled)
      return true
    })
  }

  /** Those that are only kept for their tombstones. */
  #evictDeleted(domain: number, spilled: EntryBuffer): number {
    const set = this.#changes.set(domain)
    let gone = 0
    for (const slot of this.#changes.tombstones(domain, EVICTED_MAX)) {
      this.#write(domain, slot, spilled)
      set.slots.setFlags(slot, set.slots.flagsOf(slot) & ~TIMER_BELOW)
      set.forget(slot)
      gone++
    }
    return gone
  }

  /** Writes a timer out as it is, set or deleted. */
  #write(domain: number, slot: number, spilled: EntryBuffer): void {
    const changes = this.#changes
    const { slots } = changes.set(domain)
    const timer = this.#timerAt(domain, slot)
    const group = changes.groupOf(timer.routeHash)
    changes.preserve(domain, slot, group)
    if (slots.epochOf(slot) > this.#options.confirmedEpoch()) {
      changes.encode(spilled, domain, slot, group)
    }
    if (!slots.isSet(slot)) return this.discard(domain, slot, group)
    this.#of(domain).put(group, timer, (out) => {
      this.#codec.writePayload(out, timer.name, slots.payloadOf(slot))
    })
  }

  /** In memory, whatever they are kept for. */
  get #slots(): number {
    return this.#changes.sets.reduce((sum, { slots }) => sum + slots.inUse, 0)
  }

  #prune(): void {
    for (const domain of this.#clocks.keys()) this.#changes.prune(domain)
    this.#ghosts = 0
  }

  #timerAt(domain: number, slot: number): ColdTimer {
    const { slots } = this.#changes.set(domain)
    const [time, routeHash] = [slots.timeOf(slot), slots.hashOf(slot)]
    return { time, routeHash, name: slots.names[slot] ?? '', key: slots.keys[slot] }
  }

  #of(domain: number): ColdTimers {
    return required(this.#clocks[domain], `clock ${domain}`)
  }
}

/** Time and hash from which on the last quarter of the timers lies, about. */
function lastQuarter({ heap }: TimerSet): readonly [time: number, hash: number] {
  const step = Math.max(1, Math.floor(heap.size / SAMPLES))
  const sample: [number, number][] = []
  for (let at = 0; at < heap.size; at += step) sample.push([heap.dueAt(at), heap.hashAt(at)])
  sample.sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1)) // times are endless
  return sample[Math.floor(sample.length * KEPT_SHARE)] ?? [Number.POSITIVE_INFINITY, 0]
}
