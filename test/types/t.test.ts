// Declared types: round trips of random types and values, checks with paths, isolation.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isMillraceError } from '../../src/errors.ts'
import { readIsolated } from '../../src/types/dynamic.ts'
import { t } from '../../src/types/t.ts'
import type { Type } from '../../src/types/type.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { sample } from './arbitrary.ts'

function roundTrip<T>(type: Type<T>, value: T): T {
  const out = new ByteWriter(1)
  type.write(value, out)
  const input = new ByteReader(out.copy())
  const read = type.read(input)
  assert.equal(input.remaining, 0)
  return read
}

/** Both ways into state refuse the value, with the same message. */
function refuses(type: Type<unknown>, value: unknown, said: RegExp): void {
  const isolate = (given: unknown) => type.isolate(given)
  for (const refuse of [(given: unknown) => roundTrip(type, given), isolate]) {
    assert.throws(
      () => refuse(value),
      (error) => {
        assert.ok(isMillraceError(error) && error.code === 'TYPE_MISMATCH', String(error))
        assert.match(error.message, said)
        return true
      },
    )
  }
}

describe('a value of a declared type', () => {
  it('is read as it was written, and is isolated as an equal value', () => {
    fc.assert(
      fc.property(sample, ({ type, value }) => {
        assert.deepStrictEqual(roundTrip(type, value), value)
        const isolated = type.isolate(value)
        assert.deepStrictEqual(isolated, value)
        assert.deepStrictEqual(readIsolated(type, isolated), value)
        assert.deepStrictEqual(roundTrip(type, isolated), value)
      }),
      { numRuns: 500 },
    )
  })

  it('is frozen, and the same at each read, unless the type says copyOnRead', () => {
    fc.assert(
      fc.property(sample, ({ type, value }) => {
        fc.pre(!type.copyOnRead)
        const isolated = type.isolate(value)
        assert.ok(Object.isFrozen(isolated))
        assert.equal(readIsolated(type, isolated), isolated)
      }),
    )
  })

  it('keeps −0 and NaN as float64, lone surrogates as string', () => {
    assert.ok(Object.is(roundTrip(t.float64, -0), -0))
    assert.ok(Number.isNaN(roundTrip(t.float64, Number.NaN)))
    assert.equal(roundTrip(t.string, 'a\ud800'), 'a\ud800')
    assert.ok(Object.is(roundTrip(t.int32, -0), 0) && Object.is(t.int32.isolate(-0), 0))
  })

  it('is written into a union by the first option that takes it', () => {
    const shape = t.union(
      t.struct({ kind: t.literal('circle'), radius: t.float64 }),
      t.struct({ kind: t.literal('square'), side: t.float64 }),
    )
    const square = { kind: 'square', side: 2 } as const
    assert.deepEqual(roundTrip(shape, square), square)
    assert.equal(t.union(t.int32, t.float64).isolate(1.5), 1.5)
    refuses(shape, { kind: 'square', radius: 2 }, /^expected struct\{ kind: "circle"/)
  })

  it('of a type written by a user works as a part of others', () => {
    const percent: Type<number> = {
      schema: { kind: 'int32' },
      copyOnRead: false,
      write: (value, out) => t.int32.write(value, out),
      read: (input) => t.int32.read(input),
      isolate(value) {
        if (value > 100) return t.int32.isolate(Number.NaN) // refused by the type below it
        return t.int32.isolate(value)
      },
    }
    const type = t.struct({ share: t.union(t.string, percent) })
    assert.deepEqual(roundTrip(type, { share: 7 }), { share: 7 })
    refuses(type, { share: 101 }, /^share: expected string \| int32, got 101$/)
  })
})

describe('a value that does not fit', () => {
  const refused: readonly (readonly [Type<unknown>, unknown, RegExp])[] = [
    [t.string, 5, /^expected string, got 5$/],
    [t.boolean, 1, /^expected boolean, got 1$/],
    [t.int32, '5', /^expected int32, got string "5"$/],
    [t.int32, 1.5, /^expected int32, got 1.5$/],
    [t.int32, 2 ** 31, /^expected int32, got 2147483648$/],
    [t.int32, 5n, /^expected int32, got 5n$/],
    [t.int32, { valueOf: () => assert.fail() }, /^expected int32, got an object$/],
    [t.int64, 5, /^expected int64 \(a bigint\), got 5$/],
    [t.int64, 2n ** 63n, /^expected int64 \(a bigint\), got 9223372036854775808n$/],
    [t.float64, null, /^expected float64, got null$/],
    [t.timestamp, Number.NaN, /^expected timestamp, got NaN$/],
    [t.timestamp, new Date(0), /^expected timestamp, got a Date$/],
    [t.date, 0, /^expected a valid Date, got 0$/],
    [t.date, new Date(Number.NaN), /^expected a valid Date, got a Date$/],
    [t.bytes, 'ab', /^expected bytes \(a Uint8Array\), got string "ab"$/],
    [t.bytes, new Uint16Array(1), /got a Uint16Array$/],
    [t.literal('a'), 'b', /^expected "a", got string "b"$/],
    [t.enum('red', 'green'), 'blue', /^expected enum\("red", "green"\), got string "blue"$/],
    [t.tuple(t.int32, t.string), [1], /^expected a tuple of 2, got an array of 1$/],
    [t.tuple(t.int32, t.string), [1, 2], /^\[1\]: expected string, got 2$/],
    [t.list(t.int32), 'ab', /^expected a list \(an array\), got string "ab"$/],
    [t.list(t.list(t.int32)), [[], [1, null]], /^\[1\]\[1\]: expected int32, got null$/],
    [t.map(t.string, t.int32), {}, /^expected a Map, got an object$/],
    [t.map(t.string, t.int32), new Map([['a', '1']]), /^\[key string "a"\]: expected int32/],
    [t.map(t.string, t.int32), new Map([[1, 1]]), /^\[key 1\]: expected string, got 1$/],
    [t.union(t.int32, t.string), true, /^expected int32 \| string, got true$/],
    [t.optional(t.int32), null, /^expected int32, got null$/],
    [t.nullable(t.int32), undefined, /^expected int32, got undefined$/],
    [t.json(), { a: [undefined] }, /^a\[0\]: expected a JSON value, got undefined$/],
    [t.json(), { a: Number.NaN }, /^a: expected a JSON value, got NaN$/],
    [t.json(), new Date(0), /^expected a JSON value, got a Date$/],
    [t.string, Symbol('s'), /^expected string, got a symbol$/],
    [t.int32, 'x'.repeat(1000), /^expected int32, got string "x{39}…"$/],
  ]
  for (const [type, value, said] of refused) {
    it(`is refused: ${said.source}`, () => refuses(type, value, said))
  }

  it('has its whole path in the message, and the path as a detail', () => {
    const type = t.struct({ orders: t.list(t.struct({ 'item no': t.map(t.string, t.int32) })) })
    const value: unknown = { orders: [{ 'item no': new Map([['a', 'b']]) }] }
    const said = /^orders\[0\]\["item no"\]\[key string "a"\]: expected int32, got string "b"$/
    refuses(type, value, said)
    assert.throws(() => type.isolate(value as never), {
      details: {
        path: 'orders[0]["item no"][key string "a"]',
        problem: 'expected int32, got string "b"',
      },
    })
  })
})

describe('a type that cannot be', () => {
  const declarations: readonly (readonly [() => unknown, RegExp])[] = [
    [() => t.enum(), /at least one value/],
    [() => t.enum('a', 'a'), /a value twice/],
    [() => t.union(), /at least one option/],
    [() => t.literal(Number.NaN), /a finite number/],
    [() => t.struct({ ['__proto__']: t.int32 }), /cannot have a field __proto__/],
    [() => t.struct({ a: undefined as never }), /field a of a struct is no type/],
    [
      () =>
        t.struct(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`f${i}`, t.int32]))),
      /over 1000 fields/,
    ],
  ]
  for (const [declare, said] of declarations) {
    it(`is refused when it is declared: ${said.source}`, () => {
      assert.throws(declare, { code: 'TYPE_INVALID', message: said })
    })
  }
})

