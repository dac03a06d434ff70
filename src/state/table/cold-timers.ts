/**
 * The timers below as they lie in the store: written in batches, read in slices from where the last
 * slice of their key group ended. What was read stays behind as litter, for it is never looked at
 * again; it is deleted as one range now and then, and before a timer is put in its place.
 */
import { Buffer } from 'node:buffer'
import { required } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { ColdBatch, type ColdStore } from '../cold-store.ts'
import { endOfPrefix } from '../runs/entry.ts'
import type { ColdTimer, TimerCodec } from './timer-codec.ts'
import { TimerFrontiers } from './timer-frontiers.ts'

const SCAN_TIMERS = 256
const BATCH_CHANGES_MAX = 1024
/** So many timers of a key group are left as litter. */
const LITTER_MAX = 8192
const NOTHING = Buffer.alloc(0)

export interface ColdEntry {
  readonly key: Buffer
  readonly value: Buffer
}

/** What was read of a key group: everything below `end`. */
interface Litter {
  end: Buffer
  timers: number
}

/** The timers of one clock. */
export class ColdTimers {
  readonly frontiers: TimerFrontiers
  readonly #codec: TimerCodec
  readonly #domain: number
  readonly #firstKeyGroup: number
  readonly #store: () => ColdStore
  readonly #litter: (Litter | undefined)[] = []
  readonly #batch = new ColdBatch()
  /** Keys and values of the batch lie in it. */
  readonly #out = new ByteWriter()

  constructor(
    codec: TimerCodec,
    domain: number,
    groups: number,
    firstKeyGroup: number,
    store: () => ColdStore,
  ) {
    this.frontiers = new TimerFrontiers(groups)
    this.#codec = codec
    this.#domain = domain
    this.#firstKeyGroup = firstKeyGroup
    this.#store = store
  }

  /** `writeValue` appends the payload. */
  put(group: number, timer: ColdTimer, writeValue: (out: ByteWriter) => void): void {
    const { frontiers } = this
    if (!frontiers.isAfter(group, timer.time, timer.routeHash)) {
      this.#sweep(group)
      this.#litter[group] = undefined
      frontiers.lower(group, timer.time, timer.routeHash)
    }
    const from = this.#out.length
    writeValue(this.#out)
    const value = this.#out.length === from ? NOTHING : this.#written(from)
    this.#batch.put(this.#key(group, timer), value)
    if (this.#codec.isDeclared(timer.name)) this.#batch.put(this.#namedKey(group, timer), value)
    if (this.#batch.length >= BATCH_CHANGES_MAX) this.flush()
  }

  delete(group: number, timer: ColdTimer): void {
    this.#batch.delete(this.#key(group, timer))
    if (this.#codec.isDeclared(timer.name)) this.#batch.delete(this.#namedKey(group, timer))
    if (this.#batch.length >= BATCH_CHANGES_MAX) this.flush()
  }

  /** The first `limit` timers of a group; they are the caller's from here on. */
  take(group: number, limit: number): readonly (ColdTimer & { readonly payload: Buffer })[] {
    this.flush()
    const { frontiers } = this
    const end = endOfPrefix(this.#prefix(group))
    const found = this.#scan(this.#startOf(group), end, limit).map(({ key, value }) => {
      return { ...this.#codec.readColdKey(key), payload: value, coldKey: key }
    })
    for (const timer of found) {
      if (this.#codec.isDeclared(timer.name)) this.#batch.delete(this.#namedKey(group, timer))
    }
    const last = found.at(-1)
    const isEmpty = last === undefined || found.length < limit
    const litter = (this.#litter[group] ??= { end, timers: 0 })
    litter.timers += found.length
    litter.end = isEmpty ? end : successorOf(last.coldKey)
    if (isEmpty) frontiers.clear(group)
    else frontiers.raise(group, last.time, last.routeHash)
    if (litter.timers >= LITTER_MAX) this.#sweep(group)
    this.flush()
    return found
  }

  flush(): void {
    if (this.#batch.length > 0) this.#store().write(this.#batch)
    this.#batch.clear()
    this.#out.reset()
  }

  /** The timers of a key by a declared name, with what follows the name in their keys. */
  *named(group: number, key: unknown, name: string): Generator<{ time: number; payload: Buffer }> {
    if (this.frontiers.isNowhere(group)) return
    this.flush()
    this.#codec.writeNamedPrefix(this.#out, this.#keyGroup(group), this.#domain, key, name)
    const prefix = this.#out.copy()
    this.#out.reset()
    for (const { key: found, value } of this.#all(prefix, endOfPrefix(prefix))) {
      yield { time: this.#codec.readNamedTime(found, prefix.length), payload: value }
    }
  }

  *timers(group: number): Generator<ColdTimer & { readonly payload: Buffer }> {
    if (this.frontiers.isNowhere(group)) return
    this.flush()
    const end = endOfPrefix(this.#prefix(group))
    for (const { key, value } of this.#all(this.#startOf(group), end)) {
      yield { ...this.#codec.readColdKey(key), payload: value }
    }
  }

  /** Deletes what was read of a group. */
  #sweep(group: number): void {
    const litter = this.#litter[group]
    if (litter === undefined || litter.timers === 0) return
    litter.timers = 0
    this.#batch.deleteRange(this.#prefix(group), litter.end)
  }

  *#all(start: Buffer, end: Buffer): Generator<ColdEntry> {
    let from = start
    for (;;) {
      const found = this.#scan(from, end, SCAN_TIMERS)
      yield* found
      const last = found.at(-1)
      if (last === undefined || found.length < SCAN_TIMERS) return
      from = successorOf(last.key)
    }
  }

  #scan(from: Buffer, end: Buffer, limit: number): readonly ColdEntry[] {
    const found = this.#store().scan(from, end, limit)
    return Array.from({ length: found.length / 2 }, (_, index) => ({
      key: required(found[2 * index], 'scans give pairs'),
      value: required(found[2 * index + 1], 'scans give pairs'),
    }))
  }

  /** Where the timers of a group begin that were not read yet. */
  #startOf(group: number): Buffer {
    return this.#litter[group]?.end ?? this.#prefix(group)
  }

  #prefix(group: number): Buffer {
    const from = this.#out.length
    this.#codec.writePrefix(this.#out, this.#keyGroup(group), this.#domain)
    return this.#written(from)
  }

  #key(group: number, timer: ColdTimer): Buffer {
    const from = this.#out.length
    this.#codec.writeColdKey(this.#out, this.#keyGroup(group), this.#domain, timer)
    return this.#written(from)
  }

  #namedKey(group: number, timer: ColdTimer): Buffer {
    const from = this.#out.length
    this.#codec.writeNamedKey(this.#out, this.#keyGroup(group), this.#domain, timer)
    return this.#written(from)
  }

  /** A view that stays as it is until the batch is written, also when the writer grows. */
  #written(from: number): Buffer {
    return this.#out.bytes.subarray(from, this.#out.length)
  }

  #keyGroup(group: number): number {
    return this.#firstKeyGroup + group
  }
}

function successorOf(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.alloc(1)])
}
