// Timers as a job has them, beside a plain map: one backend for each subtask, cuts that are written
// in slices while timers change, complete or aborted, restores at other parallelisms.
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Entry, StateBackend, StateCut } from '../../../src/state/backend.ts'
import { keyGroupRangeOf, type KeyGroupRange } from '../../../src/state/key-groups.ts'
import { keyGroupOfKey } from '../../../src/state/runs/entry.ts'
import { mergeEntries, mergeSync } from '../../../src/state/runs/merge.ts'
import { streamOf } from '../../../src/state/runs/stream.ts'
import {
  type BackendSuite,
  isIn,
  MAX_PARALLELISM,
  restored,
  World,
} from '../../../src/testing/conformance/backend-world.ts'
import { TIMER_DOMAINS, type PendingTimer, type TimerDomain } from '../../../src/time/timers.ts'
import { routeHash } from '../../../src/types/keys.ts'
import type { Random } from '../../../src/util/random.ts'

const KEYS: readonly unknown[] = [
  ...Array.from({ length: 30 }, (_, index) => index),
  ...Array.from({ length: 10 }, (_, index) => `key ${index}`),
  ['tuple', 1],
  ['tuple', { x: 2 }],
  -0.5,
  null,
]
/** Some have a payload, and can be listed. */
const NAMES: Readonly<Record<TimerDomain, readonly string[]>> = {
  'event-time': ['', 'plain', 'close', 'close'],
  'processing-time': ['', 'ü\u0000', 'wake', 'wake'],
}
const FIRED_MAX = 7
const RUNS_MAX = 3

interface Part {
  readonly world: World
  readonly keyGroups: KeyGroupRange
  runs: (readonly Entry[])[]
  cut: StateCut | undefined
  entries: Iterator<Entry | undefined> | undefined
  taken: Entry[]
}

export interface TimerSystemOptions {
  readonly choices: readonly (() => StateBackend)[]
  readonly context?: BackendSuite['context']
  readonly memoryBytes: number
}

type Plain = ReadonlyMap<string, PendingTimer>

export class TimerSystem {
  readonly counts = new Map<string, number>()
  #plain = new Map<string, PendingTimer>()
  #complete: Plain = new Map()
  #cutting: Plain | undefined
  #parts: Part[] = []
  #now = 0
  readonly #options: TimerSystemOptions
  readonly #random: Random

  private constructor(options: TimerSystemOptions, random: Random) {
    this.#options = options
    this.#random = random
  }

  static async open(options: TimerSystemOptions, random: Random): Promise<TimerSystem> {
    const system = new TimerSystem(options, random)
    await system.#openParts(1, [])
    return system
  }

