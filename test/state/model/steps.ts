// Random changes of one key, made to the handles and to the plain model alike.
import assert from 'node:assert/strict'
import type { Handles } from '../../../src/testing/conformance/backend-world.ts'
import type { Random } from '../../../src/util/random.ts'
import { type PlainRow, textOf } from './plain.ts'

const MAP_KEYS: readonly unknown[] = [0, 1, -1.5, 'a', 'b', 'é', true, 7n, ['t', 1], { x: 1 }]

type Change = (held: Handles, row: PlainRow, random: Random) => void

function anyValue(random: Random): unknown {
  switch (random.int(5)) {
    case 0:
      return random.int(1000)
    case 1:
      return `text ${random.int(1000)}`
    case 2:
      return { n: random.int(10), deep: [random.int(10)] }
    case 3:
      return random.next()
    default:
      return random.int(2) === 0 ? null : undefined
  }
}

function mapKey(random: Random): unknown {
  return random.int(3) === 0 ? random.int(300) : MAP_KEYS[random.int(MAP_KEYS.length)]
}

const updateValue: Change = (held, row, random) => {
  row.value = [anyValue(random)]
  held.value.update(row.value[0])
}

const clearValue: Change = (held, row) => {
  row.value = undefined
  held.value.clear()
}

const addCount: Change = (held, row, random) => {
  row.count = (row.count ?? 0) + random.int(10) + 0.5
  held.count.update(row.count)
}

const clearCount: Change = (held, row) => {
  row.count = undefined
  held.count.clear()
}

const addToList: Change = (held, row, random) => {
  const values = Array.from({ length: 1 + random.int(random.int(20) === 0 ? 150 : 4) }, () =>
    random.int(100),
  )
  row.list.push(...values)
  if (values.length === 1) held.list.add(values[0])
  else held.list.addAll(values)
}

const updateList: Change = (held, row, random) => {
  row.list = Array.from({ length: random.int(150) }, (_, index) => index)
  held.list.update(row.list)
}

const clearList: Change = (held, row) => {
  row.list = []
  held.list.clear()
}

const setInMap: Change = (held, row, random) => {
  for (let times = random.int(4); times >= 0; times--) {
    const [key, value] = [mapKey(random), anyValue(random)]
    row.map.set(textOf(key), { key, value })
    held.map.set(key, value)
  }
}

const deleteFromMap: Change = (held, row, random) => {
  for (let times = random.int(4); times >= 0; times--) {
    const key = mapKey(random)
    row.map.delete(textOf(key))
    held.map.delete(key)
  }
}

const clearMap: Change = (held, row) => {
  row.map.clear()
  held.map.clear()
}

const readThroughMap: Change = (held, row) => {
  for (const [key, value] of held.map) {
    if (typeof value !== 'number') continue
    row.map.set(textOf(key), { key, value: value + 1 })
    held.map.set(key, value + 1)
  }
}

const addLargest: Change = (held, row, random) => {
  const value = random.int(1000)
  row.largest = Math.max(row.largest ?? value, value)
  held.largest.add(value)
}

const clearFolds: Change = (held, row) => {
  row.largest = undefined
  row.all = undefined
  held.largest.clear()
  held.all.clear()
}

const addAll: Change = (held, row, random) => {
  const value = random.int(10)
  row.all = [...(row.all ?? []), value]
  held.all.add(value)
}

const setInSorted: Change = ({ sorted }, row, random) => {
  for (let times = random.int(4); times >= 0; times--) {
    const [key, value] = [mapKey(random), anyValue(random)]
    row.sorted.set(textOf(key), { key, value })
    sorted.set(key, value)
  }
}

const deleteFromSorted: Change = ({ sorted }, row, random) => {
  for (const [key] of sorted.range({ from: random.int(200), limit: 3 })) {
    row.sorted.delete(textOf(key))
    sorted.delete(key)
  }
  const last = sorted.last()
  if (last === undefined) return
  row.sorted.delete(textOf(last[0]))
  sorted.delete(last[0])
}

const clearSorted: Change = ({ sorted }, row) => {
  row.sorted.clear()
  sorted.clear()
}

const changeSet: Change = ({ set }, row, random) => {
  const [one, other] = [mapKey(random), mapKey(random)]
  row.set.set(textOf(one), one)
  set.add(one)
  row.set.delete(textOf(other))
  set.delete(other)
}

const clearSet: Change = ({ set }, row) => {
  row.set.clear()
  set.clear()
}

const push: Change = ({ deque }, row, random) => {
  const value = anyValue(random)
  if (random.int(2) === 0) {
    row.deque.push(value)
    deque.pushLast(value)
  } else {
    row.deque.unshift(value)
    deque.pushFirst(value)
  }
}

const pop: Change = ({ deque }, row, random) => {
  assert.equal(deque.length, row.deque.length)
  assert.deepEqual([deque.first(), deque.last()], [row.deque[0], row.deque.at(-1)])
  const index = random.int(5) - 2
  assert.deepEqual(deque.at(index), row.deque.at(index))
  if (random.int(2) === 0) assert.deepEqual(deque.popFirst(), row.deque.shift())
  else assert.deepEqual(deque.popLast(), row.deque.pop())
}

const clearDeque: Change = ({ deque }, row) => {
  row.deque = []
  deque.clear()
}

const addToCounter: Change = ({ counter }, row, random) => {
  row.counter = (row.counter ?? 0) + random.int(7) - 3
  assert.equal(counter.add(row.counter - counter.value()), row.counter)
}

const clearCounter: Change = ({ counter }, row) => {
  row.counter = undefined
  counter.clear()
}

const clearEverything: Change = (held, row, random) => {
  for (const change of [clearValue, clearCount, clearList, clearMap, clearFolds, ...CLEARS]) {
    change(held, row, random)
  }
}

const CLEARS: readonly Change[] = [clearSorted, clearSet, clearDeque, clearCounter]

const CHANGES: readonly Change[] = [
  updateValue, updateValue, clearValue, addCount, addCount, clearCount, addToList, addToList,
  updateList, clearList, setInMap, setInMap, deleteFromMap, clearMap, readThroughMap, addLargest,
  clearFolds, addAll, addAll, clearEverything, clearEverything, setInSorted, setInSorted,
  deleteFromSorted, clearSorted, changeSet, changeSet, clearSet, push, push, push, pop, pop,
  clearDeque, addToCounter, clearCounter,
] // prettier-ignore

/** One random change of the current key; gives its name. */
export function changeOnce(held: Handles, row: PlainRow, random: Random): string {
  const change = CHANGES[random.int(CHANGES.length)] ?? updateValue
  change(held, row, random)
  return change.name
}