describe('isolation of declared types', () => {
  it('copies dates, bytes and maps at each read, and what holds them', () => {
    const type = t.struct({ at: t.date, tags: t.map(t.string, t.list(t.int32)) })
    assert.ok(type.copyOnRead)
    const value = { at: new Date(0), tags: new Map([['a', [1]]]) }
    const isolated = type.isolate(value)
    value.at.setTime(1)
    value.tags.get('a')?.push(2)
    const read = readIsolated(type, isolated)
    assert.deepEqual(read, { at: new Date(0), tags: new Map([['a', [1]]]) })
    assert.notEqual(read.tags, isolated.tags)
  })

  it('hands out the same object where a dynamic part holds nothing that changes', () => {
    const type = t.struct({ count: t.int32, extra: t.dynamic<unknown>() })
    const plain = type.isolate({ count: 1, extra: { a: [1] } })
    assert.equal(readIsolated(type, plain), plain)
    const loose = type.isolate({ count: 1, extra: new Map() })
    assert.notEqual(readIsolated(type, loose), loose)
  })

  it('does not copy again what is isolated already, also as a part of another value', () => {
    const type = t.struct({ count: t.int32, lines: t.list(t.string) })
    const isolated = type.isolate({ count: 1, lines: ['a'] })
    assert.equal(type.isolate(isolated), isolated)
    assert.equal(type.isolate({ ...isolated, count: 2 }).lines, isolated.lines)
  })

  it('checks a value again that another type isolated', () => {
    const isolated: unknown = t.struct({ count: t.float64 }).isolate({ count: 1.5 })
    refuses(t.struct({ count: t.int32 }), isolated, /^count: expected int32, got 1.5$/)
  })
})
