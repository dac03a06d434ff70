import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '../../../src/errors.ts'
import type { Entry } from '../../../src/state/backend.ts'
import { keyGroupRangeOf, type KeyGroupRange } from '../../../src/state/key-groups.ts'
import { compareBytes, KEY_HEAD_BYTES } from '../../../src/state/runs/entry.ts'
import { tombstoneValue } from '../../../src/state/runs/entry-value.ts'
import { mergeRuns, planMerge, restoreStream } from '../../../src/state/runs/run-set.ts'
import { writeSnapshot } from '../../../src/state/runs/snapshot-writer.ts'
import type { RunReference } from '../../../src/state/snapshot.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { FaultyBlobStore } from '../../../src/testing/faulty-store.ts'
import { SeededRandom, type Random } from '../../../src/util/random.ts'
import { collect, liveValue, METADATA, rangeTombstone, rowKey } from './entries.ts'

const SEEDS = 60
const STEPS = 60
const KEY_GROUPS = 8
const KEYS = 12
const FAULTS = { failBefore: 0.02, failAfter: 0.02, tearWrite: 0.02 }

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** One subtask: its part of the model, the changes since its last checkpoint, its runs. */
interface Task {
  readonly keyGroups: KeyGroupRange
  readonly held: Map<string, number>
  changes: Map<string, Entry>
  runs: readonly RunReference[]
}

class World {
  readonly #random: Random
  readonly #inner = new MemoryBlobStore()
  readonly #store: FaultyBlobStore
  #tasks: readonly Task[]
  #names = 0
  #value = 0
  failures = 0

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
    this.#store = new FaultyBlobStore(this.#inner, {
      random: this.#random.fork('store'),
      faults: FAULTS,
    })
    this.#tasks = [this.#emptyTask({ start: 0, end: KEY_GROUPS - 1 })]
  }

  async step(): Promise<void> {
    for (let count = this.#random.int(20); count > 0; count--) this.#change()
    const act = this.#random.int(10)
    if (act < 6) for (const task of this.#tasks) await this.#checkpoint(task)
    else if (act < 8) for (const task of this.#tasks) await this.#merge(task)
    else if (act < 9) await this.#rescale(1 + this.#random.int(4))
  }

  /** What a restore of all checkpoints holds, against what the model held then. */
  async check(): Promise<void> {
    this.#store.faults = {}
    for (const task of this.#tasks) {
      await this.#checkpoint(task)
      const restored = await collect(restoreStream(this.#store, task.runs, task.keyGroups))
      const expected = [...task.held].sort(([a], [b]) => (a < b ? -1 : 1))
      assert.deepEqual(
        restored.map(({ key, value }) => [hex(key), hex(value)]),
        expected.map(([key, value]) => [key, hex(liveValue(String(value)))]),
      )
      assert.ok(task.runs.length <= STEPS)
    }
    this.#store.faults = FAULTS
  }

  #change(): void {
    const random = this.#random
    const keyGroup = random.int(KEY_GROUPS)
    const key = rowKey(keyGroup, random.int(KEYS))
    const task = this.#tasks.find((one) => keyGroup <= one.keyGroups.end)
    assert.ok(task !== undefined)
    const act = random.int(20)
    if (act === 0) {
      // Clears the key group: what was changed before is gone, what comes after is above it.
      const prefix = key.subarray(0, KEY_HEAD_BYTES)
      const below = (held: string) => held.startsWith(hex(prefix))
      for (const held of task.held.keys()) if (below(held)) task.held.delete(held)
      for (const changed of task.changes.keys()) if (below(changed)) task.changes.delete(changed)
      task.changes.set(hex(prefix), rangeTombstone(prefix))
    } else if (act < 6) {
      task.held.delete(hex(key))
      task.changes.set(hex(key), { key, value: tombstoneValue('point') })
    } else {
      task.held.set(hex(key), ++this.#value)
      task.changes.set(hex(key), { key, value: liveValue(String(this.#value)) })
    }
  }

  async #checkpoint(task: Task): Promise<void> {
    const entries = [...task.changes.values()].sort((a, b) => compareBytes(a.key, b.key))
    const cut = { dirtyEntries: 0, entries: () => entries, spilled: [], confirm() {}, abort() {} }
    await this.#attempt(async () => {
      const options = { cut, records: [], subtaskIndex: 0, ...this.#common(task) }
      const { keyed } = await writeSnapshot(options)
      if (keyed !== undefined) task.runs = [...task.runs, keyed]
      task.changes = new Map()
    })
  }

  async #merge(task: Task): Promise<void> {
    const plan = planMerge(task.runs) ?? { from: 0, to: this.#random.int(task.runs.length + 1) }
    const replaced = task.runs.slice(plan.from, plan.to)
    if (replaced.length === 0) return
    await this.#attempt(async () => {
      const dropTombstones = plan.from === 0
      const merged = await mergeRuns({ runs: replaced, dropTombstones, ...this.#common(task) })
      task.runs = [...task.runs.slice(0, plan.from), merged, ...task.runs.slice(plan.to)]
    })
  }

  /** Deals the last checkpoint out to other tasks; newer changes are lost, as in a crash. */
  async #rescale(parallelism: number): Promise<void> {
    const former = this.#tasks
    await this.#attempt(async () => {
      const tasks: Task[] = []
      for (let index = 0; index < parallelism; index++) {
        const task = this.#emptyTask(keyGroupRangeOf(index, KEY_GROUPS, parallelism))
        task.runs = former.flatMap(({ runs, keyGroups }) => narrowed(runs, keyGroups))
        for await (const { key, value } of restoreStream(this.#store, task.runs, task.keyGroups)) {
          const text = Buffer.from(value.subarray(4)).toString()
          task.held.set(hex(key), Number(text))
        }
        tasks.push(task)
      }
      this.#tasks = tasks
    })
  }

  #emptyTask(keyGroups: KeyGroupRange): Task {
    return { keyGroups, held: new Map(), changes: new Map(), runs: [] }
  }

  #common({ keyGroups }: Task) {
    return {
      keyGroups,
      store: this.#store,
      name: `runs/${++this.#names}`,
      metadata: { ...METADATA, maxParallelism: KEY_GROUPS, keyGroups },
      slice: { monotonic: () => 0, budgetMs: 1, yield: () => Promise.resolve() },
      blockBytes: 64,
    }
  }

  /** Injected faults may fail an attempt; it has then changed nothing. */
  async #attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      if (!isMillraceError(error) || error.details['injected'] !== true) throw error
      this.failures++
    }
  }
}

/** The references as a task of that range held them. */
function narrowed(runs: readonly RunReference[], keyGroups: KeyGroupRange): RunReference[] {
  return runs.map((run) => ({
    ...run,
    keyGroups: {
      start: Math.max(run.keyGroups.start, keyGroups.start),
      end: Math.min(run.keyGroups.end, keyGroups.end),
    },
  }))
}

test('checkpoints, merges, rescales and faults in any order keep what a Map keeps', async () => {
  let failures = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(seed)
    try {
      for (let step = 0; step < STEPS; step++) {
        await world.step()
        if (step % 10 === 9) await world.check()
      }
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    failures += world.failures
  }
  assert.ok(failures > SEEDS, `${failures} injected failures`)
})
