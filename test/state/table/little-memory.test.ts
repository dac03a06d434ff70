// Next to no memory beside plenty of it: whatever leaves memory, in whole rows or in parts of large
// collections, is read, changed, cut and restored as if it had stayed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ALL_GROUPS,
  contentOf,
  type Handles,
  type Runs,
} from '../../../src/testing/conformance/backend-world.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { Both, upTo } from './both.ts'

/** Fills every collection of a key with more than stays in memory in one piece. */
function fill(state: Handles, from: number, count: number): void {
  const { map, sorted, set, list, deque, value } = state
  for (let at = from; at < from + count; at++) {
    map.set(at, `value ${at}`)
    sorted.set(at * 3, at)
    set.add(`element ${at}`)
    list.add(at)
    deque.pushLast(at)
  }
  value.update('full')
}

for (const isInUse of [true, false]) {
  const title = isInUse ? 'in parts' : 'in one piece'
  test(`large collections leave memory ${title} and are changed in parts`, async () => {
    const both = await Both.open()
    for (let from = 0; from < 400; from += 20) {
      both.on('large', (state) => fill(state, from, 20))
      if (isInUse) both.letGo({ isInUse })
    }
    both.letGo({ isInUse })
    const { statistics } = both.little.backend
    if (!isInUse) assert.ok(statistics.evictions < 20 && statistics.rows === 0)
    else assert.ok(statistics.evictions > 400 && statistics.rows === 1, `${statistics.evictions}`)
    both.on('large', ({ map, sorted, set, deque }) => {
      for (let at = 0; at < 400; at += 3) {
        map.delete(at)
        sorted.delete(at * 3)
        set.delete(`element ${at}`)
      }
      map.set(-1, 'new')
      sorted.set(-1, 'new')
      sorted.set(300, 'changed')
      return [deque.popFirst(), deque.popLast(), deque.at(0), deque.at(200), deque.at(-1)]
    })
    both.letGo({ isInUse })
    both.on('large', ({ map, sorted, set, list, deque }) => [
      [map.get(1), map.get(3), map.has(4), map.has(6), map.get(-1), map.isEmpty],
      [sorted.first(), sorted.last(), sorted.get(300), sorted.get(9)],
      [...sorted.range({ from: 290, to: 320 })],
      [...sorted.range({ to: 700, reverse: true, limit: 5 })],
      [set.has('element 1'), set.has('element 3'), list.length, deque.length],
    ])
    both.assertSame(['large'])
    both.letGo({ isInUse })
    both.on('large', ({ map, sorted, deque }) => {
      const seen: unknown[] = []
      for (const [key] of map) {
        if (Number(key) % 2 === 0) map.delete(key)
      }
      for (const [key] of sorted) {
        seen.push(key)
        if (seen.length % 5 === 0) sorted.delete(key)
      }
      for (const element of deque) if (Number(element) % 50 === 0) seen.push(element)
      return seen
    })
    both.letGo({ isInUse })
    both.assertSame(['large'])
    await both.close()
  })
}

for (const isInUse of [true, false]) {
  const title = isInUse ? 'is in use' : 'is not in memory'
  test(`a large collection that is cleared is gone below, if its key ${title}`, async () => {
    const both = await Both.open()
    for (let from = 0; from < 300; from += 20) {
      both.on('large', (state) => fill(state, from, 20))
      if (isInUse) both.letGo({ isInUse })
    }
    const first = await both.checkpoint()
    both.letGo({ isInUse })
    both.on('large', ({ map, sorted, set, list, deque }) => {
      for (const state of [map, sorted, set, list, deque]) state.clear()
      map.set(7, 'again')
      deque.pushFirst('again')
      for (const at of upTo(200)) sorted.set(at, 'again')
    })
    both.letGo({ isInUse })
    both.assertSame(['large'])
    const second = await both.checkpoint()
    both.letGo({ isInUse })
    both.assertSame(['large'])
    for (const [before, after] of [0, 1].map(
      (at) => [first[at] ?? [], second[at] ?? []] as const,
    )) {
      const restored = await Both.open({ restore: [...before, ...after] })
      assert.deepEqual(contentOf(restored.little, 'large'), contentOf(both.little, 'large'))
      restored.assertSame(['large'])
      await restored.close()
    }
    await both.close()
  })
}

