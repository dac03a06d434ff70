// Keyed state of all kinds with timers, beside the plain model: changes, looks, checkpoints to be
// completed or aborted, merges, restarts at another parallelism and backend, going back.
import assert from 'node:assert/strict'
import type { StateBackend } from '../../../src/state/backend.ts'
import type { KeyGroupRange } from '../../../src/state/key-groups.ts'
import {
  type BackendSuite,
  type Runs,
  World,
} from '../../../src/testing/conformance/backend-world.ts'
import { type Random, SeededRandom } from '../../../src/util/random.ts'
import type { Stepped } from './commands.ts'
import {
  hasState,
  heldContent,
  plainContent,
  PlainState,
  type PlainTimer,
  textOf,
  timerText,
} from './plain.ts'
import { changeOnce } from './steps.ts'
import { ModelCheckpoints } from './checkpoints.ts'
import { Subtasks } from './subtasks.ts'

export interface SystemOptions {
  readonly choices: readonly (() => StateBackend)[]
  readonly context?: BackendSuite['context']
  readonly restoreOf?: BackendSuite['restoreOf']
  readonly memoryBytes: number
  readonly keys: readonly unknown[]
}

export class System implements Stepped {
  plain = new PlainState()
  /** What the newest complete checkpoint holds, and what the one under way will. */
  readonly #checkpoints: ModelCheckpoints<PlainState>
  readonly counts = new Map<string, number>()
  readonly #options: SystemOptions
  #random: Random = new SeededRandom(0)
  #now = 0
  #subtasks: Subtasks<World> | undefined

  private constructor(options: SystemOptions) {
    this.#options = options
    this.#checkpoints = new ModelCheckpoints({
      subtasks: () => this.#all,
      random: () => this.#random,
      copy: () => this.plain.copy(),
      goBack: (to) => this.#wentBack(to),
      count: (name, body) => this.#count(name, body),
    })
  }

  static async open(options: SystemOptions): Promise<System> {
    const system = new System(options)
    const { restoreOf } = options
    system.#subtasks = await Subtasks.open({
      open: (runs, keyGroups) => system.#open(runs, keyGroups),
      ...(restoreOf === undefined ? {} : { restoreOf }),
    })
    return system
  }

  /** One random step; most are changes of a key. */
  async step(random: Random): Promise<string> {
    this.#random = random
    const dice = random.int(1000)
    if (dice < 760) return this.#change()
    if (dice < 830) return this.#timer()
    if (dice < 900) return this.#look()
    if (dice < 950) return this.#count('take', () => this.#all.take(1 + random.int(40)))
    if (dice < 960) return this.#fire()
    if (dice < 968) return this.#count('maintain', () => this.#maintain())
    if (dice < 982) return this.#checkpoints.cut()
    if (dice < 990) return this.#checkpoints.settle()
    if (dice < 994) return this.#count('merge', () => this.#all.merge(random))
    if (dice < 996) return this.#checkpoints.restart()
    if (dice < 998) return this.#checkpoints.rollback()
    return this.#count('compare', () => this.compare())
  }

  /** Every key and timer is as in the model. */
  compare(): void {
    for (const key of this.#options.keys) this.#lookAt(key)
    const listed = this.#all.all.flatMap(({ world }) => [...world.table.keys()])
    const found = listed.map(({ key }) => textOf(key)).toSorted()
    const expected = [...this.plain.rows].filter(([, row]) => hasState(row)).map(([text]) => text)
    assert.deepEqual(found, expected.toSorted())
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

  #key(): unknown {
    const { keys } = this.#options
    // Some keys are used far more often than others.
    const bound = this.#random.int(3) === 0 ? keys.length : Math.ceil(keys.length / 10)
    return keys[this.#random.int(bound)]
  }

  #change(): string {
    const key = this.#key()
    const { world } = this.#all.of(key)
    const name = world.on(key, (held) => changeOnce(held, this.plain.row(key), this.#random))
    return `${name} of ${textOf(key)}`
  }

  #timer(): string {
    const key = this.#key()
    const timer: PlainTimer = {
      key,
      domain: this.#random.int(2) === 0 ? 'event-time' : 'processing-time',
      time: this.#now + this.#random.int(50),
      name: this.#random.int(2) === 0 ? '' : 'named',
    }
    const isSet = this.#random.int(3) > 0
    if (isSet) this.plain.setTimer(timer)
    else this.plain.deleteTimer(timer)
    const { world } = this.#all.of(key)
    world.on(key, () => {
      const { timers } = world.table
      if (isSet) timers.register(timer.domain, timer.time, timer.name)
      else timers.delete(timer.domain, timer.time, timer.name)
    })
    return `${isSet ? 'set' : 'delete'} timer ${timerText(timer)}`
  }

  #look(): string {
    const key = this.#key()
    this.#lookAt(key)
    return `look at ${textOf(key)}`
  }

  #lookAt(key: unknown): void {
    const expected = plainContent(this.plain.rows.get(textOf(key)))
    this.#all.of(key).world.on(key, (held) => {
      assert.deepEqual(heldContent(held), expected, `key ${textOf(key)}`)
    })
  }

  #fire(): string {
    this.#now += this.#random.int(10)
    for (const domain of ['event-time', 'processing-time'] as const) {
      const fired: string[] = []
      for (const { world } of this.#all.all) {
        let last = Number.NEGATIVE_INFINITY
        const onTimer = (
          _: unknown,
          key: unknown,
          hash: number,
          time: number,
          name: string,
        ): void => {
          assert.ok(time >= last)
          last = time
          world.table.select(key, hash)
          fired.push(timerText({ key, domain, time, name }))
        }
        while (world.table.timers.advance(domain, this.#now, 5, onTimer));
      }
      const expected = this.plain.due(domain, this.#now).map(timerText)
      assert.deepEqual(fired.toSorted(), expected.toSorted())
    }
    return `fire up to ${this.#now}`
  }

  #maintain(): void {
    for (const { world } of this.#all.all) world.table.deselect()
    this.#all.maintain(5)
  }

  #wentBack(to: PlainState): void {
    this.plain = to.copy()
    // Looking at everything would end a lazy restore before anything happens to it.
    if (this.#options.restoreOf === undefined) this.compare()
  }

  async #open(restore: Runs, keyGroups: KeyGroupRange): Promise<World> {
    const { choices, context, memoryBytes, restoreOf } = this.#options
    const choose = choices[this.#random.int(choices.length)] ?? assert.fail()
    const suite: BackendSuite = {
      test: () => undefined,
      name: 'model',
      choose,
      evicts: false,
      ...(context === undefined ? {} : { context }),
      ...(restoreOf === undefined ? {} : { restoreOf }),
    }
    return World.open(suite, { restore, keyGroups, memoryBytes })
  }
}
