// States with a time to live beside the plain model: changes, reads that may renew, ticks whose
// marks fire at once or later, checkpoints, merges, restarts at another parallelism and backend,
// going back. What is told of as expired is what expired in the model, each entry once.
import assert from 'node:assert/strict'
import type { StateBackend } from '../../../src/state/backend.ts'
import type { KeyGroupRange } from '../../../src/state/key-groups.ts'
import type { BackendSuite, Runs } from '../../../src/testing/conformance/backend-world.ts'
import { LIFE_MS, MortalWorld } from '../../../src/testing/conformance/mortal-world.ts'
import { type Random, SeededRandom } from '../../../src/util/random.ts'
import { ModelCheckpoints } from './checkpoints.ts'
import type { Stepped } from './commands.ts'
import { byText, MORTAL_CHANGES, MortalRow } from './mortal-row.ts'
import { Subtasks } from './subtasks.ts'

const KEYS = Array.from({ length: 12 }, (_, at) => `key ${at}`)
/** An entry is told of at the latest a sixteenth of its life after it has expired. */
const MARKS_EVERY_MS = LIFE_MS / 16
const CHANGES = Object.entries(MORTAL_CHANGES)

export interface MortalSystemOptions {
  readonly choices: readonly (() => StateBackend)[]
  readonly context?: BackendSuite['context']
  readonly memoryBytes: number
  readonly renewsOnRead: boolean
}

type Rows = ReadonlyMap<string, MortalRow>

export class MortalSystem implements Stepped {
  readonly counts = new Map<string, number>()
  #rows: Rows = new Map(KEYS.map((key) => [key, new MortalRow()]))
  #now = 0
  #told: string[] = []
  #expected: string[] = []
  readonly #checkpoints: ModelCheckpoints<Rows>
  readonly #options: MortalSystemOptions
  #random: Random = new SeededRandom(0)
  #subtasks: Subtasks<MortalWorld> | undefined

  private constructor(options: MortalSystemOptions) {
    this.#options = options
    this.#checkpoints = new ModelCheckpoints({
      subtasks: () => this.#all,
      random: () => this.#random,
      copy: () => copyOf(this.#rows),
      goBack: (to) => void (this.#rows = copyOf(to)),
      count: (name, body) => this.#count(name, body),
    })
  }

  static async open(options: MortalSystemOptions): Promise<MortalSystem> {
    const system = new MortalSystem(options)
    const open = (runs: Runs, keyGroups: KeyGroupRange) => system.#open(runs, keyGroups)
    system.#subtasks = await Subtasks.open({ open })
    return system
  }

  async step(random: Random): Promise<string> {
    this.#random = random
    const dice = random.int(1000)
    if (dice < 600) return this.#change()
    if (dice < 760) return this.#look()
    if (dice < 880) return this.#tick()
    if (dice < 930) return this.#count('take', () => this.#all.take(1 + random.int(40)))
    if (dice < 945) return this.#count('maintain', () => this.#maintain())
    // From here on the two must agree on what has been told: a restart tells of the rest again.
    this.#settle()
    if (dice < 970) return this.#checkpoints.cut()
    if (dice < 985) return this.#checkpoints.settle()
    if (dice < 990) return this.#count('merge', () => this.#all.merge(random))
    if (dice < 996) return this.#checkpoints.restart()
    return this.#checkpoints.rollback()
  }

  /** When everything has expired nothing is left, and all of it was told of. */
  compare(): void {
    this.#settle()
    this.#now += 2 * LIFE_MS
    this.#settle()
    assert.deepEqual(
      this.#all.all.flatMap(({ world }) => world.keys),
      [],
    )
  }

  async close(): Promise<void> {
    await this.#all.close()
  }

  get #all(): Subtasks<MortalWorld> {
    return this.#subtasks ?? assert.fail('not open')
  }

  #count(name: string, body: () => void): string {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    body()
    return name
  }

  #anyKey(): string {
    return KEYS[this.#random.int(KEYS.length)] ?? assert.fail()
  }

  /** The row as it is now: what has expired is told of when its key is touched, at the latest. */
  #rowOf(key: string): MortalRow {
    const row = this.#rows.get(key) ?? assert.fail()
    this.#expected.push(...row.expire(this.#now))
    return row
  }

  #change(): string {
    const key = this.#anyKey()
    const row = this.#rowOf(key)
    const [name, change] = CHANGES[this.#random.int(CHANGES.length)] ?? assert.fail()
    const { world } = this.#all.of(key)
    world.on(key, (state) => change(state, row, this.#now, this.#random))
    world.table.deselect()
    return `${name} of ${key}`
  }

  #look(): string {
    const key = this.#anyKey()
    this.#lookAt(key)
    return `look at ${key}`
  }

  #lookAt(key: string): void {
    const row = this.#rowOf(key)
    const { world } = this.#all.of(key)
    world.on(key, (state) => row.compareWith(state))
    if (this.#options.renewsOnRead) row.renew(this.#now)
    world.table.deselect()
  }

  /** Time passes; now and then no mark has fired yet. */
  #tick(): string {
    this.#now += this.#random.int(25)
    const isLate = this.#random.int(3) === 0
    for (const { world } of this.#all.all) {
      if (isLate) world.now = this.#now
      else world.advance(this.#now)
    }
    return this.#count(isLate ? 'tick without marks' : 'tick', () => undefined)
  }

  /** Time goes on to where no mark is late: told is what has expired. */
  #settle(): void {
    this.#now = Math.ceil(this.#now / MARKS_EVERY_MS) * MARKS_EVERY_MS
    for (const { world } of this.#all.all) world.advance(this.#now)
    for (const key of KEYS) this.#lookAt(key)
    assert.deepEqual(this.#told.toSorted(byText), this.#expected.toSorted(byText))
    if (this.#told.length > 0) this.#count('expire', () => undefined)
    this.#told = []
    this.#expected = []
  }

  #maintain(): void {
    for (const { world } of this.#all.all) world.table.deselect()
    this.#all.maintain(1)
  }

  async #open(restore: Runs, keyGroups: KeyGroupRange): Promise<MortalWorld> {
    const { choices, context, memoryBytes, renewsOnRead } = this.#options
    const choose = choices[this.#random.int(choices.length)] ?? assert.fail()
    const base = { test: () => undefined, name: 'model', choose, evicts: false }
    const suite: BackendSuite = context === undefined ? base : { ...base, context }
    return MortalWorld.open(suite, {
      ttl: {
        after: LIFE_MS,
        update: renewsOnRead ? 'on-read-and-write' : 'on-create-and-write',
        onExpire: (value) => this.#told.push(String(value)),
      },
      restore,
      keyGroups,
      now: this.#now,
      memoryBytes,
    })
  }
}

function copyOf(rows: Rows): Rows {
  return new Map(Array.from(rows, ([key, row]) => [key, row.copy()]))
}
