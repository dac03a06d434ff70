/** The part of the suite of backends about memory: little of it changes nothing but counters. */
import assert from 'node:assert/strict'
import { routeHash } from '../../types/keys.ts'
import type { Define } from './backend-kinds.ts'
import {
  type BackendSuite,
  contentOf,
  type Handles,
  runOf,
  setAll,
  World,
} from './backend-world.ts'

/** So little that hardly a row stays. */
const LITTLE_MEMORY_BYTES = 6 << 10
/** A little more, for what stays of large collections in use. */
const LARGE_MEMORY_BYTES = 64 << 10
const KEYS = 300

/** Changes most states of a key; what it does depends on key and round only. */
function change(world: World, key: number, round: number): void {
  world.on(key, ({ value, count, list, map, largest, all, sorted, set, deque, counter }) => {
    count.update(count.value() + round)
    if (key % 2 === 0) value.update({ round, key })
    else if (round === 2) value.clear()
    for (let at = 0; at < key % 5; at++) list.add(`${round} ${at}`)
    setAll(map, { [`${key % 7}`]: round, [`${round}`]: key })
    if ((key + round) % 6 === 0) map.clear()
    if ((key + round) % 10 === 0) list.clear()
    if ((key + round) % 4 === 0) map.delete(`${round}`)
    largest.add(key * round)
    if (key % 3 === 0) all.add(round)
    for (let at = 0; at < key % 4; at++) sorted.set(at * 10 - round, key)
    if ((key + round) % 5 === 0) sorted.delete(-round)
    set.add(round % 3)
    if (key % 7 === round) set.delete((round + 1) % 3)
    if (key % 2 === 0) deque.pushLast(round)
    else deque.pushFirst(round)
    if ((key + round) % 3 === 0) deque.popFirst()
    if ((key + round) % 8 === 0) deque.popLast()
    counter.add(round)
  })
}

function changeAll(world: World, round: number): void {
  for (let key = 0; key < KEYS; key++) change(world, key, round)
  world.table.deselect()
  world.backend.maintain(100)
}

async function inPlenty(rounds: readonly number[], suite: BackendSuite): Promise<World> {
  const world = await World.open(suite)
  for (const round of rounds) changeAll(world, round)
  return world
}

function expectSame(found: World, expected: World, keys = KEYS): void {
  for (let key = 0; key < keys; key++) {
    assert.deepEqual(contentOf(found, key), contentOf(expected, key), `key ${key}`)
  }
}

/** Tests in little memory. */
export function memoryTests(suite: BackendSuite): void {
  const define = defineIn(suite, LITTLE_MEMORY_BYTES)
  evictionTests(define, suite)
  coldReadTests(define)
  largeTests(defineIn(suite, LARGE_MEMORY_BYTES), suite)
}

function defineIn(suite: BackendSuite, memoryBytes: number): Define {
  return (title, body) =>
    suite.test(`${suite.name}, in little memory: ${title}`, async () => {
      const world = await World.open(suite, { memoryBytes })
      try {
        await body(world)
        if (!suite.evicts) return
        const { evictions, coldReads, prefetchedReads } = world.backend.statistics
        assert.ok(evictions > 0 && coldReads + prefetchedReads > 0, 'rows left and came back')
      } finally {
        await world.close()
      }
    })
}

function evictionTests(define: Define, suite: BackendSuite): void {
  define('every key has what was written', async (world) => {
    const expected = await inPlenty([1, 2, 3], suite)
    for (const round of [1, 2, 3]) changeAll(world, round)
    expectSame(world, expected)
    assert.equal([...world.table.keys()].length, [...expected.table.keys()].length)
    await expected.close()
  })

  define('cuts hold what was there, also of rows that left meanwhile', async (world) => {
    const runs = []
    for (const round of [1, 2, 3]) {
      changeAll(world, round)
      const cut = world.backend.cut()
      const entries = cut.entries()[Symbol.iterator]()
      for (let key = 0; key < KEYS; key += 3) change(world, key, 10 + round)
      cut.abort()
      assert.throws(() => entries.next(), { code: 'STATE_CLOSED' })
      const second = world.backend.cut()
      for (let key = 1; key < KEYS; key += 3) change(world, key, 20 + round)
      runs.push(await runOf(second))
      second.confirm()
    }
    const last = await world.checkpoint()
    const restored = await World.open(suite, { restore: [...runs, last] })
    expectSame(restored, world)
    assert.equal((await restored.checkpoint()).length, 0)
    await restored.close()
    const before = await World.open(suite, { restore: runs })
    const model = await World.open(suite)
    for (const round of [1, 2, 3]) {
      changeAll(model, round)
      for (let key = 0; key < KEYS; key += 3) change(model, key, 10 + round)
      if (round === 3) break
      for (let key = 1; key < KEYS; key += 3) change(model, key, 20 + round)
    }
    expectSame(before, model)
    await before.close()
    await model.close()
  })

  define('a restored state is read when it is used', async (world) => {
    const expected = await inPlenty([1, 2], suite)
    const run = await expected.checkpoint()
    const again = await World.open(suite, { restore: [run], memoryBytes: LITTLE_MEMORY_BYTES })
    assert.equal([...again.table.keys()].length, [...expected.table.keys()].length)
    const keys = Array.from({ length: 30 }, (_, key) => key)
    again.table.prefetch(
      keys,
      Int32Array.from(keys, (key) => routeHash(key)),
      keys.length,
    )
    for (let key = 0; key < KEYS; key++) change(again, key, 3)
    for (let key = 0; key < KEYS; key++) change(expected, key, 3)
    const delta = await again.checkpoint()
    const merged = await World.open(suite, { restore: [run, delta] })
    expectSame(merged, expected)
    for (const each of [merged, again, expected]) await each.close()
    changeAll(world, 1)
    changeAll(world, 2)
  })
}

