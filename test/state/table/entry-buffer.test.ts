import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { EntryBuffer, type SortedEntries } from '../../../src/state/table/entry-buffer.ts'
import { mergeParts } from '../../../src/state/table/merge-parts.ts'
import { SeededRandom } from '../../../src/util/random.ts'

function partOf(keys: readonly Buffer[]): SortedEntries {
  const buffer = new EntryBuffer()
  for (const key of keys) {
    buffer.beginEntry()
    buffer.out.raw(key)
    buffer.beginValue()
    buffer.out.raw(Buffer.from(`value of ${key.toString('hex')}`))
    buffer.endEntry()
  }
  return buffer.sorted()
}

function merged(parts: readonly (readonly Buffer[])[]): readonly string[] {
  return [...mergeParts(parts.map(partOf))].map(({ key, value }) => {
    const hex = Buffer.from(key).toString('hex')
    assert.equal(Buffer.from(value).toString(), `value of ${hex}`)
    return hex
  })
}

const inOrder = (keys: readonly Buffer[]): readonly string[] =>
  keys.toSorted((a, b) => Buffer.compare(a, b)).map((key) => key.toString('hex'))

/** Keys of few distinct bytes and all lengths, so that many begin alike. */
function randomKeys(random: SeededRandom, count: number, start: Buffer): readonly Buffer[] {
  const keys = new Map<string, Buffer>()
  const letters = [0, 1, 127, 128, 255]
  for (let index = 0; index < count; index++) {
    const rest = Array.from({ length: random.int(9) }, () => letters[random.int(5)] ?? 0)
    const key = Buffer.concat([start, Buffer.from(rest)])
    keys.set(key.toString('hex'), key)
  }
  return [...keys.values()]
}

test('entries come in the order of their keys, whatever these have in common', () => {
  const random = new SeededRandom(1)
  for (let round = 0; round < 300; round++) {
    const keys = randomKeys(random, 1 + random.int(60), Buffer.alloc(random.int(12), 7))
    const parts: Buffer[][] = Array.from({ length: 1 + random.int(5) }, () => [])
    for (const key of keys) parts[random.int(parts.length)]?.push(key)
    assert.deepEqual(merged(parts), inOrder(keys), `round ${round}`)
  }
})

test('parts whose keys begin differently are merged in order', () => {
  const parts = ['aa1', 'ab2', 'b'].map((start) =>
    randomKeys(new SeededRandom(2), 20, Buffer.from(start)),
  )
  assert.deepEqual(merged(parts), inOrder(parts.flat()))
})

test('a key that another one continues with zeros comes first', () => {
  const keys = ['61', '6100', '610000000000', '61000000000000', ''].map((hex) =>
    Buffer.from(hex, 'hex'),
  )
  assert.deepEqual(merged([keys.toReversed()]), inOrder(keys))
  assert.deepEqual(merged(keys.map((key) => [key])), inOrder(keys))
})

test('an entry that is twice in one cut is a defect that does not pass', () => {
  assert.throws(() => partOf([Buffer.from('a'), Buffer.from('a')]), /twice/)
})
