// Items in the order of their keys beside a plain sorted array, also walked while they change.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Item } from '../../../src/state/table/item.ts'
import { before, beforePrefix, behind, behindPrefix } from '../../../src/state/table/key-cut.ts'
import { SortedItemIndex } from '../../../src/state/table/sorted-items.ts'
import { TimerFrontiers } from '../../../src/state/table/timer-frontiers.ts'
import { SeededRandom } from '../../../src/util/random.ts'

// Of the owner, an index needs nothing.
const owner = {} as unknown as Item['owner']
const item = (key: unknown): Item => new Item(owner, key, `value of ${String(key)}`, 0)
const walked = (index: SortedItemIndex, from: number, to: number, limit = Infinity): unknown[] => {
  const met: unknown[] = []
  index.sorted.walk(from, to, ({ key }) => met.push(key) < limit)
  return met
}
const keysOf = (items: Iterable<Item>): unknown[] => Array.from(items, ({ key }) => key)

for (const order of ['upwards', 'downwards', 'at random'] as const) {
  test(`whatever is added ${order} and deleted, ranges are those of a sorted array`, () => {
    const random = new SeededRandom(5)
    const index = new SortedItemIndex()
    const held = new Map<number, Item>()
    for (let step = 0; step < 1500; step++) {
      const key =
        order === 'upwards' ? step : order === 'downwards' ? 3000 - step : random.int(2000)
      if (held.has(key)) index.delete(key)
      const made = item(key)
      held.set(key, made)
      index.set(made)
      if (random.int(3) > 0) continue
      const victim = [...held.keys()][random.int(held.size)] ?? 0
      held.delete(victim)
      index.delete(victim)
    }
    const all = [...held.keys()].toSorted((a, b) => a - b)
    assert.equal(index.size, all.length)
    assert.deepEqual(keysOf(index.sorted.upwards(undefined, undefined)), all)
    assert.deepEqual(keysOf(index.sorted.downwards(undefined, undefined)), all.toReversed())
    for (let round = 0; round < 60; round++) {
      const [from, to] = [all[random.int(all.length)] ?? 0, all[random.int(all.length)] ?? 0]
      const between = all.filter((key) => key >= from && key < to)
      assert.deepEqual(keysOf(index.sorted.upwards(before(from), before(to))), between)
      assert.deepEqual(
        keysOf(index.sorted.downwards(before(from), before(to))),
        between.toReversed(),
      )
      const open = all.filter((key) => key > from && key <= to)
      assert.deepEqual(keysOf(index.sorted.upwards(behind(from), behind(to))), open)
      const both = all.filter((key) => key >= from && key <= to)
      assert.deepEqual(walked(index, from, to), both)
      assert.deepEqual(walked(index, from - 0.5, to + 0.5), both)
      assert.deepEqual(walked(index, from, to, 3), both.slice(0, 3))
      assert.deepEqual(keysOf(index.sorted.downwards(behind(from), behind(to))), open.toReversed())
    }
    for (const key of all) {
      assert.equal(index.get(key), held.get(key))
      index.delete(key)
      assert.equal(index.get(key), undefined)
    }
    assert.deepEqual([...index.sorted.upwards(undefined, undefined)], [])
    assert.deepEqual([...index.sorted.downwards(undefined, undefined)], [])
  })
}

test('a walk goes on rightly while items come and go', () => {
  for (const how of ['upwards', 'downwards', 'walk'] as const) {
    const isDown = how === 'downwards'
    const random = new SeededRandom(9)
    const index = new SortedItemIndex()
    const held = new Set<number>()
    const add = (key: number): void => {
      if (!held.has(key)) index.set(item(key))
      held.add(key)
    }
    for (let key = 0; key < 3000; key += 3) add(key)
    let last = isDown ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
    const seen: number[] = []
    const isAhead = (key: number): boolean => (isDown ? key < last : key > last)
    const promised = new Set(held)
    const visit = ({ key }: Item): boolean => {
      assert.ok(typeof key === 'number' && isAhead(key) && held.has(key))
      last = key
      seen.push(key)
      for (let changes = random.int(3); changes > 0; changes--) {
        const other = random.int(3000)
        if (random.int(2) === 0) {
          index.delete(other)
          held.delete(other)
          if (isAhead(other)) promised.delete(other)
        } else {
          add(other)
          if (isAhead(other)) promised.add(other)
        }
      }
      return true
    }
    if (how === 'walk') index.sorted.walk(-Infinity, Infinity, visit)
    else for (const each of index.sorted[how](undefined, undefined)) visit(each)
    assert.deepEqual(new Set(seen), promised)
  }
})

