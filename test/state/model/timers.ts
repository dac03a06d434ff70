// Timers as a job has them, beside a plain map: one backend for each subtask, cuts that are written
// in slices while timers change, complete or aborted, restores at other parallelisms.
import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { StateBackend } from '../../../src/state/backend.ts'
import type { KeyGroupRange } from '../../../src/state/key-groups.ts'
import {
  type BackendSuite,
  isIn,
  type Runs,
  World,
} from '../../../src/testing/conformance/backend-world.ts'
import { TIMER_DOMAINS, type PendingTimer, type TimerDomain } from '../../../src/time/timers.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { type Random, SeededRandom } from '../../../src/util/random.ts'
import type { Stepped } from './commands.ts'
import { ModelCheckpoints } from './checkpoints.ts'
import { Subtasks } from './subtasks.ts'

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

export interface TimerSystemOptions {
  readonly choices: readonly (() => StateBackend)[]
  readonly context?: BackendSuite['context']
  readonly memoryBytes: number
}

type Plain = ReadonlyMap<string, PendingTimer>

export class TimerSystem implements Stepped {
  readonly counts = new Map<string, number>()
  /** The most timers there ever were. */
  largest = 0
  #plain = new Map<string, PendingTimer>()
  readonly #checkpoints: ModelCheckpoints<Plain>
  #now = 0
  readonly #options: TimerSystemOptions
  #random: Random = new SeededRandom(0)
  #subtasks: Subtasks<World> | undefined

  private constructor(options: TimerSystemOptions) {
    this.#options = options
    this.#checkpoints = new ModelCheckpoints({
      subtasks: () => this.#all,
      random: () => this.#random,
      copy: () => new Map(this.#plain),
      goBack: (to) => this.#wentBack(to),
      count: (name, body) => this.#count(name, body),
    })
  }

  static async open(options: TimerSystemOptions): Promise<TimerSystem> {
    const system = new TimerSystem(options)
    const open = (runs: Runs, keyGroups: KeyGroupRange) => system.#open(runs, keyGroups)
    system.#subtasks = await Subtasks.open({ open })
    return system
  }

  async step(random: Random): Promise<string> {
    this.#random = random
    this.largest = Math.max(this.largest, this.#plain.size)
    const dice = random.int(1000)
    if (dice < 620) return Array.from({ length: 1 + random.int(6) }, () => this.#set()).join('; ')
    if (dice < 740) return this.#delete()
    if (dice < 800) return this.#list()
    if (dice < 860) return this.#fire()
    if (dice < 920) return this.#count('take', () => this.#all.take(1 + random.int(60)))
    if (dice < 950) return this.#count('maintain', () => this.#all.maintain(5))
    if (dice < 960) return this.#count('compare', () => this.compare())
    if (dice < 982) return this.#checkpoints.cut()
    if (dice < 992) return this.#checkpoints.settle()
    if (dice < 994) return this.#count('merge', () => this.#all.merge(random))
    if (dice < 997) return this.#checkpoints.restart()
    return this.#checkpoints.rollback()
  }

  /** Every timer is as in the plain map. */
  compare(): void {
    const pending = this.#all.all.flatMap(({ world }) => [...world.table.timers.pending()])
    const found = pending.map((timer) => [textOf(timer), timer.payload] as const)
    const expected = [...this.#plain].map(([text, { payload }]) => [text, payload] as const)
    assert.deepEqual(found.toSorted(byText), expected.toSorted(byText))
    for (const { world, keyGroups } of this.#all.all) {
      for (const domain of TIMER_DOMAINS) {
        const first = this.#due(domain, Number.POSITIVE_INFINITY, keyGroups)[0]
        const next = world.table.timers.nextTime(domain)
        assert.equal(next, first?.time ?? Number.POSITIVE_INFINITY)
      }
    }
  }

  async close(): Promise<void> {
    await this.#all.close()
  }

  get #all(): Subtasks<World> {
    return this.#subtasks ?? assert.fail('not open')
  }

  #count(name: string, body: () => void): string {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    body()
    return name
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
    const { world } = this.#all.of(key)
    world.on(key, () => body(world))
  }

  #set(): string {
    const { domain, key, name, time, routeHash: hash } = this.#anyTimer()
    const isDeclared = name === 'close' || name === 'wake'
    const payload = isDeclared && this.#random.int(4) > 0 ? this.#random.int(1000) : undefined
    const timer = { domain, key, routeHash: hash, name, time, payload }
    this.#plain.set(textOf(timer), timer)
    this.#on(key, ({ table }) => table.timers.register(domain, time, name, payload))
    return `set ${textOf(timer)}`
  }

  #delete(): string {
    const timer = this.#anyTimer()
    this.#plain.delete(textOf(timer))
    this.#on(timer.key, ({ table }) => table.timers.delete(timer.domain, timer.time, timer.name))
    return `delete ${textOf(timer)}`
  }

  #list(): string {
    const { key, domain } = this.#anyTimer()
    const name = domain === 'event-time' ? 'close' : 'wake'
    const expected = [...this.#plain.values()]
      .filter((timer) => timer.name === name && inspect(timer.key) === inspect(key))
      .map(({ time, payload }) => ({ time, payload }))
      .toSorted((a, b) => (a.time < b.time ? -1 : 1))
    this.#on(key, ({ table }) => assert.deepEqual(table.timers.list(domain, name), expected))
    return `list ${name} of ${inspect(key)}`
  }

  /** In the plain map's order, which is that of the contract. */
  #due(domain: TimerDomain, time: number, keyGroups: KeyGroupRange): PendingTimer[] {
    return [...this.#plain.values()]
      .filter((each) => each.domain === domain && each.time <= time && isIn(each.key, keyGroups))
      .toSorted(inOrder)
  }

  #fire(): string {
    this.#now += this.#random.int(30)
    this.#count('fire', () => undefined)
    for (const domain of TIMER_DOMAINS) {
      for (const { world, keyGroups } of this.#all.all) {
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
    return `fire up to ${this.#now}`
  }

  #wentBack(to: Plain): void {
    this.#plain = new Map(to)
    this.compare()
  }

  async #open(restore: Runs, keyGroups: KeyGroupRange): Promise<World> {
    const { choices, context, memoryBytes } = this.#options
    const choose = choices[this.#random.int(choices.length)] ?? assert.fail()
    const base = { test: () => undefined, name: 'model', choose, evicts: false }
    const suite = context === undefined ? base : { ...base, context }
    return World.open(suite, { restore, keyGroups, memoryBytes })
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
