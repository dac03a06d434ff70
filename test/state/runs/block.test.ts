import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BlockBuilder,
  decodeBlock,
  entriesBetween,
  findInBlock,
} from '../../../src/state/runs/block.ts'
import type { Entry } from '../../../src/state/backend.ts'
import { compareBytes } from '../../../src/state/runs/entry.ts'

const key = fc.uint8Array({ maxLength: 6, max: 2 })

test('a block gives back its entries, and finds each key and no other', () => {
  fc.assert(
    fc.property(
      fc.array(key, { maxLength: 40 }),
      fc.array(key, { maxLength: 20 }),
      (held, sought) => {
        const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
        const keys = [...new Map(held.map((one) => [hex(one), one])).values()].sort(compareBytes)
        const block = new BlockBuilder()
        for (const [index, one] of keys.entries()) block.add(one, new Uint8Array([0, 0, 0, index]))
        const raw = block.out.copy()
        const decoded = decodeBlock(raw, keys.length, block.keyBytes)
        assert.deepEqual(
          decoded.map((entry) => hex(entry.key)),
          keys.map(hex),
        )
        for (const one of [...keys, ...sought]) {
          const index = keys.findIndex((other) => compareBytes(one, other) === 0)
          assert.equal(findInBlock(raw, one)?.[3], index < 0 ? undefined : index, hex(one))
        }
      },
    ),
    { numRuns: 1000 },
  )
})

test('of a block as many entries are unfolded as lie between two keys', () => {
  const long = fc.uint8Array({ minLength: 250, maxLength: 700, max: 1 })
  const bound = fc.oneof(key, long)
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 9, arbitrary: key }, long), { maxLength: 40 }),
      bound,
      fc.option(bound, { nil: undefined }),
      (held, start, end) => {
        const builder = new BlockBuilder()
        const hex = ({ key }: Entry): string => Buffer.from(key).toString('hex')
        const keys = [...new Map(held.map((one) => [hex({ key: one, value: one }), one])).values()]
        for (const [at, one] of keys.sort(compareBytes).entries()) {
          builder.add(one, new Uint8Array([0, 0, 0, at]))
        }
        const raw = builder.out.copy()
        const expected = decodeBlock(raw, keys.length, builder.keyBytes).filter((entry) => {
          if (compareBytes(entry.key, start) < 0) return false
          return end === undefined || compareBytes(entry.key, end) < 0
        })
        const found = entriesBetween(raw, builder.keyBytes, start, end)
        assert.deepEqual(found.map(hex), expected.map(hex))
        assert.deepEqual(
          found.map(({ value }) => value[3]),
          expected.map(({ value }) => value[3]),
        )
      },
    ),
    { numRuns: 500 },
  )
})

/** Bytes of a block as somebody else may have written them; values are empty. */
function rawBlock(entries: readonly (readonly [shared: number, rest: readonly number[]])[]) {
  return Uint8Array.from(entries.flatMap(([shared, rest]) => [shared, rest.length, 0, ...rest]))
}

test('a block whose keys do not ascend, or share less than they could, is refused', () => {
  const sound = [
    [0, [1, 2]],
    [1, [3]],
    [2, [0]],
    [0, [2]],
  ] as const
  const keys = decodeBlock(rawBlock(sound), 4, 8).map(({ key }) => [...key])
  assert.deepEqual(keys, [[1, 2], [1, 3], [1, 3, 0], [2]])
  const first = [0, [1, 2]] as const
  const cases = [
    ['equal', 4, [2, []]],
    ['a prefix', 3, [1, []]],
    ['below', 4, [1, [1]]],
    ['shares less than it could', 4, [1, [2]]],
    ['shares more than there is', 5, [3, [0]]],
    ['shares more than there is, for which there is room', 6, [3, [255]]],
    ['more bytes than the index says', 3, [1, [3]]],
    ['fewer bytes than the index says', 5, [1, [3]]],
  ] as const
  for (const [what, keyBytes, second] of cases) {
    const raw = rawBlock([first, second])
    assert.throws(() => decodeBlock(raw, 2, keyBytes), { code: 'STORAGE_CORRUPT' }, what)
    if (what.includes('than the index says')) continue
    const part = () => entriesBetween(raw, keyBytes, new Uint8Array([9]), undefined)
    assert.throws(part, { code: 'STORAGE_CORRUPT' }, what)
  }
  for (const entries of [1, 3]) {
    assert.throws(() => decodeBlock(rawBlock([first, [1, [3]]]), entries, 4), {
      code: 'STORAGE_CORRUPT',
    })
  }
})

test('keys and values of any length come back, also beside short ones', () => {
  const block = new BlockBuilder()
  const entries = [0, 1, 31, 32, 33, 34, 300, 700].map((length) => ({
    key: new Uint8Array(length).fill(7),
    value: new Uint8Array(1000 - length).map((_, index) => index),
  }))
  for (const { key, value } of entries) block.add(key, value)
  const keyBytes = entries.reduce((sum, { key }) => sum + key.length, 0)
  assert.equal(block.keyBytes, keyBytes)
  const decoded = decodeBlock(block.out.copy(), entries.length, keyBytes)
  assert.deepEqual(
    decoded.map(({ key, value }) => [Uint8Array.from(key), Uint8Array.from(value)]),
    entries.map(({ key, value }) => [key, value]),
  )
})
