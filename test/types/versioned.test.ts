import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readerOf } from '../../src/types/conversion.ts'
import { compareKeys, compareSchemas } from '../../src/types/evolution.ts'
import { typeFromSchema } from '../../src/types/schema.ts'
import { t } from '../../src/types/t.ts'
import type { Type } from '../../src/types/type.ts'
import { evolved } from './evolved.ts'

test('a function makes values of a version out of those of the one before, step by step', () => {
  const V1 = t.struct({ name: t.string })
  const V2 = t.versioned(2, t.struct({ first: t.string, last: t.string })).from(V1, ({ name }) => {
    const [first = '', last = ''] = name.split(' ')
    return { first, last }
  })
  const V3 = t.versioned(3, t.list(t.string)).from(V2, (old) => [old.last, old.first])
  assert.deepEqual(evolved(V1, V3, { name: 'ada lovelace' }), ['lovelace', 'ada'])
  assert.deepEqual(evolved(V2, V3, { first: 'a', last: 'b' }), ['b', 'a'])
  assert.deepEqual(evolved(t.list(V1), t.list(V2), [{ name: 'a b' }]), [{ first: 'a', last: 'b' }])
  // By name within a version and before it.
  const More = t.struct({ name: t.string, age: t.int32 })
  assert.deepEqual(evolved(More, V3, { name: 'ada lovelace', age: 36 }), ['lovelace', 'ada'])
  const Optional = t.versioned(
    2,
    t.struct({ first: t.string, last: t.string, mid: t.optional(t.string) }),
  )
  assert.deepEqual(evolved(V2, Optional, { first: 'a', last: 'b' }), { first: 'a', last: 'b' })
})

test('what a function gives is checked, and is not shared with anybody', () => {
  const shared = ['a']
  const V2 = t.versioned(2, t.list(t.string)).from(t.int32, () => shared)
  assert.notEqual(evolved(t.int32, V2, 1), shared)
  const wrong = t.versioned(2, t.int32).from(t.string, (old) => Number(old))
  assert.throws(() => evolved(t.string, wrong, 'x'), { code: 'TYPE_MISMATCH' })
})

test('versions that nothing leads from, or that are newer, are refused', () => {
  const V2 = t.versioned(2, t.int32).from(t.string, Number)
  const why = (before: Type<unknown>, now: Type<unknown>) => {
    const found = compareSchemas(before.schema, now.schema)
    return found.verdict === 'incompatible' ? found.why : found.verdict
  }
  assert.match(
    why(V2, t.versioned(4, t.int32)),
    /was version 2, and nothing converts that to version 4/,
  )
  assert.match(
    why(t.versioned(3, t.int32), V2),
    /was version 3, is version 2 \(deploy the code that wrote it/,
  )
  const skips = t.versioned(4, t.boolean).from(t.versioned(1, t.int32), Boolean)
  assert.match(why(V2, skips), /was version 2, and nothing converts that to version 4/)
  assert.equal(why(t.string, V2), 'migrate')
  assert.equal(why(t.int32, t.versioned(2, t.int32)), 'migrate')
  // Without the job's code there is no function.
  assert.equal(readerOf(t.string.schema, typeFromSchema(V2.schema)), undefined)
})

test('says whether the code before could read it, too', () => {
  const isTwoWay = (before: Type<unknown>, now: Type<unknown>) => {
    const found = compareSchemas(before.schema, now.schema)
    return found.verdict === 'migrate' && found.isTwoWay
  }
  const one = t.struct({ a: t.int32 })
  assert.equal(isTwoWay(one, t.struct({ a: t.int32, b: t.optional(t.string) })), true)
  assert.equal(isTwoWay(one, t.struct({ a: t.float64 })), false)
  assert.equal(isTwoWay(one, t.struct({})), false)
})

test('keys may change where every key stays what it is', () => {
  const keys = (before: Type<unknown>, now: Type<unknown>) =>
    compareKeys(before.schema, now.schema).verdict
  assert.equal(keys(t.int32, t.float64), 'migrate')
  assert.equal(keys(t.enum('a'), t.string), 'migrate')
  assert.equal(keys(t.tuple(t.int32, t.string), t.tuple(t.float64, t.string)), 'migrate')
  assert.equal(keys(t.string, t.dynamic()), 'migrate')
  assert.equal(keys(t.int32, t.int64), 'incompatible')
  assert.equal(
    keys(
      t.string,
      t.versioned(2, t.string).from(t.string, (old) => old),
    ),
    'incompatible',
  )
  assert.equal(keys(t.string, t.string), 'same')
})

test('a declaration that cannot be meant is refused where it stands', () => {
  const refused = (make: () => unknown, message: RegExp) =>
    assert.throws(make, { code: 'TYPE_INVALID', message })
  refused(() => t.field(t.int32, { default: 'x' as never }), /default of a field does not fit/)
  refused(
    () => t.struct({ a: t.field(t.int32, { renamedFrom: 'b' }), b: t.int32 }),
    /another field is called/,
  )
  refused(() => t.versioned(0, t.int32), /whole number from 1/)
  refused(
    () => t.versioned(2, t.int32).from(t.versioned(2, t.string), Number),
    /comes after version 2/,
  )
  refused(() => t.versioned(1, t.int32).from(t.string, Number), /begin with version 2/)
  refused(() => t.versioned(2, t.optional(t.int32)), /inside t.optional/)
  refused(() => t.versioned(2, t.versioned(1, t.int32)), /has another version/)
  refused(() => t.versioned(2, t.int32).from(t.string, undefined as never), /needs a function/)
})

test('a field that says more of itself is otherwise like any other', () => {
  const Order = t.struct({
    id: t.field(t.int32, { renamedFrom: 'nr' }),
    note: t.field(t.optional(t.string), { renamedFrom: 'memo' }),
  })
  const plain = t.struct({ id: t.int32, note: t.optional(t.string) })
  for (const value of [{ id: 1 }, { id: 1, note: 'x' }]) {
    assert.deepEqual(evolved(Order, plain, value), value)
    assert.deepEqual(Order.isolate(value), value)
  }
  assert.equal(compareSchemas(Order.schema, plain.schema).verdict, 'same')
  assert.throws(() => Order.isolate({ note: 'x' } as never), { code: 'TYPE_MISMATCH' })
})
