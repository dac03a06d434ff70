// A task's state as a job has it: one backend for each subtask, runs of complete checkpoints, at
// most one checkpoint under way. Kept beside the plain model and compared with it.
import assert from 'node:assert/strict'
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
import type { Random } from '../../../src/util/random.ts'
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

const RUNS_MAX = 6

interface Part {
  readonly world: World
  readonly keyGroups: KeyGroupRange
  /** Complete runs, oldest first; those before the last rescale are of all subtasks. */
  runs: (readonly Entry[])[]
  cut: StateCut | undefined
  entries: Iterator<Entry | undefined> | undefined
  taken: Entry[]
}

export interface SystemOptions {
  readonly choices: readonly (() => StateBackend)[]
  readonly context?: BackendSuite['context']
  readonly restoreOf?: BackendSuite['restoreOf']
  readonly memoryBytes: number
  readonly keys: readonly unknown[]
}

export class System {
  plain = new PlainState()
  /** What the newest complete checkpoint holds, and what the one under way will. */
  #complete = new PlainState()
  #cutting: PlainState | undefined
  #parts: Part[] = []
  readonly counts = new Map<string, number>()
  readonly #options: SystemOptions
  readonly #random: Random
  #now = 0

  private constructor(options: SystemOptions, random: Random) {
    this.#options = options
    this.#random = random
  }

  static async open(options: SystemOptions, random: Random): Promise<System> {
    const system = new System(options, random)
    await system.#openParts(1, [])
    return system
  }

  /** One random step; most are changes of a key. */
  async step(): Promise<void> {
    const dice = this.#random.int(1000)
    if (dice < 760) this.#change()
    else if (dice < 830) this.#timer()
    else if (dice < 900) this.#look()
    else if (dice < 950) this.#count('take', () => this.#take(1 + this.#random.int(40)))
    else if (dice < 960) this.#fire()
    else if (dice < 968) this.#count('maintain', () => this.#maintain())
    else if (dice < 982) this.#count('cut', () => this.#cut())
    else if (dice < 990) await this.#settle()
    else if (dice < 994) this.#count('merge', () => this.#merge())
    else if (dice < 996) await this.#restart()
    else if (dice < 998) await this.#rollback()
    else this.compare()
  }

  /** Every key and timer is as in the model. */
  compare(): void {
    for (const key of this.#options.keys) this.#lookAt(key)
    const listed = this.#parts.flatMap(({ world }) => [...world.table.keys()])
    const found = listed.map(({ key }) => textOf(key)).toSorted()
    const expected = [...this.plain.rows].filter(([, row]) => hasState(row)).map(([text]) => text)
    assert.deepEqual(found, expected.toSorted())
  }

  async close(): Promise<void> {
    for (const { world } of this.#parts) await world.close()
  }

  #count<R>(name: string, body: () => R): R {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    return body()
  }

  #key(): unknown {
    const { keys } = this.#options
    // Some keys are used far more often than others.
    const bound = this.#random.int(3) === 0 ? keys.length : Math.ceil(keys.length / 10)
    return keys[this.#random.int(bound)]
  }

  #partOf(key: unknown): Part {
    const part = this.#parts.find(({ keyGroups }) => isIn(key, keyGroups))
    assert.ok(part !== undefined)
    return part
  }

