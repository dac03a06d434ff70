// The plain side of the model of time-to-live: one stamp for each entry, looked at one by one.
import assert from 'node:assert/strict'
import { LIFE_MS, type MortalHandles } from '../../../src/testing/conformance/mortal-world.ts'
import type { Random } from '../../../src/util/random.ts'

interface Stamped {
  readonly id: string
  readonly text: string
  readonly stamp: number
}

const KINDS = ['value', 'list', 'deque', 'map', 'sorted', 'set'] as const

/** Of one key: what was written and not overwritten, in order. */
export class MortalRow {
  value: readonly Stamped[] = []
  list: readonly Stamped[] = []
  deque: readonly Stamped[] = []
  map: readonly Stamped[] = []
  sorted: readonly Stamped[] = []
  set: readonly Stamped[] = []

  copy(): MortalRow {
    return Object.assign(new MortalRow(), this)
  }

  get isEmpty(): boolean {
    return KINDS.every((kind) => this[kind].length === 0)
  }

  /** Forgets what has expired by now, and gives it. */
  expire(now: number): string[] {
    const told: string[] = []
    for (const kind of KINDS) {
      const isAlive = (each: Stamped): boolean => each.stamp + LIFE_MS > now
      for (const each of this[kind]) if (!isAlive(each)) told.push(each.text)
      this[kind] = this[kind].filter(isAlive)
    }
    return told
  }

  /** Everything was read, and reads renew. */
  renew(now: number): void {
    for (const kind of KINDS) this[kind] = this[kind].map((each) => ({ ...each, stamp: now }))
  }

  /** The handles show what is here. */
  compareWith(state: MortalHandles): void {
    const texts = (all: readonly Stamped[]): string[] => all.map(({ text }) => text)
    assert.deepEqual(state.value.value(), this.value[0]?.text)
    assert.deepEqual(state.list.get(), texts(this.list))
    assert.deepEqual([...state.deque], texts(this.deque))
    assert.equal(state.deque.length, this.deque.length)
    assert.deepEqual([...state.map.values()].toSorted(byText), texts(this.map).toSorted(byText))
    const sorted = this.sorted.toSorted((a, b) => Number(a.id) - Number(b.id))
    assert.deepEqual([...state.sorted.values()], texts(sorted))
    assert.deepEqual([...state.set].toSorted(byText), texts(this.set).toSorted(byText))
    assert.equal(state.map.isEmpty, this.map.length === 0)
  }
}

function put(all: readonly Stamped[], entry: Stamped): readonly Stamped[] {
  return [...all.filter(({ id }) => id !== entry.id), entry]
}

const textOf = (random: Random): string => `text ${random.int(1_000_000)}`

type Change = (state: MortalHandles, row: MortalRow, now: number, random: Random) => void

/** What can be done to the states of a key, to the plain row alike. */
export const MORTAL_CHANGES: Readonly<Record<string, Change>> = {
  'update the value': (state, row, stamp, random) => {
    const text = textOf(random)
    row.value = [{ id: '', text, stamp }]
    state.value.update(text)
  },
  'clear the value': (state, row) => {
    row.value = []
    state.value.clear()
  },
  'add to the list': (state, row, stamp, random) => {
    const text = textOf(random)
    row.list = [...row.list, { id: '', text, stamp }]
    state.list.add(text)
  },
  'update the list': (state, row, stamp, random) => {
    const texts = Array.from({ length: random.int(80) }, () => textOf(random))
    row.list = texts.map((text) => ({ id: '', text, stamp }))
    state.list.update(texts)
  },
  'push to the deque': (state, row, stamp, random) => {
    const text = textOf(random)
    const entry = { id: '', text, stamp }
    const isLast = random.int(2) === 0
    row.deque = isLast ? [...row.deque, entry] : [entry, ...row.deque]
    if (isLast) state.deque.pushLast(text)
    else state.deque.pushFirst(text)
  },
  'pop from the deque': (state, row, _, random) => {
    const isFirst = random.int(2) === 0
    assert.equal(
      isFirst ? state.deque.popFirst() : state.deque.popLast(),
      row.deque.at(isFirst ? 0 : -1)?.text,
    )
    row.deque = isFirst ? row.deque.slice(1) : row.deque.slice(0, -1)
  },
  'set an entry': (state, row, stamp, random) => {
    const [id, text] = [`${random.int(20)}`, textOf(random)]
    row.map = put(row.map, { id, text, stamp })
    state.map.set(id, text)
    row.sorted = put(row.sorted, { id, text, stamp })
    state.sorted.set(Number(id), text)
    row.set = put(row.set, { id, text: id, stamp })
    state.set.add(id)
  },
  'delete an entry': (state, row, _, random) => {
    const id = `${random.int(20)}`
    row.map = row.map.filter((each) => each.id !== id)
    state.map.delete(id)
    row.sorted = row.sorted.filter((each) => each.id !== id)
    state.sorted.delete(Number(id))
  },
  'clear map and deque': (state, row) => {
    row.map = []
    state.map.clear()
    row.deque = []
    state.deque.clear()
  },
}

export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
