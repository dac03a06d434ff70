// Maps and sets of numbers lie packed in memory. Whatever is done to them, they are what maps and
// sets of JavaScript are, in the same order, also after a restore; and they give their memory back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EntryStream } from '../../../src/state/backend.ts'
import { setState } from '../../../src/state/collection-descriptors.ts'
import type { SetState } from '../../../src/state/collection-handles.ts'
import { mapState } from '../../../src/state/descriptors.ts'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import type { GatheredMap } from '../../../src/state/handles.ts'
import type { KeyedTable } from '../../../src/state/table/keyed-table.ts'
import { layoutOf } from '../../../src/state/table/layout.ts'
import { PackedEntries } from '../../../src/state/table/packed-entries.ts'
import { SlotArena } from '../../../src/state/table/slot-arena.ts'
import type { TableBackend } from '../../../src/state/table/table-backend.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { runOf } from '../../../src/testing/conformance/backend-world.ts'
import { streamOf } from '../../../src/state/runs/stream.ts'
import { mergeSync } from '../../../src/state/runs/merge.ts'
import type { Entry } from '../../../src/state/backend.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { SeededRandom } from '../../../src/util/random.ts'

const DESCRIPTORS = {
  sums: mapState(t.float64, t.float64),
  flags: mapState(t.int32, t.boolean),
  seen: setState(t.timestamp),
  texts: mapState(t.float64, t.string),
}
const STATES = Object.entries(DESCRIPTORS).map(([name, { kind, type, keyType }], at) => ({
  id: at + 1,
  name,
  kind,
  type: type.schema,
  ...(keyType === undefined ? {} : { keyType: keyType.schema }),
}))
const RECORD = { id: 1, uid: 'packed', states: STATES }
const SPEC = { record: RECORD, keyType: t.float64, descriptors: DESCRIPTORS }

class World {
  readonly backend: TableBackend
  readonly table: KeyedTable

  constructor() {
    this.backend = hashmap().create({
      keyGroups: { start: 0, end: 3 },
      maxParallelism: 4,
      memoryBytes: 0,
      scratch: new MemoryScratch(),
      monotonic: () => 0,
    }) as TableBackend // which it is
    this.table = this.backend.register(SPEC) as KeyedTable // of a table backend
  }

  static async open(restore?: EntryStream): Promise<World> {
    const world = new World()
    await world.backend.open(restore)
    return world
  }

  select(key: number): this {
    this.table.select(key, routeHash(key))
    return this
  }

  get sums(): GatheredMap<number, number> {
    return this.table.handles['sums'] as GatheredMap<number, number> // declared above
  }

  get flags(): GatheredMap<number, boolean> {
    return this.table.handles['flags'] as GatheredMap<number, boolean> // declared above
  }

  get seen(): SetState<number> {
    return this.table.handles['seen'] as SetState<number> // declared above
  }

  async checkpoint(): Promise<readonly Entry[]> {
    const cut = this.backend.cut()
    const run = await runOf(cut)
    cut.confirm()
    return run
  }
}

interface Plain {
  readonly sums: Map<number, number>
  readonly flags: Map<number, boolean>
  readonly seen: Set<number>
}

const ODD = [0.5, -0, Number.NaN, 2 ** 40, -(2 ** 31), 1e300, -1e-300, Number.POSITIVE_INFINITY]

function change(world: World, plain: Plain, random: SeededRandom): void {
  const whole = random.int(40)
  const number = random.int(4) === 0 ? (ODD[random.int(ODD.length)] ?? 0) : whole * 2 ** 20
  const kinds = [
    () => [world.sums, plain.sums].forEach((map) => map.set(number, whole / 4)),
    () => [world.sums, plain.sums].forEach((map) => map.delete(number)),
    () => [world.flags, plain.flags].forEach((map) => map.set(whole, whole % 3 === 0)),
    () => [world.flags, plain.flags].forEach((map) => map.delete(whole)),
    () => [world.seen, plain.seen].forEach((set) => set.add(whole * 1e12)),
    () => [world.seen, plain.seen].forEach((set) => set.delete(whole * 1e12)),
  ]
  kinds[random.int(kinds.length)]?.()
  if (random.int(150) > 0) return
  for (const each of [world.sums, plain.sums, world.seen, plain.seen]) each.clear()
}

