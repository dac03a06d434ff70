// Random writes, reads, ticks, checkpoints and restores on other backends of states with a time to
// live: what is seen is what a plain model with one stamp for each entry sees, and each entry that
// expires is told of once.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Entry } from '../../src/state/backend.ts'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { rocksdb } from '../../src/state/rocksdb/index.ts'
import type { StateTtl } from '../../src/state/ttl.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import type { BackendSuite } from '../../src/testing/conformance/backend-world.ts'
import {
  LIFE_MS,
  type MortalHandles,
  MortalWorld,
} from '../../src/testing/conformance/mortal-world.ts'
import { openMemoryStore } from '../../src/testing/memory-store.ts'
import { SeededRandom } from '../../src/util/random.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const STEPS = Number(process.env['MILLRACE_TTL_STEPS'] ?? 6_000)
const KEYS = Array.from({ length: 12 }, (_, at) => `key ${at}`)

interface Stamped {
  readonly id: string
  readonly text: string
  stamp: number
}

/** Of one key: what was written and not overwritten, in order. */
class PlainRow {
  value: Stamped[] = []
  list: Stamped[] = []
  deque: Stamped[] = []
  map: Stamped[] = []
  sorted: Stamped[] = []
  set: Stamped[] = []

  expire(now: number, told: string[]): void {
    const alive = (all: Stamped[]): Stamped[] => {
      for (const each of all) if (each.stamp + LIFE_MS <= now) told.push(each.text)
      return all.filter((each) => each.stamp + LIFE_MS > now)
    }
    this.value = alive(this.value)
    this.list = alive(this.list)
    this.deque = alive(this.deque)
    this.map = alive(this.map)
    this.sorted = alive(this.sorted)
    this.set = alive(this.set)
  }
}

function put(all: Stamped[], id: string, text: string, stamp: number): void {
  const held = all.findIndex((each) => each.id === id)
  if (held >= 0) all.splice(held, 1)
  all.push({ id, text, stamp })
}

type Change = (state: MortalHandles, row: PlainRow, now: number, random: SeededRandom) => void

const textOf = (random: SeededRandom): string => `text ${random.int(1_000_000)}`

const CHANGES: readonly Change[] = [
  (state, row, now, random) => {
    const text = textOf(random)
    row.value = [{ id: '', text, stamp: now }]
    state.value.update(text)
  },
  (state, row) => {
    row.value = []
    state.value.clear()
  },
  (state, row, now, random) => {
    const text = textOf(random)
    row.list.push({ id: '', text, stamp: now })
    state.list.add(text)
  },
  (state, row, now, random) => {
    const texts = Array.from({ length: random.int(80) }, () => textOf(random))
    row.list = texts.map((text) => ({ id: '', text, stamp: now }))
    state.list.update(texts)
  },
  (state, row, now, random) => {
    const text = textOf(random)
    if (random.int(2) === 0) {
      row.deque.push({ id: '', text, stamp: now })
      state.deque.pushLast(text)
    } else {
      row.deque.unshift({ id: '', text, stamp: now })
      state.deque.pushFirst(text)
    }
  },
  (state, row, _, random) => {
    if (random.int(2) === 0) assert.equal(state.deque.popFirst(), row.deque.shift()?.text)
    else assert.equal(state.deque.popLast(), row.deque.pop()?.text)
  },
  (state, row, now, random) => {
    const [id, text] = [`${random.int(20)}`, textOf(random)]
    put(row.map, id, text, now)
    state.map.set(id, text)
    put(row.sorted, id, text, now)
    state.sorted.set(Number(id), text)
    put(row.set, id, id, now)
    state.set.add(id)
  },
  (state, row, _, random) => {
    const id = `${random.int(20)}`
    row.map = row.map.filter((each) => each.id !== id)
    state.map.delete(id)
    row.sorted = row.sorted.filter((each) => each.id !== id)
    state.sorted.delete(Number(id))
  },
  (state, row) => {
    row.map = []
    state.map.clear()
    row.deque = []
    state.deque.clear()
  },
]

function compare(state: MortalHandles, row: PlainRow): void {
  const texts = (all: readonly Stamped[]): string[] => all.map(({ text }) => text)
  assert.deepEqual(state.value.value(), row.value[0]?.text)
  assert.deepEqual(state.list.get(), texts(row.list))
  assert.deepEqual([...state.deque], texts(row.deque))
  assert.equal(state.deque.length, row.deque.length)
  assert.deepEqual([...state.map.values()].toSorted(byText), texts(row.map).toSorted(byText))
  const sorted = row.sorted.toSorted((a, b) => Number(a.id) - Number(b.id))
  assert.deepEqual([...state.sorted.values()], texts(sorted))
  assert.deepEqual([...state.set].toSorted(byText), texts(row.set).toSorted(byText))
  assert.equal(state.map.isEmpty, row.map.length === 0)
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const SUITES: readonly BackendSuite[] = [hashmap, rocksdb].map((choose) => ({
  test: () => undefined,
  name: 'model',
  choose: () => choose(),
  context: () => ({ nativeStore: openMemoryStore, scratch: new MemoryScratch() }),
  evicts: false,
}))

async function run(seed: number, renewsOnRead: boolean): Promise<void> {
  const random = new SeededRandom(seed)
  const [told, expected]: [string[], string[]] = [[], []]
  const ttl: StateTtl = {
    after: LIFE_MS,
    update: renewsOnRead ? 'on-read-and-write' : 'on-create-and-write',
    onExpire: (value) => told.push(String(value)),
  }
  const rows = new Map(KEYS.map((key) => [key, new PlainRow()]))
  const runs: (readonly Entry[])[] = []
  let now = 0
  const open = (): Promise<MortalWorld> => {
    const suite = SUITES[random.int(SUITES.length)]
    assert.ok(suite !== undefined)
    return MortalWorld.open(suite, { ttl, restore: runs, now, memoryBytes: 32 << 10 })
  }
  let world = await open()
  for (let step = 0; step < STEPS; step++) {
    const dice = random.int(100)
    if (dice < 15) {
      now += random.int(25)
      // Now and then time has come, but marks have not fired yet.
      if (random.int(3) === 0) world.now = now
      else world.advance(now)
    } else if (dice < 18) {
      runs.push(await world.checkpoint())
      if (random.int(3) > 0) continue
      await world.backend.close()
      world = await open()
    } else if (dice < 20) world.backend.maintain(1)
    else {
      const key = KEYS[random.int(KEYS.length)] ?? ''
      const row = rows.get(key)
      assert.ok(row !== undefined)
      row.expire(now, expected)
      if (dice < 40) {
        world.on(key, (state) => compare(state, row))
        if (renewsOnRead) renew(row, now)
      } else {
        const change = CHANGES[random.int(CHANGES.length)]
        world.on(key, (state) => change?.(state, row, now, random))
      }
    }
    world.table.deselect()
  }
  world.advance(now + 2 * LIFE_MS)
  for (const row of rows.values()) row.expire(now + 2 * LIFE_MS, expected)
  assert.deepEqual(world.keys, [])
  assert.deepEqual(told.toSorted(byText), expected.toSorted(byText))
  await world.backend.close()
}

/** What `compare` reads. */
function renew(row: PlainRow, now: number): void {
  for (const all of [row.value, row.list, row.deque, row.map, row.sorted, row.set]) {
    for (const each of all) each.stamp = now
  }
}

describe(`the model of time-to-live (seed ${SEED})`, () => {
  it('agrees when writes renew', () => run(SEED, false))
  it('agrees when reads renew, too', () => run(SEED + 1, true))
})