test('cuts at keys and prefixes are where their bytes are', () => {
  const keys = ['', 'a', 'a\0', 'aa', 'ab', 'b', ['a'], ['a', 1], ['a', 2], ['b'], -1, 0, 7, 7.5]
  const bytes = keys.map((key) => before(key).bytes())
  for (const cut of [
    ...keys.map(before),
    ...keys.map(behind),
    beforePrefix('a'),
    behindPrefix('a'),
    beforePrefix(['a']),
    behindPrefix(['a']),
  ]) {
    for (const [at, key] of keys.entries()) {
      const own = bytes[at]
      assert.ok(own !== undefined)
      assert.equal(cut.isBefore(key), cut.bytes().compare(own) <= 0 ? false : true, String(key))
    }
  }
  const within = keys.filter(
    (key) => !beforePrefix('a').isBefore(key) && behindPrefix('a').isBefore(key),
  )
  assert.deepEqual(within, ['a', 'a\0', 'aa', 'ab'])
})

test('entries that are found by objects are found by their bytes', () => {
  const index = new SortedItemIndex()
  const keys = [{ a: 1 }, ['x', 1], new Uint8Array([1, 2]), 'x', 0, Number.NaN, null, true]
  for (const key of keys) index.set(item(key))
  assert.equal(index.size, keys.length)
  for (const key of [{ a: 1 }, ['x', 1], new Uint8Array([1, 2]), 'x', -0, Number.NaN, null, true]) {
    assert.notEqual(index.get(key), undefined)
  }
  assert.equal(index.get({ a: 2 }), undefined)
  assert.equal([...index.items()].length, keys.length)
  index.delete({ a: 1 })
  index.delete({ a: 3 })
  assert.deepEqual([index.get({ a: 1 }), index.size], [undefined, keys.length - 1])
  index.clear()
  assert.deepEqual([index.size, [...index.items()], index.get('x')], [0, [], undefined])
})

test('the frontier that comes first is known, by time and then by hash', () => {
  const random = new SeededRandom(3)
  const frontiers = new TimerFrontiers(6)
  const places = new Map<number, readonly [number, number]>()
  for (let step = 0; step < 500; step++) {
    const [group, time, hash] = [random.int(6), random.int(4), random.int(4) - 2]
    const held = places.get(group)
    if (random.int(5) === 0) {
      frontiers.clear(group)
      places.delete(group)
    } else if (held === undefined || time < held[0] || (time === held[0] && hash <= held[1])) {
      frontiers.lower(group, time, hash)
      places.set(group, [time, hash])
    } else {
      frontiers.raise(group, time, hash)
      places.set(group, [time, hash])
    }
    const sorted = [...places].toSorted(([, a], [, b]) => a[0] - b[0] || a[1] - b[1])
    const [first] = sorted
    assert.equal(frontiers.isNowhere(frontiers.first), first === undefined)
    if (first !== undefined) {
      const { first: at } = frontiers
      assert.deepEqual([frontiers.timeOf(at), frontiers.hashOf(at)], first[1])
    }
    for (let each = 0; each < 6; each++) {
      const place = places.get(each)
      assert.equal(frontiers.isNowhere(each), place === undefined)
      for (const [at, of] of [
        [1, 0],
        [2, 1],
        [0, -2],
        [3, 1],
      ] as const) {
        const difference = place === undefined ? -1 : at - place[0] || of - place[1]
        assert.equal(frontiers.mayHold(each, at, of), difference >= 0)
        assert.equal(frontiers.isAfter(each, at, of), difference > 0)
      }
    }
  }
})
