// `fold` of a map's entry is what reading it and setting it again would be: for packed maps and
// others, in plenty of memory and over a store below, while snapshots are being written.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregating, type Fold, reducing } from '../../../src/operators/windows/fold.ts'
import type { Entry, KeyedStateBackend, StateBackend } from '../../../src/state/backend.ts'
import { mapState } from '../../../src/state/descriptors.ts'
import type { FoldedMap } from '../../../src/state/handles.ts'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { restored, runOf } from '../../../src/testing/conformance/backend-world.ts'
import { openMemoryStore } from '../../../src/testing/memory-store.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { SeededRandom } from '../../../src/util/random.ts'

const inPlace = {
  createAccumulator: (): number[] => [],
  add(value: number, seen: number[]) {
    seen.push(value)
    return seen
  },
  getResult: (seen: number[]) => seen.join(),
}
// The folds of operators know nothing of the types of their values.
const FOLDS: Readonly<Record<string, Fold>> = {
  sums: reducing((a, b) => (a as number) + (b as number), t.float64),
  flags: reducing((a, b) => a !== (b as number) > 30, t.boolean),
  texts: reducing((a, b) => `${String(a)},${String(b)}`.slice(-20), t.dynamic()),
  most: reducing((a, b) => Math.max(a as number, b as number), t.dynamic()),
  lists: aggregating(inPlace, t.list(t.float64)),
}
const NAMES = Object.keys(FOLDS)
const DESCRIPTORS = Object.fromEntries(
  Object.entries(FOLDS).map(([name, { type }]) => [name, mapState(t.float64, type)]),
)
const SPEC = {
  record: {
    id: 1,
    uid: 'folded',
    states: Object.entries(DESCRIPTORS).map(([name, { kind, type, keyType }], at) => ({
      id: at + 1,
      name,
      kind,
      type: type.schema,
      keyType: keyType?.schema ?? type.schema,
    })),
  },
  keyType: t.float64,
  descriptors: DESCRIPTORS,
}
const GROUPS = { start: 0, end: 15 }

type Add = (map: FoldedMap<number, unknown>, slot: number, fold: Fold, value: unknown) => boolean

const atOnce: Add = (map, slot, fold, value) => map.fold(slot, fold, value)

const inSteps: Add = (map, slot, fold, value) => {
  const held = map.get(slot)
  if (!map.has(slot)) {
    map.set(slot, fold.first(value))
    return true
  }
  // Given to a pending snapshot before it changes.
  if (typeof held === 'object') map.set(slot, held)
  map.set(slot, fold.add(held, value))
  return false
}

class World {
  readonly #backend: KeyedStateBackend
  readonly #maps: Readonly<Record<string, FoldedMap<number, unknown>>>
  readonly #select: (key: number) => void
  readonly #add: Add

  constructor(backend: KeyedStateBackend, add: Add) {
    const table = backend.register(SPEC)
    this.#backend = backend
    this.#add = add
    this.#select = (key) => table.select(key, routeHash(key))
    // They are declared above.
    this.#maps = table.handles as Readonly<Record<string, FoldedMap<number, unknown>>>
  }

  static async open(choice: StateBackend, add: Add, runs?: Runs): Promise<World> {
    const backend = choice.create({
      keyGroups: GROUPS,
      maxParallelism: 16,
      memoryBytes: choice.name === 'hashmap' ? 2 ** 24 : 16,
      scratch: new MemoryScratch(),
      monotonic: () => 0,
      shards: { count: 4, slots: 4, rowsAhead: 0 },
      nativeStore: openMemoryStore,
    })
    const world = new World(backend, add)
    await backend.open(runs === undefined ? undefined : restored(runs, GROUPS))
    return world
  }

  add(key: number, name: string, slot: number, value: unknown): boolean {
    this.#select(key)
    return this.#add(this.#map(name), slot, foldOf(name), value)
  }

  delete(key: number, name: string, slot: number): void {
    this.#select(key)
    this.#map(name).delete(slot)
  }

  /** Writes what had changed when it was called, after `meanwhile`. */
  async checkpoint(meanwhile: () => void): Promise<readonly Entry[]> {
    const cut = this.#backend.cut()
    meanwhile()
    const run = await runOf(cut)
    cut.confirm()
    return run
  }

  contents(key: number): unknown {
    this.#select(key)
    return NAMES.map((name) => [...this.#map(name)].map(String).toSorted())
  }

  /** Gives memory a chance to let rows go. */
  rest(): void {
    for (let round = 0; round < 4; round++) this.#backend.maintain(1000)
  }

  close(): Promise<void> {
    return this.#backend.close()
  }

  #map(name: string): FoldedMap<number, unknown> {
    const map = this.#maps[name]
    assert.ok(map)
    return map
  }
}

type Runs = readonly (readonly Entry[])[]
const KEYS = [0, 1, 2, 3]

function foldOf(name: string): Fold {
  const fold = FOLDS[name]
  assert.ok(fold)
  return fold
}

function change(random: SeededRandom, worlds: readonly World[]): void {
  const [key, slot, value] = [random.int(KEYS.length), random.int(6) * 1e12, random.int(60)]
  const name = NAMES[random.int(NAMES.length)] ?? ''
  if (random.int(5) === 0) for (const world of worlds) world.delete(key, name, slot)
  else {
    const added = name === 'flags' ? value > 20 : value
    const isFirst = worlds.map((world) => world.add(key, name, slot, added))
    assert.equal(new Set(isFirst).size, 1)
  }
}

for (const choice of [hashmap(), rocksdb()]) {
  test(`an entry is folded at once as in steps (${choice.name})`, async () => {
    for (let seed = 1; seed <= 2; seed++) {
      const random = new SeededRandom(seed)
      const runs: (readonly Entry[])[] = []
      const both = (from?: Runs) =>
        Promise.all([atOnce, inSteps].map((add) => World.open(choice, add, from)))
      let worlds = await both()
      for (let round = 0; round < 7; round++) {
        for (let step = 0; step < 40; step++) change(random, worlds)
        const [one, other] = worlds
        assert.ok(one && other)
        for (const world of worlds) world.rest()
        const cuts: (readonly Entry[])[] = []
        const later = seed * 1000 + round
        for (const world of worlds) {
          const meanwhile = new SeededRandom(later)
          const changes = () => {
            for (let step = 0; step < 15; step++) change(meanwhile, [world])
          }
          cuts.push(await world.checkpoint(changes))
        }
        assert.deepEqual(cuts[0], cuts[1], `seed ${seed}, round ${round}`)
        runs.push(cuts[0] ?? [])
        for (const key of KEYS) assert.deepEqual(one.contents(key), other.contents(key))
        if (round % 3 < 2) continue
        const held = await both(runs)
        for (const world of worlds) await world.close()
        worlds = held
      }
      for (const world of worlds) await world.close()
    }
  })
}
