// Subtasks as a job has them: one backend for each, runs of complete checkpoints, at most one
// checkpoint under way. The systems of the models write through these and compare what they read.
import assert from 'node:assert/strict'
import type { Entry, KeyedStateBackend, StateCut } from '../../../src/state/backend.ts'
import { keyGroupRangeOf, type KeyGroupRange } from '../../../src/state/key-groups.ts'
import { keyGroupOfKey } from '../../../src/state/runs/entry.ts'
import { copyOf } from '../../../src/state/runs/entry-range.ts'
import { mergeEntries, mergeSync } from '../../../src/state/runs/merge.ts'
import { streamOf } from '../../../src/state/runs/stream.ts'
import {
  type BackendSuite,
  isIn,
  MAX_PARALLELISM,
  restored,
  type Runs,
} from '../../../src/testing/conformance/backend-world.ts'
import type { Random } from '../../../src/util/random.ts'

const RUNS_MAX = 6

export interface SubtaskWorld {
  readonly backend: KeyedStateBackend
}

export interface Subtask<W> {
  readonly world: W
  readonly keyGroups: KeyGroupRange
  /** Complete runs, oldest first; those before the last rescale are of all subtasks. */
  runs: (readonly Entry[])[]
  cut: StateCut | undefined
  entries: Iterator<Entry | undefined> | undefined
  taken: Entry[]
}

export interface SubtasksOptions<W> {
  /** Opens a backend, of any kind, that holds what these runs do. */
  open(runs: Runs, keyGroups: KeyGroupRange): Promise<W>
  readonly restoreOf?: BackendSuite['restoreOf']
}

export class Subtasks<W extends SubtaskWorld> {
  #all: Subtask<W>[] = []
  #isCutting = false
  readonly #options: SubtasksOptions<W>

  private constructor(options: SubtasksOptions<W>) {
    this.#options = options
  }

  static async open<W extends SubtaskWorld>(options: SubtasksOptions<W>): Promise<Subtasks<W>> {
    const subtasks = new Subtasks(options)
    await subtasks.#open(1, [])
    return subtasks
  }

  get all(): readonly Subtask<W>[] {
    return this.#all
  }

  get isCutting(): boolean {
    return this.#isCutting
  }

  /** Who has the key. */
  of(key: unknown): Subtask<W> {
    return this.#all.find(({ keyGroups }) => isIn(key, keyGroups)) ?? assert.fail('nobody has it')
  }

  cut(): void {
    assert.equal(this.#isCutting, false)
    this.#isCutting = true
    for (const subtask of this.#all) {
      subtask.cut = subtask.world.backend.cut()
      subtask.entries = subtask.cut.entries()[Symbol.iterator]()
      subtask.taken = []
    }
  }

  /** Writes a slice of the cut under way. */
  take(count: number): void {
    for (const { entries, taken } of this.#all) {
      for (let step = 0; step < count; step++) {
        const next = entries?.next()
        if (next === undefined || next.done === true) break
        if (next.value !== undefined) taken.push(copyOf(next.value))
      }
    }
  }

  /** All have written the cut: it is complete. */
  async complete(): Promise<void> {
    this.take(Number.POSITIVE_INFINITY)
    for (const subtask of this.#all) {
      const streams = [...(subtask.cut?.spilled ?? []), streamOf(subtask.taken)]
      const run: Entry[] = []
      for await (const entry of mergeEntries(streams, { dropTombstones: false })) {
        run.push(copyOf(entry))
      }
      subtask.runs.push(run)
      subtask.cut?.confirm()
      if (subtask.runs.length > RUNS_MAX) mergeFrom(subtask, 0)
    }
    this.#forgetCut()
  }

  abort(): void {
    for (const { cut } of this.#all) cut?.abort()
    this.#forgetCut()
  }

  /** Merges some of the newest runs, or all. */
  merge(random: Random): void {
    for (const subtask of this.#all) {
      if (subtask.runs.length >= 2) mergeFrom(subtask, random.int(subtask.runs.length - 1))
    }
  }

  maintain(budgetMs: number): void {
    for (const { world } of this.#all) world.backend.maintain(budgetMs)
  }

  /** All die; what is complete is restored, at another parallelism. */
  async restart(parallelism: number): Promise<void> {
    const all = this.#all.flatMap(({ runs }) => runs)
    await this.close()
    await this.#open(parallelism, all)
  }

  /** All go back to what is complete, and live on. */
  async rollback(): Promise<void> {
    for (const { world, runs, keyGroups } of this.#all) {
      const from = this.#options.restoreOf ?? restored
      await world.backend.rollback(await from(runs, keyGroups))
    }
    this.#forgetCut()
  }

  async close(): Promise<void> {
    for (const { world } of this.#all) await world.backend.close()
  }

  #forgetCut(): void {
    this.#isCutting = false
    for (const subtask of this.#all) {
      subtask.cut = undefined
      subtask.entries = undefined
    }
  }

  async #open(parallelism: number, former: Runs): Promise<void> {
    this.#all = []
    this.#isCutting = false
    for (let index = 0; index < parallelism; index++) {
      const keyGroups = keyGroupRangeOf(index, MAX_PARALLELISM, parallelism)
      // A subtask takes over of each run what lies in its key groups, as references do.
      const runs = former.map((run) => run.filter(({ key }) => isOfGroups(key, keyGroups)))
      const world = await this.#options.open(runs, keyGroups)
      const none = { cut: undefined, entries: undefined, taken: [] }
      this.#all.push({ world, keyGroups, runs, ...none })
    }
  }
}

function mergeFrom<W>(subtask: Subtask<W>, from: number): void {
  const merged = mergeSync(subtask.runs.slice(from), { dropTombstones: from === 0 })
  subtask.runs.splice(from, subtask.runs.length, [...merged])
}

function isOfGroups(key: Uint8Array, { start, end }: KeyGroupRange): boolean {
  const group = keyGroupOfKey(key)
  return group >= start && group <= end
}
