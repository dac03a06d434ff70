// The entries of a map beside a plain Map, asked for before they are added and after they are gone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ItemIndex } from '../../../src/state/table/item-index.ts'
import { Item } from '../../../src/state/table/item.ts'
import { keyText } from '../../../src/types/keys.ts'
import { SeededRandom } from '../../../src/util/random.ts'

// Of the owner, an index needs nothing.
const owner = {} as unknown as Item['owner']
const KEYS: readonly unknown[] = [0, -0, 1, Number.NaN, '', 'a', null, undefined, true, [1], [2]]

test('an index finds what was added last, and nothing that was only asked for', () => {
  const random = new SeededRandom(7)
  const index = new ItemIndex()
  const held = new Map<string, Item>()
  for (let step = 0; step < 5000; step++) {
    const key = KEYS[random.int(KEYS.length)]
    const text = `${typeof key} ${keyText(key)}`
    assert.equal(index.get(key), held.get(text), `step ${step}: ${text}`)
    if (random.int(3) === 0) continue
    if (random.int(200) === 0) {
      index.clear()
      held.clear()
    } else if (held.delete(text)) index.delete(key)
    else {
      const made = new Item(owner, key === 0 ? 0 : key, step, 0)
      held.set(text, made)
      index.set(made)
    }
    assert.equal(index.size, held.size)
    const gathered: Item[] = []
    index.gather(gathered)
    assert.deepEqual(gathered, [...index.items()])
    assert.deepEqual(new Set(gathered), new Set(held.values()))
  }
})

test('a walk through a few or many entries gives those that stay, in order of arrival', () => {
  for (const count of [1, 2, 4, 5, 9]) {
    const index = new ItemIndex()
    const items = Array.from({ length: count }, (_, key) => new Item(owner, key, key, 0))
    for (const item of items) index.set(item)
    const met: unknown[] = []
    for (const { key } of index.items()) {
      met.push(key)
      index.delete(count - 1 - Number(key)) // the one that mirrors it
    }
    const half = Math.ceil(count / 2)
    assert.deepEqual(met, [...items.keys()].slice(0, half), `${count} entries`)
    assert.equal(index.size, count - half)
  }
})