  async step(): Promise<void> {
    const dice = this.#random.int(1000)
    if (dice < 620) for (let times = this.#random.int(6); times >= 0; times--) this.#set()
    else if (dice < 740) this.#delete()
    else if (dice < 800) this.#list()
    else if (dice < 860) this.#fire()
    else if (dice < 930) this.#take(1 + this.#random.int(60))
    else if (dice < 960) this.#maintain()
    else if (dice < 982) this.#cut()
    else if (dice < 994) await this.#settle()
    else if (dice < 997) await this.#restart()
    else await this.#rollback()
  }

  /** Every timer is as in the plain map. */
  compare(): void {
    const pending = this.#parts.flatMap(({ world }) => [...world.table.timers.pending()])
    const found = pending.map((timer) => [textOf(timer), timer.payload] as const)
    const expected = [...this.#plain].map(([text, { payload }]) => [text, payload] as const)
    assert.deepEqual(found.toSorted(byText), expected.toSorted(byText))
    for (const { world, keyGroups } of this.#parts) {
      for (const domain of TIMER_DOMAINS) {
        const first = this.#due(domain, Number.POSITIVE_INFINITY, keyGroups)[0]
        const next = world.table.timers.nextTime(domain)
        assert.equal(next, first?.time ?? Number.POSITIVE_INFINITY)
      }
    }
  }

  get size(): number {
    return this.#plain.size
  }

  async close(): Promise<void> {
    for (const { world } of this.#parts) await world.close()
  }

  #count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }

  #anyTimer(): PendingTimer {
    if (this.#random.int(4) === 0 && this.#plain.size > 0) {
      const held = [...this.#plain.values()]
      return held[this.#random.int(held.length)] ?? assert.fail()
    }
    const domain = TIMER_DOMAINS[this.#random.int(2)] ?? 'event-time'
    const names = NAMES[domain]
    const key = KEYS[this.#random.int(KEYS.length)]
    const name = names[this.#random.int(names.length)] ?? ''
    const time =
      this.#random.int(50) === 0
        ? Number.POSITIVE_INFINITY
        : this.#now - 3 + this.#random.int(this.#random.int(4) === 0 ? 8 : 3000)
    return { domain, key, routeHash: routeHash(key), name, time, payload: undefined }
  }

  #on(key: unknown, body: (world: World) => void): void {
    const part = this.#parts.find(({ keyGroups }) => isIn(key, keyGroups)) ?? assert.fail()
    part.world.on(key, () => body(part.world))
  }

  #set(): void {
    const { domain, key, name, time, routeHash: hash } = this.#anyTimer()
    const isDeclared = name === 'close' || name === 'wake'
    const payload = isDeclared && this.#random.int(4) > 0 ? this.#random.int(1000) : undefined
    const timer = { domain, key, routeHash: hash, name, time, payload }
    this.#plain.set(textOf(timer), timer)
    this.#on(key, ({ table }) => table.timers.register(domain, time, name, payload))
  }

  #delete(): void {
    const timer = this.#anyTimer()
    this.#plain.delete(textOf(timer))
    this.#on(timer.key, ({ table }) => table.timers.delete(timer.domain, timer.time, timer.name))
  }

  #list(): void {
    const { key, domain } = this.#anyTimer()
    const name = domain === 'event-time' ? 'close' : 'wake'
    const expected = [...this.#plain.values()]
      .filter((timer) => timer.name === name && inspect(timer.key) === inspect(key))
      .map(({ time, payload }) => ({ time, payload }))
      .toSorted((a, b) => (a.time < b.time ? -1 : 1))
    this.#on(key, ({ table }) => assert.deepEqual(table.timers.list(domain, name), expected))
  }

  /** In the plain map's order, which is that of the contract. */
  #due(domain: TimerDomain, time: number, keyGroups: KeyGroupRange): PendingTimer[] {
    return [...this.#plain.values()]
      .filter((each) => each.domain === domain && each.time <= time && isIn(each.key, keyGroups))
      .toSorted(inOrder)
  }

  #fire(): void {
    this.#now += this.#random.int(30)
    this.#count('fire')
    for (const domain of TIMER_DOMAINS) {
      for (const { world, keyGroups } of this.#parts) {
        const expected = this.#due(domain, this.#now, keyGroups)
        const limit = this.#random.int(2) === 0 ? FIRED_MAX : expected.length + 1
        const fired: PendingTimer[] = []
        const { timers } = world.table
        const isMore = timers.advance(
          domain,
          this.#now,
          limit,
          (_, key, hash, time, name, payload) => {
            world.table.select(key, hash)
            fired.push({ domain, key, routeHash: hash, name, time, payload })
          },
        )
        assert.deepEqual(fired, expected.slice(0, limit))
        assert.equal(isMore, expected.length > limit)
        for (const timer of fired) this.#plain.delete(textOf(timer))
      }
    }
  }

  #maintain(): void {
    for (const { world } of this.#parts) world.backend.maintain(5)
  }

  #cut(): void {
    if (this.#cutting !== undefined) return
    this.#count('cut')
    this.#cutting = new Map(this.#plain)
    for (const part of this.#parts) {
      part.cut = part.world.backend.cut()
      part.entries = part.cut.entries()[Symbol.iterator]()
      part.taken = []
    }
  }

  #take(count: number): void {
    for (const part of this.#parts) {
      for (let step = 0; step < count; step++) {
        const next = part.entries?.next()
        if (next === undefined || next.done === true) break
        if (next.value !== undefined) part.taken.push(next.value)
      }
    }
  }

  async #settle(): Promise<void> {
    if (this.#cutting === undefined) return
    const completes = this.#random.int(3) > 0
    this.#count(completes ? 'complete' : 'abort')
    if (completes) {
      this.#take(Number.POSITIVE_INFINITY)
      this.#complete = this.#cutting
    }
    for (const part of this.#parts) {
      if (completes) {
        const streams = [...(part.cut?.spilled ?? []), streamOf(part.taken)]
        const run: Entry[] = []
        for await (const { key, value } of mergeEntries(streams, { dropTombstones: false })) {
          run.push({ key: Uint8Array.from(key), value: Uint8Array.from(value) })
        }
        part.runs.push(run)
        part.cut?.confirm()
        if (part.runs.length > RUNS_MAX) {
          part.runs = [[...mergeSync(part.runs, { dropTombstones: true })]]
        }
      } else part.cut?.abort()
      part.cut = undefined
      part.entries = undefined
    }
    this.#cutting = undefined
  }

  async #restart(): Promise<void> {
    this.#count('restart')
    const all = this.#parts.flatMap(({ runs }) => runs)
    await this.close()
    this.#plain = new Map(this.#complete)
    this.#cutting = undefined
    await this.#openParts(1 + this.#random.int(3), all)
    this.compare()
  }

  async #openParts(parallelism: number, runs: readonly (readonly Entry[])[]): Promise<void> {
    const { choices, context, memoryBytes } = this.#options
    this.#parts = []
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const keyGroups = keyGroupRangeOf(subtask, MAX_PARALLELISM, parallelism)
      const choose = choices[this.#random.int(choices.length)] ?? assert.fail()
      const base = { test: () => undefined, name: 'model', choose, evicts: false }
      const suite = context === undefined ? base : { ...base, context }
      const world = await World.open(suite, { restore: runs, keyGroups, memoryBytes })
      const part = { world, keyGroups, cut: undefined, entries: undefined, taken: [] }
      const isOwn = ({ key }: Entry): boolean =>
        keyGroupOfKey(key) >= keyGroups.start && keyGroupOfKey(key) <= keyGroups.end
      const own = runs.map((entries) => entries.filter(isOwn))
      this.#parts.push({ ...part, runs: own })
    }
  }

  async #rollback(): Promise<void> {
    this.#count('rollback')
    for (const part of this.#parts) {
      await part.world.backend.rollback(restored(part.runs, part.keyGroups))
      part.cut = undefined
      part.entries = undefined
    }
    this.#plain = new Map(this.#complete)
    this.#cutting = undefined
    this.compare()
  }
}

function textOf({ domain, key, time, name }: PendingTimer): string {
  return `${domain} ${time} ${name} ${typeof key} ${inspect(key)}`
}

function byText(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1
}

function inOrder(a: PendingTimer, b: PendingTimer): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1
  if (a.routeHash !== b.routeHash) return a.routeHash - b.routeHash
  return a.name < b.name ? -1 : 1
}