/** @param isOrdered as long as nothing that was deleted waits to be forgotten. */
function expectSame(world: World, plain: Plain, isOrdered: boolean): void {
  const ordered = <T>(all: Iterable<T>): readonly T[] =>
    isOrdered ? [...all] : [...all].toSorted((a, b) => (String(a) < String(b) ? -1 : 1))
  assert.deepEqual(ordered(world.sums), ordered(plain.sums))
  assert.deepEqual(ordered(world.flags.entries()), ordered(plain.flags))
  assert.deepEqual(ordered(world.flags.keys()), ordered(plain.flags.keys()))
  assert.deepEqual(ordered(world.sums.values()), ordered(plain.sums.values()))
  assert.deepEqual(ordered(world.seen.values()), ordered(plain.seen))
  assert.equal(world.sums.isEmpty, plain.sums.size === 0)
  assert.equal(world.seen.isEmpty, plain.seen.size === 0)
  for (const key of [...ODD, ...plain.sums.keys(), 7, 7.5]) {
    assert.deepEqual(
      [world.sums.get(key), world.sums.has(key)],
      [plain.sums.get(key), plain.sums.has(key)],
    )
    assert.equal(world.seen.has(key), plain.seen.has(key))
  }
}

for (const seed of [1, 2, 3]) {
  test(`packed maps and sets are as plain ones (seed ${seed})`, async () => {
    const random = new SeededRandom(seed)
    let world = await World.open()
    const plains = Array.from({ length: 5 }, (): Plain => ({
      sums: new Map(),
      flags: new Map(),
      seen: new Set(),
    }))
    let held: readonly Entry[] = []
    for (let round = 0; round < 60; round++) {
      for (let step = 0; step < 60; step++) {
        const key = random.int(plains.length)
        change(world.select(key), plains[key] as Plain, random)
      }
      for (const [key, plain] of plains.entries()) expectSame(world.select(key), plain, round < 5)
      if (round < 5 || random.int(3) > 0) continue
      held = [...mergeSync([held, await world.checkpoint()], { dropTombstones: true })]
      if (random.int(3) > 0) continue
      await world.backend.close()
      world = await World.open(streamOf(held))
      for (const [key, plain] of plains.entries()) expectSame(world.select(key), plain, false)
    }
    for (const [key, plain] of plains.entries()) {
      world.select(key)
      for (const name of plain.sums.keys()) world.sums.delete(name)
      for (const name of plain.seen) world.seen.delete(name)
      world.flags.clear()
    }
    world.select(99)
    for (let cut = 0; cut < 2; cut++) await world.checkpoint()
    assert.deepEqual(await world.checkpoint(), [])
    assert.equal(world.backend.statistics.rows, 0)
    assert.equal(world.table.laneCount, 0, 'all room was given back')
    await world.backend.close()
  })
}

test('only maps and sets of numbers lie packed, and only where nothing lies below', () => {
  const packed = (isWhole: boolean) =>
    layoutOf(RECORD, DESCRIPTORS, isWhole).collections.map(({ packing }) => packing)
  assert.deepEqual(packed(true), ['number', 'boolean', 'number', undefined])
  assert.deepEqual(packed(false), [undefined, undefined, undefined, undefined])
})

test('a walk gives what was there when it began and still is', async () => {
  const world = (await World.open()).select(1)
  for (let key = 0; key < 9; key++) world.sums.set(key, key)
  const found: [number, number][] = []
  for (const [key, value] of world.sums.entries()) {
    found.push([key, value])
    if (key > 0) continue
    world.sums.delete(1)
    world.sums.set(2, 20)
    world.sums.delete(3)
    world.sums.set(3, 30)
    for (let more = 100; more < 200; more++) world.sums.set(more, more)
  }
  assert.deepEqual(
    found,
    [0, 2, 4, 5, 6, 7, 8].map((key) => [key, key === 2 ? 20 : key]),
  )
  const walk = world.sums.keys()[Symbol.iterator]()
  assert.equal(walk.next().value, 0)
  world.select(2)
  assert.throws(() => walk.next(), { code: 'STATE_NO_KEY' })
  await world.backend.close()
})

