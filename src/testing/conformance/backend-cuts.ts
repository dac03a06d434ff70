/** The part of the suite of backends about cuts: what they hold, when, and what becomes of them. */
import assert from 'node:assert/strict'
import { compareBytes } from '../../state/runs/entry.ts'
import { copyOf } from '../../state/runs/entry-range.ts'
import type { Define } from './backend-kinds.ts'
import {
  ALL_GROUPS,
  type BackendSuite,
  contentOf,
  restored,
  restoredContent,
  runOf,
  setAll,
  World,
} from './backend-world.ts'

/** Tests of single cuts. */
export function cutTests(define: Define, suite: BackendSuite): void {
  contentTests(define)
  momentTests(define, suite)
  deletionTests(define, suite)
}

function contentTests(define: Define): void {
  define('a cut holds what changed since the last one, in order, each key once', async (world) => {
    for (let key = 0; key < 300; key++) {
      world.on(key, ({ count, list, map }) => {
        count.update(key)
        if (key % 3 === 0) list.addAll([1, 2])
        if (key % 5 === 0) setAll(map, { m: key, n: key })
      })
    }
    const first = await world.checkpoint()
    assert.equal(first.length, 300 + 100 + 120)
    for (let index = 1; index < first.length; index++) {
      const [before, after] = [first[index - 1], first[index]]
      assert.ok(before !== undefined && after !== undefined)
      assert.ok(compareBytes(before.key, after.key) < 0, 'keys ascend')
    }
    world.on(7, ({ count }) => count.update(70))
    world.on(15, ({ map }) => map.set('n', 0))
    world.on(8, ({ count }) => assert.equal(count.value(), 8))
    assert.equal((await world.checkpoint()).length, 2)
    assert.equal((await world.checkpoint()).length, 0)
  })
}

function momentTests(define: Define, suite: BackendSuite): void {
  define('a cut holds the values of its moment, whatever is written later', async (world) => {
    const keys = Array.from({ length: 200 }, (_, index) => `key ${index}`)
    for (const key of keys) {
      world.on(key, ({ value, list, map, largest, all }) => {
        value.update({ of: key })
        list.addAll([1, 2, 3])
        setAll(map, { a: 1, b: 2 })
        largest.add(5)
        all.add(5)
      })
    }
    const before = keys.map((key) => contentOf(world, key))
    const cut = world.backend.cut()
    const entries = cut.entries()[Symbol.iterator]()
    const run = []
    for (const [index, key] of keys.entries()) {
      world.on(key, ({ value, list, map, largest, all }) => {
        all.add(6)
        if (index % 4 === 0) value.clear()
        else value.update('later')
        if (index % 4 === 1) list.clear()
        else list.add(4)
        if (index % 4 === 2) map.clear()
        else map.delete('a')
        map.set('c', 3)
        largest.clear()
      })
      for (let step = 0; step < 5; step++) {
        const { value } = entries.next()
        if (value !== undefined) run.push(copyOf(value))
      }
    }
    for (let next = entries.next(); next.done !== true; next = entries.next()) {
      if (next.value !== undefined) run.push(copyOf(next.value))
    }
    cut.confirm()
    const again = await World.open(suite, { restore: [run] })
    assert.deepEqual(
      keys.map((key) => contentOf(again, key)),
      before,
    )
    await again.close()
    const second = await world.checkpoint()
    const now = keys.map((key) => contentOf(world, key))
    const merged = await World.open(suite, { restore: [run, second] })
    assert.deepEqual(
      keys.map((key) => contentOf(merged, key)),
      now,
    )
    await merged.close()
  })
}

function deletionTests(define: Define, suite: BackendSuite): void {
  define('what is deleted is deleted in the next run, then gone', async (world) => {
    world.on('a', ({ value, list, map }) => {
      value.update(1)
      list.addAll([1, 2])
      setAll(map, { x: 1, y: 2 })
    })
    world.on('b', ({ value }) => value.update(2))
    const first = await world.checkpoint()
    world.on('a', ({ value, list, map }) => {
      value.clear()
      list.clear()
      map.delete('x')
    })
    const second = await world.checkpoint()
    assert.equal(second.length, 3)
    const left = await restoredContent(suite, [first, second], 'a')
    assert.deepEqual(left, { ...EMPTY, map: [['y', 2]] })
    world.on('a', ({ map }) => map.clear())
    const third = await world.checkpoint()
    assert.equal(third.length, 1)
    const again = await World.open(suite, { restore: [first, second, third] })
    assert.deepEqual(
      [...again.table.keys()].map(({ key }) => key),
      ['b'],
    )
    await again.close()
    assert.equal((await world.checkpoint()).length, 0)
    assert.deepEqual(
      [...world.table.keys()].map(({ key }) => key),
      ['b'],
    )
  })

  define('what comes and goes between two cuts leaves no trace', async (world) => {
    for (let key = 0; key < 1000; key++) {
      world.on(key, ({ value, list, map, sorted, deque }) => {
        value.update('brief')
        list.add(1)
        map.set(1, 1)
        sorted.set(1, 1)
        deque.pushLast(1)
        value.clear()
        list.clear()
        map.delete(1)
        sorted.delete(1)
        deque.popFirst()
      })
    }
    world.table.deselect()
    assert.equal((await world.checkpoint()).length, 0)
    assert.equal(world.backend.statistics.rows, 0)
  })
}