for (const seed of [1, 2, 3, 4]) {
  test(`rows come and go between cuts and nobody sees it (seed ${seed})`, async () => {
    const random = new SeededRandom(seed)
    const both = await Both.open()
    const keys = upTo(60)
    const changeSome = (count: number): void => {
      for (let times = count; times > 0; times--) {
        const [key, dice, at] = [random.int(60), random.int(9), random.int(200)]
        both.on(key, (state) => changeOf(state, dice, at))
      }
    }
    const runs: [Runs, Runs] = [[], []]
    for (let round = 0; round < 5; round++) {
      changeSome(80)
      both.letGo()
      if (round % 2 === 1) both.abort()
      changeSome(40)
      const [inPlenty, inLittle] = await both.checkpoint(() => {
        changeSome(20)
        both.letGo()
        changeSome(20)
      })
      runs[0] = [...runs[0], ...inPlenty]
      runs[1] = [...runs[1], ...inLittle]
    }
    both.assertSame(keys)
    both.letGo()
    const last = await both.checkpoint()
    for (const [at, former] of runs.entries()) {
      const restore = [...former, ...(last[at] ?? [])]
      const restored = await Both.open({ restore })
      for (const key of keys) {
        assert.deepEqual(contentOf(restored.little, key), contentOf(both.little, key))
      }
      restored.assertSame(keys)
      await restored.close()
    }
    // All is confirmed: nothing is left to be cut, here or below.
    both.letGo()
    const empty = await both.checkpoint()
    assert.deepEqual(empty, [[[]], [[]]])
    await both.close()
  })
}

const clearAll = (states: readonly { clear(): void }[]): void => {
  for (const state of states) state.clear()
}

function changeOf(state: Handles, dice: number, at: number): unknown {
  const { value, count, map, list, largest, all, sorted, set, deque, counter } = state
  switch (dice) {
    case 0:
      value.update({ at })
      return count.update(at)
    case 1:
      for (const key of upTo(at % 7)) map.set(key, at)
      return largest.add(at)
    case 2:
      return at % 4 === 0 ? list.update([at, at]) : list.add(at)
    case 3:
      for (const key of upTo(at % 5)) sorted.set(at - key, key)
      return all.add(at)
    case 4:
      set.add(at % 5)
      set.delete(at % 3)
      return deque.pushFirst(at)
    case 5:
      deque.pushLast(at)
      return at % 2 === 0 ? deque.popFirst() : deque.popLast()
    case 6:
      map.delete(at % 7)
      sorted.delete(sorted.first()?.[0])
      return counter.add(at)
    case 7:
      for (const each of [value, map, list, sorted]) each.clear()
      return count.clear()
    default:
      for (const each of [value, count, map, list, largest, all, sorted, set, deque, counter]) {
        each.clear()
      }
      return undefined
  }
}

test('rows of a batch are fetched together, each once, and those that are there not', async () => {
  const both = await Both.open()
  for (const key of upTo(50)) both.on(key, ({ count }) => count.update(key))
  both.letGo()
  const { table, backend } = both.little
  const before = backend.statistics
  assert.equal(before.rows, 0)
  const keys = [3, 4, 3, 'nobody', 5]
  table.prefetch(keys, Int32Array.from(keys, routeHash), 4)
  const { prefetchedReads, coldReads, rows } = backend.statistics
  assert.deepEqual([prefetchedReads - before.prefetchedReads, rows], [3, 3])
  for (const key of [3, 4]) both.on(key, ({ count }) => count.value())
  assert.equal(backend.statistics.coldReads, coldReads)
  table.prefetch(keys, Int32Array.from(keys, routeHash), 5)
  assert.equal(backend.statistics.prefetchedReads - before.prefetchedReads, 4)
  both.assertSame(upTo(50))
  await both.close()
})

test('all keys are told, those in memory and those below, deleted ones not', async () => {
  const both = await Both.open({ keyGroups: ALL_GROUPS })
  for (const key of upTo(700)) {
    both.on(key, ({ count, map, list }) => {
      if (key % 3 === 0) count.update(key)
      else if (key % 3 === 1) map.set(key, key)
      else list.add(key)
    })
  }
  both.letGo()
  for (const key of upTo(700)) {
    if (key % 5 === 0) both.on(key, ({ count, map, list }) => clearAll([count, map, list]))
    if (key % 7 === 0) both.on(key, ({ map }) => map.delete(key))
    if (key === 350) both.letGo()
  }
  both.assertSame([])
  await both.checkpoint()
  await both.checkpoint()
  both.letGo()
  both.assertSame([])
  await both.close()
})
