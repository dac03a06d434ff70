// Undeclared values: round trips, isolation and refusals. Bytes are in golden-values.test.ts.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isMillraceError } from '../../src/errors.ts'
import { dynamicType, readIsolated } from '../../src/types/dynamic.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { plainValue } from './arbitrary.ts'

const type = dynamicType<unknown>()
const isolate = (value: unknown) => type.isolate(value)

function roundTrip(value: unknown): unknown {
  const out = new ByteWriter(1)
  type.write(value, out)
  const input = new ByteReader(out.copy())
  const read = type.read(input)
  assert.equal(input.remaining, 0)
  return read
}

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

describe('a dynamic value', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(plainValue, (value) => {
        assert.deepStrictEqual(roundTrip(value), value)
      }),
      { numRuns: 500 },
    )
  })

  it('keeps −0, NaN, lone surrogates, undefined fields and the order of fields', () => {
    assert.ok(Object.is(roundTrip(-0), -0))
    assert.ok(Number.isNaN(roundTrip(Number.NaN)))
    assert.equal(roundTrip('a\ud800'), 'a\ud800')
    assert.equal(roundTrip('\udc00'.repeat(1000)), '\udc00'.repeat(1000))
    assert.deepEqual(Object.keys(Object(roundTrip({ z: undefined, a: 1 }))), ['z', 'a'])
    const holed: unknown[] = [1]
    holed[2] = 3
    assert.deepStrictEqual(roundTrip(holed), [1, undefined, 3])
    assert.deepStrictEqual(type.isolate(holed), [1, undefined, 3])
    assert.equal(Object.getPrototypeOf(roundTrip(Object.create(null))), null)
    assert.ok(Number.isNaN(Number(roundTrip(new Date(Number.NaN)))))
  })

  it('never gets a prototype from its bytes', () => {
    const read = Object(roundTrip(JSON.parse('{"__proto__":{"admin":true},"a":1}')))
    assert.equal(Object.getPrototypeOf(read), Object.prototype)
    assert.equal(read.admin, undefined)
    assert.deepEqual(Object.keys(read), ['__proto__', 'a'])
    const isolated = Object(type.isolate(JSON.parse('{"__proto__":{"admin":true}}')))
    assert.equal(Object.getPrototypeOf(isolated), Object.prototype)
    assert.deepEqual(Object.keys(isolated), ['__proto__'])
  })

  it('gives bytes that do not share the memory of the reader', () => {
    const out = new ByteWriter()
    type.write(new Uint8Array([1, 2]), out)
    const memory = out.copy()
    const read = type.read(new ByteReader(memory))
    memory.fill(0)
    assert.deepEqual(read, new Uint8Array([1, 2]))
    assert.ok(!Buffer.isBuffer(roundTrip(Buffer.from('a'))))
  })

  it('may be 200 levels deep and no deeper', () => {
    assert.deepEqual(roundTrip(nested(200)), nested(200))
    assert.deepEqual(type.isolate(nested(200)), nested(200))
    for (const refuse of [roundTrip, isolate]) {
      assert.throws(() => refuse(nested(201)), {
        code: 'TYPE_MISMATCH',
        message: /deeper than 200/,
      })
    }
  })
})

describe('what is not plain data', () => {
  class Point {}
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [() => 1, /^expected plain data, got a function$/],
    [
      { user: { tags: ['a', Symbol('s')] } },
      /^user\.tags\[1\]: expected plain data, got a symbol$/,
    ],
    [{ 'a b': new Point() }, /^\["a b"\]: expected plain data, got a Point$/],
    [new Map([['k', () => 1]]), /^\[key string "k"\]: expected plain data/],
    [new Set([/a/]), /^\[element a RegExp\]: expected plain data, got a RegExp$/],
    [[new Error('e')], /^\[0\]: expected plain data, got an Error$/],
    [Promise.resolve(), /got a Promise/],
    [new Float64Array(1), /got a Float64Array/],
    [Object.create({}), /got an? /],
    [Object.create(Date.prototype), /got a Date/],
    [cyclic, /^self\.self\..*: nested deeper than 200 levels, or referring to itself$/],
    [1n << 8_500_000n, /a bigint of over 1048576 bytes/],
  ]
  for (const [value, said] of refused) {
    it(`is refused when written and when isolated: ${said.source}`, () => {
      for (const refuse of [roundTrip, isolate]) {
        assert.throws(
          () => refuse(value),
          (error) =>
            isMillraceError(error) && error.code === 'TYPE_MISMATCH' && said.test(error.message),
        )
      }
    })
  }

  it('is refused with a cure', () => {
    assert.throws(() => type.isolate(() => 1), { cure: /keep plain data: .* Uint8Array/ })
  })
})

describe('an isolated dynamic value', () => {
  it('equals the value', () => {
    fc.assert(
      fc.property(plainValue, (value) => {
        const isolated = type.isolate(value)
        assert.deepStrictEqual(isolated, value)
        assert.deepStrictEqual(readIsolated(type, isolated), value)
      }),
    )
  })

  it('is the value itself if that is primitive', () => {
    for (const value of [1, 'a', 1n, true, null, undefined]) {
      assert.equal(type.isolate(value), value)
      assert.equal(readIsolated(type, value), value)
    }
  })

  it('is deeply frozen and shares nothing with the value', () => {
    const value = { list: [{ count: 1 }], name: 'a' }
    const isolated = type.isolate(value) as typeof value // isolate gives the shape it got
    value.list[0] = { count: 2 }
    value.list.push({ count: 3 })
    assert.deepEqual(isolated, { list: [{ count: 1 }], name: 'a' })
    for (const part of [isolated, isolated.list, isolated.list[0]]) assert.ok(Object.isFrozen(part))
  })

  it('is not copied again, nor is a part of it in another value', () => {
    const isolated = dynamicType<{ list: number[] }>().isolate({ list: [1] })
    assert.equal(type.isolate(isolated), isolated)
    assert.equal(readIsolated(type, isolated), isolated)
    const next = dynamicType<{ list: number[]; more: number }>().isolate({ ...isolated, more: 1 })
    assert.equal(next.list, isolated.list)
  })

  it('is a copy of a value that the user froze, for that may be shallow', () => {
    const inner = { count: 1 }
    const frozen = Object.freeze({ inner })
    const isolated = type.isolate(frozen)
    inner.count = 2
    assert.deepEqual(isolated, { inner: { count: 1 } })
  })

  it('is copied at each read where it holds what cannot be frozen', () => {
    const values = [new Map([[1, 'a']]), new Set([1]), new Date(0), new Uint8Array([1])]
    for (const value of [...values, ...values.map((held) => ({ a: [held] }))]) {
      const isolated = type.isolate(value)
      assert.notEqual(isolated, value)
      const read = readIsolated(type, isolated)
      assert.notEqual(read, isolated)
      assert.deepStrictEqual(read, value)
    }
  })

  it('shows nothing of how it is marked', () => {
    const isolated = type.isolate({ a: 1 })
    assert.deepEqual(Reflect.ownKeys(Object(isolated)), ['a'])
    assert.deepEqual(structuredClone(isolated), { a: 1 })
  })
})