const EMPTY = {
  value: undefined,
  count: 0,
  list: [],
  map: [],
  largest: undefined,
  all: undefined,
  sorted: [],
  set: [],
  deque: [],
  counter: 0,
}

/** Tests of confirming, aborting and rolling back. */
export function fateTests(define: Define, suite: BackendSuite): void {
  abortTests(define, suite)
  rollbackTests(define, suite)
}

function abortTests(define: Define, suite: BackendSuite): void {
  define('the changes of an aborted cut are in the next one', async (world) => {
    world.on('a', ({ value, map }) => {
      value.update(1)
      setAll(map, { x: 1, y: 1 })
    })
    world.on('b', ({ list }) => list.addAll([1, 2]))
    const base = await world.checkpoint()
    world.on('a', ({ map }) => map.clear())
    world.on('b', ({ list }) => list.clear())
    world.on('c', ({ value }) => value.update(3))
    const aborted = world.backend.cut()
    await runOf(aborted)
    world.on('c', ({ value }) => value.update(4))
    world.on('a', ({ map }) => map.set('z', 1))
    aborted.abort()
    aborted.abort()
    const unread = world.backend.cut()
    world.on('d', ({ all }) => all.add(1))
    unread.abort()
    const run = await world.checkpoint()
    for (const key of ['a', 'b', 'c', 'd']) {
      const content = await restoredContent(suite, [base, run], key)
      assert.deepEqual(content, contentOf(world, key), key)
    }
    assert.equal((await world.checkpoint()).length, 0)
  })

  define('several cuts may be under way', async (world) => {
    const runs = []
    const cuts = []
    const contents = []
    for (let round = 0; round < 4; round++) {
      world.on('a', ({ list, count }) => {
        list.add(round)
        count.update(round)
      })
      world.on(round, ({ value }) => value.update(round))
      if (round > 0) world.on(round - 1, ({ value }) => value.clear())
      contents.push(contentOf(world, 'a'))
      cuts.push(world.backend.cut())
    }
    for (const cut of cuts) runs.push(await runOf(cut))
    for (let round = 0; round < 4; round++) {
      const content = await restoredContent(suite, runs.slice(0, round + 1), 'a')
      assert.deepEqual(content, contents[round])
    }
    cuts[2]?.confirm()
    cuts[3]?.confirm()
    cuts[0]?.confirm()
    assert.equal((await world.checkpoint()).length, 0)
  })

  define('a cut after an aborted one cannot be confirmed', async (world) => {
    world.on('a', ({ count }) => count.update(1))
    const first = world.backend.cut()
    world.on('b', ({ count }) => count.update(1))
    const second = world.backend.cut()
    first.abort()
    assert.throws(() => second.confirm(), /void/)
    second.abort()
    assert.equal((await world.checkpoint()).length, 2)
  })
}

function rollbackTests(define: Define, suite: BackendSuite): void {
  define('a rollback replaces everything and voids open cuts', async (world) => {
    world.on('a', ({ value, list }) => {
      value.update(1)
      list.add(1)
    })
    const run = await world.checkpoint()
    const content = contentOf(world, 'a')
    world.on('a', ({ value, list }) => {
      value.update(2)
      list.clear()
    })
    world.on('b', ({ value }) => value.update(3))
    const open = world.backend.cut()
    await world.backend.rollback(restored([run], ALL_GROUPS))
    open.confirm()
    assert.deepEqual(contentOf(world, 'a'), content)
    assert.deepEqual(contentOf(world, 'b'), EMPTY)
    assert.equal((await world.checkpoint()).length, 0)
    world.on('a', ({ value }) => value.clear())
    const next = await world.checkpoint()
    assert.deepEqual(await restoredContent(suite, [run, next], 'a'), contentOf(world, 'a'))
  })
}