  #change(): void {
    const key = this.#key()
    this.#partOf(key).world.on(key, (held) => changeOnce(held, this.plain.row(key), this.#random))
  }

  #timer(): void {
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
    this.#partOf(key).world.on(key, () => {
      const { timers } = this.#partOf(key).world.table
      if (isSet) timers.register(timer.domain, timer.time, timer.name)
      else timers.delete(timer.domain, timer.time, timer.name)
    })
  }

  #look(): void {
    this.#lookAt(this.#key())
  }

  #lookAt(key: unknown): void {
    const expected = plainContent(this.plain.rows.get(textOf(key)))
    this.#partOf(key).world.on(key, (held) => {
      assert.deepEqual(heldContent(held), expected, `key ${textOf(key)}`)
    })
  }

  #fire(): void {
    this.#now += this.#random.int(10)
    for (const domain of ['event-time', 'processing-time'] as const) {
      const fired: string[] = []
      for (const { world } of this.#parts) {
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
  }

  #maintain(): void {
    for (const { world } of this.#parts) {
      world.table.deselect()
      world.backend.maintain(5)
    }
  }

  #cut(): void {
    if (this.#cutting !== undefined) return
    this.#cutting = this.plain.copy()
    for (const part of this.#parts) {
      part.cut = part.world.backend.cut()
      part.entries = part.cut.entries()[Symbol.iterator]()
      part.taken = []
    }
  }

  /** Consumes some of the cut under way. */
  #take(count: number): void {
    for (const part of this.#parts) {
      for (let step = 0; step < count; step++) {
        const next = part.entries?.next()
        if (next === undefined || next.done === true) break
        if (next.value !== undefined) part.taken.push(next.value)
      }
    }
  }

  /** Completes or aborts the cut under way. */
  async #settle(): Promise<void> {
    if (this.#cutting === undefined) return
    const completes = this.#random.int(3) > 0
    this.#count(completes ? 'complete' : 'abort', () => undefined)
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
        if (part.runs.length > RUNS_MAX) this.#mergeRuns(part, 0)
      } else part.cut?.abort()
      part.cut = undefined
      part.entries = undefined
    }
    this.#cutting = undefined
  }

  #merge(): void {
    for (const part of this.#parts) {
      if (part.runs.length >= 2) this.#mergeRuns(part, this.#random.int(part.runs.length - 1))
    }
  }

  #mergeRuns(part: Part, from: number): void {
    const merged = mergeSync(part.runs.slice(from), { dropTombstones: from === 0 })
    part.runs.splice(from, part.runs.length, [...merged])
  }

  /** All subtasks die; what is complete is restored, at another parallelism. */
  async #restart(): Promise<void> {
    this.#count('restart', () => undefined)
    const all = this.#parts.map(({ runs }) => runs)
    for (const { world } of this.#parts) await world.close()
    this.plain = this.#complete.copy()
    this.#cutting = undefined
    await this.#openParts(1 + this.#random.int(3), all)
    this.#compareAfterRestore()
  }

  async #openParts(
    parallelism: number,
    former: readonly (readonly (readonly Entry[])[])[],
  ): Promise<void> {
    const { choices, context, memoryBytes, restoreOf } = this.#options
    this.#parts = []
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const keyGroups = keyGroupRangeOf(subtask, MAX_PARALLELISM, parallelism)
      const choose = choices[this.#random.int(choices.length)]
      assert.ok(choose !== undefined)
      const suite: BackendSuite = {
        test: () => undefined,
        name: 'model',
        choose,
        evicts: false,
        ...(context === undefined ? {} : { context }),
        ...(restoreOf === undefined ? {} : { restoreOf }),
      }
      // A subtask takes over of each run what lies in its key groups, as references do.
      const runs = former.flat().map((run) =>
        run.filter(({ key }) => {
          const group = keyGroupOfKey(key)
          return group >= keyGroups.start && group <= keyGroups.end
        }),
      )
      const world = await World.open(suite, { restore: runs, keyGroups, memoryBytes })
      this.#parts.push({ world, keyGroups, runs, cut: undefined, entries: undefined, taken: [] })
    }
  }

  async #rollback(): Promise<void> {
    this.#count('rollback', () => undefined)
    for (const part of this.#parts) {
      const from = this.#options.restoreOf ?? restored
      await part.world.backend.rollback(await from(part.runs, part.keyGroups))
      part.cut = undefined
      part.entries = undefined
    }
    this.plain = this.#complete.copy()
    this.#cutting = undefined
    this.#compareAfterRestore()
  }

  /** Looking at everything would end a lazy restore before anything happens to it. */
  #compareAfterRestore(): void {
    if (this.#options.restoreOf === undefined) this.compare()
  }
}