test('a large map changes while a cut of it is read, which holds what was', async () => {
  const keys = Array.from({ length: 9000 }, (_, at) => at / 2)
  const open = async (): Promise<World> => {
    const world = (await World.open()).select(1)
    for (const key of keys) world.sums.set(key, key)
    for (const key of keys.slice(0, 4000)) world.seen.add(key)
    return world
  }
  const textOf = ({ key, value }: Entry): string => Buffer.concat([key, value]).toString('hex')
  const [still, world] = [await open(), await open()]
  const first = await still.checkpoint()
  const expected = first.map(textOf)
  const cut = world.backend.cut()
  const found: string[] = []
  let pauses = 0
  for (const entry of cut.entries()) {
    if (entry !== undefined) {
      found.push(textOf(entry))
      continue
    }
    world.select(1)
    for (const key of keys.slice(pauses * 100, pauses * 100 + 50)) world.sums.set(key, -key)
    for (const key of keys.slice(pauses * 100 + 50, pauses * 100 + 99)) world.sums.delete(key)
    world.sums.set(1e6 + pauses, 1)
    if (pauses === 1) world.seen.clear()
    if (pauses === 2) world.seen.add(3)
    pauses++
  }
  assert.ok(pauses > 4, `${pauses}`)
  assert.deepEqual(found, expected)
  cut.confirm()
  const next = await world.checkpoint()
  assert.ok(next.length <= 100 * pauses + 2, 'only what changed')
  const all = mergeSync([first, next], { dropTombstones: true })
  const restored = (await World.open(streamOf([...all]))).select(1)
  const byKey = (a: readonly [number, number], b: readonly [number, number]) => a[0] - b[0]
  assert.deepEqual([...restored.sums].toSorted(byKey), [...world.select(1).sums].toSorted(byKey))
  assert.deepEqual([...restored.seen], [3])
  for (const each of [still, world, restored]) await each.backend.close()
})

test('keys of another type are not there', async () => {
  const world = (await World.open()).select(1)
  world.sums.set(1, 1)
  const wrong = '1' as unknown as number // as a caller without types gives it
  assert.equal(world.sums.get(wrong), undefined)
  assert.equal(world.sums.has(wrong), false)
  world.sums.delete(wrong)
  assert.throws(() => world.sums.set(wrong, 1), { code: 'TYPE_MISMATCH' })
  assert.deepEqual([...world.sums], [[1, 1]])
  await world.backend.close()
})

test('a map that grows takes room, and gives it back as it shrinks', () => {
  const entries = new PackedEntries(new SlotArena(), true)
  for (let key = 0; key < 3000; key++) entries.add(key * 1024, 0)
  assert.equal(entries.room, 3 * 4096)
  for (let key = 2999; key >= 0; key--) {
    assert.equal(entries.keyAt(entries.find(key * 1024)), key * 1024)
    entries.remove(entries.find(key * 1024))
    assert.equal(entries.find(key * 1024), -1)
    assert.ok(entries.room <= 3 * Math.max(4, 16 * entries.count), `${key}: ${entries.room}`)
  }
  assert.equal(entries.room, 0)
})

test('entries are numbered anew where there are no more numbers, in their order', () => {
  const entries = new PackedEntries(new SlotArena(), false, 20)
  const held: number[] = []
  for (let key = 0; key < 200; key++) {
    entries.add(key, 0)
    held.push(key)
    if (held.length > 7) entries.remove(entries.find(held.splice(key % 5, 1)[0] ?? -1))
    assert.ok(entries.serial <= 20)
    assert.deepEqual([...entries.liveKeys()], held)
  }
})
