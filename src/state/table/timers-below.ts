/**
 * The timers of one table that memory has no room for: they lie in the store below, in the order in
 * which they fire. A timer lies here or there, never in both. Before memory fires anything beyond
 * the first frontier, a slice from there is fetched. What memory knows of a timer, set or deleted,
 * is always newer than what may lie below of it.
 */
import { Buffer } from 'node:buffer'
import type { KeyTimer } from '../../time/timers.ts'
import { TIMER_BELOW } from '../../time/timer-slots.ts'
import type { TimerSet } from '../../time/timer-set.ts'
import { required } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { ColdBatch, type ColdStore } from '../cold-store.ts'
import { endOfPrefix } from '../runs/entry.ts'
import { EntryBuffer } from './entry-buffer.ts'
import type { Spill } from './spill.ts'
import type { TimerChanges } from './timer-changes.ts'
import type { ColdTimer, TimerCodec } from './timer-codec.ts'
import type { TimerEntries } from './timer-entries.ts'
import { TimerFrontiers } from './timer-frontiers.ts'
import type { TimerSource } from './timer-source.ts'

/** What a timer takes up in memory, about. */
const TIMER_BYTES = 128
/** Fetched at once of a key group. */
const REFILL_MIN = 16
const REFILL_MAX = 256
/** Let go at once: the last quarter, or so many. */
const KEPT_SHARE = 0.75
const EVICTED_MAX = 4096
/** So few are not worth it. */
const KEPT_MIN = 64
const SAMPLES = 256
const SCAN_TIMERS = 256
const BATCH_CHANGES_MAX = 1024

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
  readonly #frontiers: readonly TimerFrontiers[]
  readonly #refillTimers: number
  readonly #batch = new ColdBatch()
  readonly #out = new ByteWriter()

  constructor(timers: TimerEntries, options: TimersBelowOptions) {
    this.#timers = timers
    this.#changes = timers.changes
    this.#codec = timers.codec
    this.#options = options
    const { groupCount, sets } = timers.changes
    this.#frontiers = sets.map(() => new TimerFrontiers(groupCount))
    const share = Math.floor(options.memoryBytes / TIMER_BYTES / groupCount / 4)
    this.#refillTimers = Math.min(REFILL_MAX, Math.max(REFILL_MIN, share))
  }

  /** What all timers in memory take up. */
  get bytes(): number {
    return this.#changes.sets.reduce((sum, { slots }) => sum + slots.inUse, 0) * TIMER_BYTES
  }

  get isFull(): boolean {
    return this.bytes > this.#options.memoryBytes
  }

  mayHold(domain: number, group: number, time: number, hash: number): boolean {
    return this.#of(domain).mayHold(group, time, hash)
  }

  comesBefore(domain: number, time: number, hash: number): boolean {
    const frontiers = this.#of(domain)
    const { first } = frontiers
    return !frontiers.isNowhere(first) && frontiers.mayHold(first, time, hash)
  }

  restore(domain: number, timer: ColdTimer, payload: Uint8Array): void {
    const group = this.#changes.groupOf(timer.routeHash)
    this.#put(domain, group, timer, payload)
    if (this.#batch.length >= BATCH_CHANGES_MAX) this.flush()
  }

  refill(domain: number): void {
    this.flush()
    const frontiers = this.#of(domain)
    const group = frontiers.first
    const [time, hash] = [frontiers.timeOf(group), frontiers.hashOf(group)]
    this.#out.reset()
    this.#codec.writeFrontier(this.#out, this.#keyGroup(group), domain, time, hash)
    const from = this.#out.copy()
    const found = this.#scan(from, this.#endOf(domain, group), this.#refillTimers)
    for (const { key, value } of found) {
      const timer = this.#codec.readColdKey(key)
      this.#delete(domain, group, timer)
      const { routeHash, name } = timer
      const isKnown = this.#set(domain).find(timer.key, routeHash, timer.time, name) >= 0
      if (!isKnown) this.#timers.revive(domain, timer, value)
    }
    this.flush()
    const last = found.at(-1)
    if (last === undefined || found.length < this.#refillTimers) return frontiers.clear(group)
    const { time: lastTime, routeHash } = this.#codec.readColdKey(last.key)
    frontiers.raise(group, lastTime, routeHash)
  }

  /** Lets the last timers go if memory is full; true if it still is, and more can go. */
  relieve(): boolean {
    if (!this.isFull) return false
    const [event, processing] = this.#changes.sets
    const domain = (event?.slots.inUse ?? 0) >= (processing?.slots.inUse ?? 0) ? 0 : 1
    const spilled = new EntryBuffer()
    const gone = this.#evictLast(domain, spilled) + this.#evictDeleted(domain, spilled)
    this.#changes.prune(domain)
    this.flush()
    if (spilled.count > 0) this.#options.spill.add(spilled.sorted())
    return gone > 0 && this.isFull
  }

  discard(domain: number, slot: number, group: number): void {
    const timer = this.#timerAt(domain, slot)
    if (!this.mayHold(domain, group, timer.time, timer.routeHash)) return
    this.#delete(domain, group, timer)
    if (this.#batch.length >= BATCH_CHANGES_MAX) this.flush()
  }

  flush(): void {
    if (this.#batch.length === 0) return
    this.#options.store().write(this.#batch)
    this.#batch.clear()
  }

  *named(domain: number, key: unknown, routeHash: number, name: string): Generator<KeyTimer> {
    const group = this.#changes.groupOf(routeHash)
    if (this.#of(domain).isNowhere(group)) return
    this.flush()
    this.#out.reset()
    this.#codec.writeNamedPrefix(this.#out, this.#keyGroup(group), domain, key, name)
    const prefix = this.#out.copy()
    for (const { key: found, value } of this.#all(prefix)) {
      const time = this.#codec.readNamedTime(found, prefix.length)
      yield { time, payload: this.#codec.readPayload(value, name) }
    }
  }

  *pending(domain: number): Generator<ColdTimer & KeyTimer> {
    this.flush()
    for (let group = 0; group < this.#changes.groupCount; group++) {
      if (this.#of(domain).isNowhere(group)) continue
      this.#out.reset()
      this.#codec.writePrefix(this.#out, this.#keyGroup(group), domain)
      for (const { key, value } of this.#all(this.#out.copy())) {
        const timer = this.#codec.readColdKey(key)
        yield { ...timer, payload: this.#codec.readPayload(value, timer.name) }
      }
    }
  }

  /** How many timers went. */
  #evictLast(domain: number, spilled: EntryBuffer): number {
    const set = this.#set(domain)
    if (set.size <= KEPT_MIN) return 0
    const { slots } = set
    const [time, hash] = lastQuarter(set)
    let gone = 0
    set.letGo((slot) => {
      const [at, own] = [slots.timeOf(slot), slots.hashOf(slot)]
      if (gone === EVICTED_MAX || at < time || (at === time && own < hash)) return false
      if (this.#timers.dueOf(domain, slot) !== at) return false // else it would be fetched at once
      this.#write(domain, slot, spilled)
      gone++
      return true
    })
    return gone
  }

  /** Those that are only kept for their tombstones. */
  #evictDeleted(domain: number, spilled: EntryBuffer): number {
    const set = this.#set(domain)
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
    const { slots } = this.#set(domain)
    const timer = this.#timerAt(domain, slot)
    const group = changes.groupOf(timer.routeHash)
    changes.preserve(domain, slot, group)
    if (slots.epochOf(slot) > this.#options.confirmedEpoch()) {
      changes.encode(spilled, domain, slot, group)
    }
    if (!slots.isSet(slot)) return this.#delete(domain, group, timer)
    this.#out.reset()
    this.#codec.writePayload(this.#out, timer.name, slots.payloadOf(slot))
    this.#put(domain, group, timer, this.#out.view())
  }

  #put(domain: number, group: number, timer: ColdTimer, payload: Uint8Array): void {
    const value = Buffer.from(payload) // a copy
    for (const key of this.#keysOf(domain, group, timer)) this.#batch.put(key, value)
    this.#of(domain).lower(group, timer.time, timer.routeHash)
  }

  #delete(domain: number, group: number, timer: ColdTimer): void {
    for (const key of this.#keysOf(domain, group, timer)) this.#batch.delete(key)
  }

  #keysOf(domain: number, group: number, timer: ColdTimer): readonly Buffer[] {
    const [out, keyGroup] = [this.#out, this.#keyGroup(group)]
    out.reset()
    this.#codec.writeColdKey(out, keyGroup, domain, timer)
    const key = out.copy()
    if (!this.#codec.isDeclared(timer.name)) return [key]
    out.reset()
    this.#codec.writeNamedKey(out, keyGroup, domain, timer)
    return [key, out.copy()]
  }

  #timerAt(domain: number, slot: number): ColdTimer {
    const { slots } = this.#set(domain)
    const [time, routeHash] = [slots.timeOf(slot), slots.hashOf(slot)]
    return { time, routeHash, name: slots.names[slot] ?? '', key: slots.keys[slot] }
  }

  *#all(prefix: Buffer): Generator<ColdEntry> {
    const end = endOfPrefix(prefix)
    let from = prefix
    for (;;) {
      const found = this.#scan(from, end, SCAN_TIMERS)
      yield* found
      const last = found.at(-1)
      if (last === undefined || found.length < SCAN_TIMERS) return
      from = Buffer.concat([last.key, Buffer.alloc(1)])
    }
  }

  #scan(from: Buffer, end: Buffer, limit: number): readonly ColdEntry[] {
    const found = this.#options.store().scan(from, end, limit)
    return Array.from({ length: found.length / 2 }, (_, index) => ({
      key: required(found[2 * index], 'scans give pairs'),
      value: required(found[2 * index + 1], 'scans give pairs'),
    }))
  }

  #endOf(domain: number, group: number): Buffer {
    this.#out.reset()
    this.#codec.writePrefix(this.#out, this.#keyGroup(group), domain)
    return endOfPrefix(this.#out.view())
  }

  #keyGroup(group: number): number {
    return this.#options.firstKeyGroup + group
  }

  #of(domain: number): TimerFrontiers {
    return required(this.#frontiers[domain], `clock ${domain}`)
  }

  #set(domain: number): TimerSet {
    return this.#changes.set(domain)
  }
}

interface ColdEntry {
  readonly key: Buffer
  readonly value: Buffer
}

/** Time and hash from which on the last quarter of the timers lies, about. */
function lastQuarter({ heap }: TimerSet): readonly [time: number, hash: number] {
  const step = Math.max(1, Math.floor(heap.size / SAMPLES))
  const sample: [number, number][] = []
  for (let at = 0; at < heap.size; at += step) sample.push([heap.dueAt(at), heap.hashAt(at)])
  sample.sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1)) // times are endless
  return sample[Math.floor(sample.length * KEPT_SHARE)] ?? [Number.POSITIVE_INFINITY, 0]
}
