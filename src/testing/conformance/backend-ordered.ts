/** The part of the suite of backends about sorted maps, sets, deques and counters. */
import assert from 'node:assert/strict'
import type { SortedRange } from '../../state/collection-handles.ts'
import { compareBytes } from '../../state/runs/entry.ts'
import { writeKey } from '../../types/keys.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { Define } from './backend-kinds.ts'
import { type BackendSuite, contentOf, type Handles, runOf, World } from './backend-world.ts'

/** In their order. */
const SORTED_KEYS: readonly unknown[] = [
  undefined, null, false, true, Number.NEGATIVE_INFINITY, -2, -1.5, 0, 1, 2, 10, 1e300,
  Number.POSITIVE_INFINITY, Number.NaN, -(2n ** 70n), -1n, 0n, 9n, 2n ** 2000n, new Date(-1),
  new Date(5), '', 'B', 'a', 'a\0', 'aa', 'ab', 'b', 'é', '\ud800', '\ud800a', '\uffff',
  '\u{1F600}', new Uint8Array([]), new Uint8Array([1, 2]), new Uint8Array([1, 2, 0]),
  new Uint8Array([255]), [], [1], [1, 'x'], [2], [10, 'a'], ['a', 1], ['a', 2], ['ab', 1],
  { a: 1 }, { a: 2 }, { b: 0 },
] // prettier-ignore

/** Tests of the kinds that Flink has not. */
export function orderedTests(define: Define, suite: BackendSuite): void {
  orderTests(define)
  rangeTests(define)
  dequeTests(define)
  setAndCounterTests(define)
  define('ordered states are restored as they were', async (world) => {
    fill(world)
    const first = await world.checkpoint()
    world.on('a', ({ sorted, deque }) => {
      sorted.delete(7)
      deque.popFirst()
      deque.pushFirst('new')
    })
    const second = await world.checkpoint()
    assert.equal(second.length, 2, 'one entry for each element that changed')
    const again = await World.open(suite, { restore: [first, second] })
    assert.deepEqual(contentOf(again, 'a'), contentOf(world, 'a'))
    again.on('a', ({ sorted, deque }) => {
      assert.deepEqual([deque.popFirst(), deque.popFirst()], ['new', 2])
      assert.deepEqual(
        Array.from(sorted.range({ from: 6, limit: 2 }), ([, value]) => value),
        [6, 8],
      )
    })
    await again.close()
  })

  define('a cut holds ordered states as they were, whatever is walked meanwhile', async (world) => {
    fill(world)
    const expected = contentOf(world, 'a')
    const cut = world.backend.cut()
    world.on('a', ({ sorted, set, deque, counter }) => {
      for (const [key] of sorted.range({ from: 10 })) if (Number(key) % 2 === 0) sorted.delete(key)
      for (const element of set) set.delete(element)
      while (deque.length > 50) deque.popLast()
      counter.clear()
    })
    const run = await runOf(cut)
    cut.confirm()
    const again = await World.open(suite, { restore: [run] })
    assert.deepEqual(contentOf(again, 'a'), expected)
    await again.close()
  })
}

function fill(world: World): void {
  world.on('a', ({ sorted, set, deque, counter }) => {
    for (let at = 99; at >= 0; at--) sorted.set(at, at)
    for (const element of ['x', 1, ['y', 2]]) set.add(element)
    for (let at = 1; at <= 100; at++) deque.pushLast(at)
    counter.add(2.5)
  })
}

function orderTests(define: Define): void {
  define('a sorted map goes through all kinds of keys in the order of their bytes', (world) => {
    const bytes = SORTED_KEYS.map((key) => {
      const out = new ByteWriter()
      writeKey(key, out)
      return out.copy()
    })
    assert.deepEqual(bytes.toSorted(compareBytes), bytes)
    world.on('a', ({ sorted }) => {
      const mixed = (index: number): number => (index * 29) % 47
      const turned = [...SORTED_KEYS.entries()].toSorted((a, b) => mixed(a[0]) - mixed(b[0]))
      for (const [index, key] of turned) sorted.set(key, index)
      assert.deepEqual([...sorted.keys()], SORTED_KEYS)
      assert.deepEqual(
        Array.from(sorted.range({ reverse: true }), ([key]) => key),
        SORTED_KEYS.toReversed(),
      )
      sorted.set(-0, 'zero')
      assert.deepEqual([sorted.get(0), sorted.get(Number.NaN)], ['zero', 13])
      assert.deepEqual([sorted.first()?.[0], sorted.last()?.[0]], [undefined, { b: 0 }])
      for (const key of SORTED_KEYS) sorted.delete(key)
      assert.deepEqual(
        [sorted.isEmpty, sorted.first(), sorted.last()],
        [true, undefined, undefined],
      )
    })
  })
}

function keysOf({ sorted }: Handles, range: SortedRange<unknown>): unknown[] {
  return Array.from(sorted.range(range), ([key]) => key)
}

