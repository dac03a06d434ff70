// Canonical key bytes: golden values, round trips, order, equality and refusals.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isMillraceError } from '../../src/errors.ts'
import {
  describeKey,
  keyIsPrimitive,
  keysEqual,
  readKey,
  routeHash,
  skipKey,
  writeKey,
} from '../../src/types/keys.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { fnv1aBytes } from '../../src/util/hash.ts'
import { goldenRows, goldenValue } from './golden.ts'

function bytesOf(key: unknown): Buffer {
  const out = new ByteWriter(1)
  writeKey(key, out)
  return out.copy()
}

/** Any string, lone surrogates and control characters included. */
const anyString = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: fc.constantFrom('\0', '\u0001', '\u0002', 'a', '\ud800', '\udc00') }),
)
const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger())
const anyBigint = fc.oneof(fc.bigInt(), fc.bigInt({ min: -(2n ** 1100n), max: 2n ** 1100n }))
const anyKey = fc.letrec((tie) => ({
  key: fc.oneof(
    { depthSize: 'small', maxDepth: 6 },
    anyString,
    anyNumber,
    anyBigint,
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.array(tie('key'), { maxLength: 4 }),
    fc.dictionary(anyString, tie('key'), { maxKeys: 4 }),
  ),
})).key

describe('key bytes', () => {
  for (const [text = '', hexadecimal, hash] of goldenRows('keys-v1.tsv')) {
    it(`of ${text.slice(0, 60)} are those of format version 1`, () => {
      const key = goldenValue(text)
      assert.equal(bytesOf(key).toString('hex'), hexadecimal)
      assert.equal(String(routeHash(key)), hash)
      const read = readKey(new ByteReader(Buffer.from(String(hexadecimal), 'hex')))
      assert.deepEqual(read, key)
    })
  }

  it('are sorted in the golden file, which has every kind of key', () => {
    const rows = goldenRows('keys-v1.tsv').map((row) => String(row[1]))
    assert.deepEqual(rows.toSorted(), rows)
    assert.equal(new Set(rows.map((row) => row.slice(0, 2))).size, 11)
  })

  it('are read back as an equal key, whatever follows them', () => {
    fc.assert(
      fc.property(anyKey, fc.uint8Array(), (key, after) => {
        const bytes = bytesOf(key)
        const both = Buffer.concat([bytes, after])
        const input = new ByteReader(both)
        const read = readKey(input)
        assert.equal(input.position, bytes.length)
        assert.ok(keysEqual(read, key))
        assert.deepEqual(bytesOf(read), bytes)
        const skipped = new ByteReader(both)
        skipKey(skipped)
        assert.equal(skipped.position, bytes.length)
      }),
    )
  })

  it('order numbers as numbers', () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, (a, b) => {
        fc.pre(!Number.isNaN(a) && !Number.isNaN(b))
        const order = a < b ? -1 : a > b ? 1 : 0
        assert.equal(Buffer.compare(bytesOf(a), bytesOf(b)), order)
      }),
    )
    assert.ok(Buffer.compare(bytesOf(Number.NaN), bytesOf(Number.POSITIVE_INFINITY)) > 0)
  })

  it('order bigints as integers', () => {
    fc.assert(
      fc.property(anyBigint, anyBigint, (a, b) => {
        const order = a < b ? -1 : a > b ? 1 : 0
        assert.equal(Buffer.compare(bytesOf(a), bytesOf(b)), order)
      }),
    )
  })

  it('order strings by code point', () => {
    const compare = (a: string, b: string): number => {
      const left = Array.from(a, (character) => character.codePointAt(0) ?? 0)
      const right = Array.from(b, (character) => character.codePointAt(0) ?? 0)
      for (let index = 0; index < Math.min(left.length, right.length); index++) {
        const difference = (left[index] ?? 0) - (right[index] ?? 0)
        if (difference !== 0) return Math.sign(difference)
      }
      return Math.sign(left.length - right.length)
    }
    fc.assert(
      fc.property(anyString, anyString, (a, b) => {
        assert.equal(Buffer.compare(bytesOf(a), bytesOf(b)), compare(a, b))
      }),
    )
  })

  it('order tuples by their elements, a shorter one first', () => {
    const sorted = [[], [1], [1, 'a'], [1, 'b'], [2], ['a'], ['a', 'b'], ['ab'], [[]], [[1]]]
    const bytes = sorted.map(bytesOf)
    assert.deepEqual(
      bytes.toSorted((a, b) => Buffer.compare(a, b)),
      bytes,
    )
  })

  it('do not depend on the order of fields, on prototypes or on the sign of zero', () => {
    assert.deepEqual(bytesOf({ a: 1, b: 2 }), bytesOf({ b: 2, a: 1 }))
    assert.deepEqual(bytesOf(Object.assign(Object.create(null), { a: 1 })), bytesOf({ a: 1 }))
    assert.deepEqual(bytesOf(-0), bytesOf(0))
    assert.deepEqual(bytesOf(Buffer.from('ab')), bytesOf(new Uint8Array([97, 98])))
  })

  it('keep a field named __proto__ a field', () => {
    const key = JSON.parse('{"__proto__":{"admin":true}}')
    const read = readKey(new ByteReader(bytesOf(key)))
    assert.deepEqual(Object.getOwnPropertyNames(read), ['__proto__'])
    assert.equal(Object.getPrototypeOf(read), Object.prototype)
  })

  it('of tuples and records are read as frozen values', () => {
    const read = readKey(new ByteReader(bytesOf([{ a: [1] }])))
    assert.ok(Array.isArray(read) && Object.isFrozen(read) && Object.isFrozen(read[0].a))
  })
})