function coldReadTests(define: Define): void {
  define('what was deleted stays deleted below', async (world) => {
    const keys = Array.from({ length: 80 }, (_, at) => `list ${at}`)
    for (const key of keys) world.on(key, ({ list }) => list.add(key))
    changeAll(world, 1)
    for (const key of keys.slice(0, 40)) world.on(key, ({ list }) => list.clear())
    await world.checkpoint()
    await world.checkpoint()
    for (const key of keys.slice(0, 20)) {
      world.on(key, ({ value }) => {
        value.update('brief')
        value.clear()
      })
    }
    changeAll(world, 2)
    for (const key of keys.slice(0, 40)) world.on(key, ({ list }) => assert.equal(list.length, 0))
    for (const key of keys.slice(40)) world.on(key, ({ list }) => assert.equal(list.length, 1))
    const left = [...world.table.keys()].filter(({ key }) => typeof key === 'string')
    assert.equal(left.length, 40)
  })
}

const STEPS = 4000

/** The newest 599 of 4,000, turned round, and the newest 200. */
function expectQueues(sorted: Handles['sorted'], deque: Handles['deque']): void {
  assert.deepEqual(
    [sorted.first(), sorted.last()],
    [
      [-3999, 3999],
      [-3400, 3400],
    ],
  )
  assert.equal([...sorted].length, 600)
  const part = sorted.range({ from: -3603, toInclusive: true, to: -3601 })
  assert.deepEqual(
    Array.from(part, ([, value]) => value),
    [3603, 3602, 3601],
  )
  const down = sorted.range({ to: -3600, reverse: true, limit: 2 })
  assert.deepEqual(
    Array.from(down, ([, value]) => value),
    [3601, 3602],
  )
  assert.deepEqual([deque.length, deque.first(), deque.last()], [200, 3800, 3999])
  assert.deepEqual([deque.at(1), deque.at(-2), deque.at(100)], [3801, 3998, 3900])
}

/** Changes the large collections of one key in one of the steps. */
function changeLarge({ map, list, sorted, deque }: Handles, at: number): void {
  map.set(at % 1800, at)
  list.add(at)
  sorted.set(-at, at)
  deque.pushLast(at)
  if (at >= 200) assert.equal(deque.popFirst(), at - 200)
  if (at >= 600) sorted.delete(600 - at)
  if (at % 3 === 0) map.delete((at * 7) % 1800)
  if (at === 1000) map.clear()
}

function largeTests(define: Define, suite: BackendSuite): void {
  define('a large collection in constant use leaves memory in parts', async (world) => {
    for (let at = 0; at < STEPS; at++) {
      world.on('hot', (state) => changeLarge(state, at))
      if (at % 200 === 0) world.backend.maintain(100)
      if (at === 1800) await world.checkpoint()
    }
    const model = new Map<number, number>()
    for (let at = 0; at < STEPS; at++) {
      model.set(at % 1800, at)
      if (at % 3 === 0) model.delete((at * 7) % 1800)
      if (at === 1000) model.clear()
    }
    world.table.deselect()
    world.backend.maintain(100)
    const { estimatedBytes } = world.backend.statistics
    if (suite.evicts) assert.ok(estimatedBytes < 2 * LARGE_MEMORY_BYTES, `${estimatedBytes} bytes`)
    world.on('hot', ({ map, list, sorted, deque }) => {
      assert.equal(list.length, STEPS)
      expectQueues(sorted, deque)
      const entries = [...map].toSorted((a, b) => Number(a[0]) - Number(b[0]))
      assert.deepEqual(
        entries,
        [...model].toSorted((a, b) => a[0] - b[0]),
      )
    })
  })

  define('large collections of one key are read and changed in parts', async (world) => {
    for (let at = 0; at < 600; at++) {
      world.on('large', ({ map, list }) => {
        map.set(at, `value ${at}`)
        list.add(at)
      })
      change(world, at, 1)
    }
    const inMap = world.on('large', ({ map }) => [...map.keys()])
    assert.deepEqual(
      inMap.map(Number).toSorted((a, b) => a - b),
      Array.from({ length: 600 }, (_, at) => at),
    )
    world.on('large', ({ map, list }) => {
      assert.equal(list.length, 600)
      for (const [key] of map) if (Number(key) % 2 === 0) map.delete(key)
    })
    changeAll(world, 2)
    world.on('large', ({ map, list }) => {
      assert.equal([...map].length, 300)
      assert.deepEqual([map.get(4), map.get(5), map.has(598)], [undefined, 'value 5', false])
      assert.deepEqual(list.get().slice(595), [595, 596, 597, 598, 599])
      map.clear()
      list.update([1])
    })
    changeAll(world, 3)
    world.on('large', ({ map, list }) => {
      assert.equal(map.isEmpty, true)
      assert.deepEqual(list.get(), [1])
    })
  })
}