function rangeTests(define: Define): void {
  define('ranges have the bounds, prefix, direction and limit that are asked for', (world) => {
    world.on('a', (state) => {
      for (const key of [1, 3, 5, 7]) state.sorted.set(key, String(key))
      assert.deepEqual(keysOf(state, { from: 3, to: 7 }), [3, 5])
      const turned = { from: 3, fromExclusive: true, to: 7, toInclusive: true }
      assert.deepEqual(keysOf(state, turned), [5, 7])
      assert.deepEqual(keysOf(state, { from: 2, to: 6, reverse: true }), [5, 3])
      assert.deepEqual(keysOf(state, { to: 7, reverse: true, limit: 1 }), [5])
      assert.deepEqual(keysOf(state, { from: 7, to: 3 }), [])
      assert.deepEqual(keysOf(state, { limit: 0 }), [])
      assert.throws(() => state.sorted.range({ limit: -1 }), { code: 'TYPE_MISMATCH' })
    })
    world.on('b', (state) => {
      for (const key of ['a', 'ab', 'abc', 'b', '\ud83d', '\u{1F600}']) state.sorted.set(key, 1)
      assert.deepEqual(keysOf(state, { prefix: 'ab' }), ['ab', 'abc'])
      assert.deepEqual(keysOf(state, { prefix: 'a', reverse: true, limit: 2 }), ['abc', 'ab'])
      assert.deepEqual(keysOf(state, { prefix: '\ud83d' }), ['\ud83d'])
      assert.throws(() => state.sorted.range({ prefix: 'a', to: 'b' }), { code: 'TYPE_MISMATCH' })
      assert.throws(() => state.sorted.range({ prefix: 1 }), { code: 'TYPE_MISMATCH' })
    })
    world.on('c', (state) => {
      for (const key of [['x'], ['x', 1], ['x', 2], ['xy', 1], ['y']]) state.sorted.set(key, 1)
      assert.deepEqual(keysOf(state, { prefix: ['x'] }), [['x'], ['x', 1], ['x', 2]])
      assert.deepEqual(keysOf(state, { prefix: [] }).length, 5)
      const bytes = [[1], [1, 0], [2]].map((each) => new Uint8Array(each))
      for (const key of bytes) state.sorted.set(key, 1)
      assert.deepEqual(keysOf(state, { prefix: new Uint8Array([1]) }), bytes.slice(0, 2))
    })
  })

  define('a sorted map may be changed while it is walked', (world) => {
    world.on('a', ({ sorted }) => {
      for (let key = 0; key < 1000; key++) sorted.set(key, key)
      const seen: unknown[] = []
      for (const [key, value] of sorted.range({ from: 100 })) {
        seen.push(value)
        for (const near of [Number(key) - 1, Number(key) + 1]) sorted.delete(near)
        sorted.set(Number(key) + 0.5, 'new')
        sorted.set(Number(key) + 2, Number(value) * 2 + 2)
        if (seen.length === 5) sorted.clear()
      }
      assert.deepEqual(seen, [100, 202, 406, 814, 1630])
      assert.equal(sorted.isEmpty, true)
    })
  })
}

function dequeTests(define: Define): void {
  define('a deque takes and gives at both ends', (world) => {
    world.on('a', ({ deque }) => {
      assert.deepEqual([deque.first(), deque.popLast(), deque.length], [undefined, undefined, 0])
      deque.pushLast('b')
      deque.pushLast('c')
      deque.pushFirst('a')
      assert.deepEqual([...deque], ['a', 'b', 'c'])
      assert.deepEqual([deque.first(), deque.last(), deque.length], ['a', 'c', 3])
      assert.deepEqual([deque.at(1), deque.at(-1), deque.at(-3)], ['b', 'c', 'a'])
      assert.deepEqual([deque.at(3), deque.at(-4)], [undefined, undefined])
      assert.deepEqual([deque.popFirst(), deque.popLast(), deque.popFirst()], ['a', 'c', 'b'])
      assert.equal(deque.popFirst(), undefined)
      deque.pushFirst('z')
      deque.clear()
      deque.pushFirst(undefined)
      assert.deepEqual([...deque], [undefined])
      assert.deepEqual([deque.length, deque.popLast(), deque.length], [1, undefined, 0])
    })
  })
}

function setAndCounterTests(define: Define): void {
  define('a set holds each element once, by value', (world) => {
    world.on('a', ({ set }) => {
      assert.equal(set.isEmpty, true)
      for (const element of ['x', 1, -0, 0, ['y', 2], ['y', 2], { a: 1 }]) set.add(element)
      assert.equal([...set].length, 5)
      for (const element of ['x', 0, ['y', 2]]) assert.equal(set.has(element), true)
      assert.equal(set.has('y'), false)
      set.delete(['y', 2])
      set.delete('nothing')
      assert.deepEqual([...set.values()].length, 4)
      assert.throws(() => set.add(() => 1), { code: 'TYPE_MISMATCH' })
      set.clear()
      assert.deepEqual([set.isEmpty, set.has('x')], [true, false])
    })
  })

  define('a counter adds up', (world) => {
    world.on('a', ({ counter }) => {
      assert.equal(counter.value(), 0)
      assert.deepEqual([counter.increment(), counter.add(2.5), counter.add(-1)], [1, 3.5, 2.5])
      assert.equal(counter.value(), 2.5)
      assert.throws(() => counter.add('1' as unknown as number), { code: 'TYPE_MISMATCH' })
      counter.clear()
      assert.equal(counter.value(), 0)
    })
    assert.deepEqual([...world.table.keys()], [])
  })
}