describe('a route hash', () => {
  it('is the hash of the key bytes', () => {
    fc.assert(
      fc.property(fc.oneof(anyKey, anyString, anyNumber), (key) => {
        const bytes = bytesOf(key)
        assert.equal(routeHash(key), fnv1aBytes(bytes, 0, bytes.length))
      }),
      { numRuns: 500 },
    )
  })
})

describe('keys', () => {
  it('are equal exactly if their bytes are', () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        assert.equal(keysEqual(a, b), bytesOf(a).equals(bytesOf(b)))
        assert.ok(keysEqual(a, structuredClone(a)))
      }),
    )
    assert.ok(keysEqual(Number.NaN, Number.NaN) && keysEqual(0, -0))
    assert.ok(!keysEqual(1, 1n) && !keysEqual(1, '1') && !keysEqual(undefined, null))
    assert.ok(!keysEqual({ a: undefined }, {}) && !keysEqual(new Date(0), 0))
  })

  it('that are tuples of numbers and strings compare and hash as their bytes do', () => {
    const part = fc.oneof(
      fc.constantFrom<unknown>(0, -0, Number.NaN, 1, '', 'a', 'b', '1', 'é', '\0', null, 1n),
      anyNumber,
      anyString,
    )
    const tuple = fc.array(part, { maxLength: 3 })
    // The other one differs in one place at most, so that both answers are frequent.
    const pair = fc.tuple(tuple, fc.nat(2), part).map(([one, at, other]) => {
      return [one, one.map((each, index) => (index === at ? other : each))] as const
    })
    fc.assert(
      fc.property(pair, tuple, ([a, b], c) => {
        for (const other of [b, c]) {
          assert.equal(keysEqual(a, other), bytesOf(a).equals(bytesOf(other)))
          const bytes = bytesOf(other)
          assert.equal(routeHash(other), fnv1aBytes(bytes, 0, bytes.length))
        }
      }),
      { numRuns: 500 },
    )
    assert.ok(keysEqual([Number.NaN, 'a'], [Number.NaN, 'a']) && keysEqual([0], [-0]))
    assert.ok(!keysEqual([1, 'a'], [1, 'b']) && !keysEqual([1], ['1']) && !keysEqual([1], [1, 1]))
    assert.throws(() => routeHash([1, () => 1]), /\[1\]: expected a key, got a function/)
  })

  it('are primitive where a Map tells them apart', () => {
    for (const key of ['a', 1, 1n, true, null, undefined]) assert.ok(keyIsPrimitive(key))
    for (const key of [[], {}, new Date(0), new Uint8Array()]) assert.ok(!keyIsPrimitive(key))
  })

  it('that cannot be keys are refused with the path and a cure', () => {
    class Point {}
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    const refused: readonly (readonly [unknown, RegExp])[] = [
      [() => 1, /^expected a key, got a function$/],
      [Symbol('s'), /got a symbol/],
      [new Map(), /got a Map/],
      [new Set(), /got a Set/],
      [new Point(), /got a Point/],
      [new Date(Number.NaN), /invalid Date/],
      [{ user: { 'first name': [1, new Point()] } }, /^user\["first name"\]\[1\]: expected a key/],
      [cyclic, /nested over 32 levels/],
      [1n << 600_000n, /bigint of over 65535 bytes/],
    ]
    for (const [key, said] of refused) {
      assert.throws(
        () => bytesOf(key),
        (error) =>
          isMillraceError(error) && error.code === 'TYPE_MISMATCH' && said.test(error.message),
        String(said),
      )
    }
    assert.throws(() => bytesOf(new Map()), { cure: /a key is a string, number/ })
  })

  it('are described in at most 80 characters, without running code of theirs', () => {
    assert.equal(describeKey('order-1'), '"order-1"')
    assert.equal(describeKey([1, 'a', { b: null }]), '[1, "a", {b: null}]')
    assert.equal(describeKey(new Uint8Array([1, 255])), '0x01ff')
    assert.equal(describeKey(new Date(0)), '1970-01-01T00:00:00.000Z')
    assert.equal(describeKey(-0), '-0')
    assert.equal(describeKey({ toString: () => assert.fail() }), '{toString: a function}')
    const throwing = Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => assert.fail('asked'),
    })
    assert.equal(describeKey(throwing), 'a key that cannot be shown')
    fc.assert(fc.property(fc.anything(), (key) => describeKey(key).length <= 80))
  })
})
