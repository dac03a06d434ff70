// Checks of foreign JSON: what fits is returned as it is, all else is refused by its path.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as checks from '../../src/checkpoint/json-checks.ts'
import { MillraceError } from '../../src/errors.ts'

function refuses(check: checks.Check<unknown>, value: unknown, path = 'at'): void {
  assert.throws(
    () => check(value, 'at'),
    (error) => {
      assert.ok(error instanceof MillraceError && error.code === 'STORAGE_CORRUPT')
      assert.ok(error.message.startsWith(`${path} `), `${error.message} names ${path}`)
      return true
    },
  )
}

/** All of the first are taken, none of the second. */
function bounds(
  check: checks.Check<unknown>,
  taken: readonly unknown[],
  refused: readonly unknown[],
): void {
  for (const value of taken) assert.equal(check(value, 'at'), value)
  for (const value of refused) refuses(check, value)
}

test('numbers, texts and flags are taken within their bounds, the bounds included', () => {
  bounds(checks.integer(2, 5), [2, 3, 5], [1, 6, 2.5, '3', null, undefined, NaN, [3]])
  bounds(checks.integer(), [0, Number.MAX_SAFE_INTEGER], [-1, 2 ** 53, Infinity])
  bounds(checks.text(3), ['', 'abc'], ['abcd', 3, null, ['a']])
  bounds(checks.text(9, /^a/), ['a', 'ab'], ['', 'ba'])
  bounds(checks.finite, [0, -1.5], [NaN, Infinity, '0', null])
  bounds(checks.nonNegative, [0, 1.5], [-0.5, NaN, Infinity, '1'])
  bounds(checks.flag, [true, false], [0, 'true', null])
  bounds(checks.scalar, ['x', 1, true, false], [null, NaN, [], {}])
  bounds(checks.exactly('a'), ['a'], ['b', undefined])
  bounds(checks.oneOf('a', 'b'), ['a', 'b'], ['c', 'toString', 1])
})

test('lists and tables are limited, and their elements named', () => {
  const list = checks.list(checks.integer(), 2)
  bounds(list, [[], [1, 2]], [[1, 2, 3], { length: 0 }, 'ab', null])
  refuses(list, [1, 'x'], 'at[1]')
  const table = checks.table(checks.integer(), 2)
  bounds(table, [{}, { a: 1, b: 2 }], [{ a: 1, b: 2, c: 3 }, [], null, 'a'])
  refuses(table, { a: 1, b: 'x' }, 'at.b')
})

test('an object has every field that is needed, and none that is unknown', () => {
  const check = checks.shape<{ a: number; b?: string }>(
    { a: checks.integer() },
    { b: checks.text(3) },
  )
  bounds(check, [{ a: 1 }, { a: 1, b: 'x' }], [null, [], 'x', 1, undefined])
  refuses(check, {}, 'at.a')
  refuses(check, Object.create({ a: 1 }), 'at')
  refuses(check, { a: 'x' }, 'at.a')
  refuses(check, { a: 1, b: 2 }, 'at.b')
  refuses(check, { a: 1, c: 2 }, 'at.c')
  assert.throws(() => check({}, ''), /^MillraceError: a is missing/)
})

test('only plain objects are objects', () => {
  const bare: unknown = Object.assign(Object.create(null), { a: 1 })
  bounds(checks.plainObject, [{}, bare], [new Map(), new Date(0), [], null, 'x', 1, () => 1])
})

test('any JSON is taken up to a depth', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { x: [nested(depth - 1)] })
  bounds(checks.json, [null, 'x', true, 1, [], {}, [1, { a: [null] }]], [undefined, NaN])
  assert.ok(checks.json(nested(32), 'at'))
  assert.throws(() => checks.json(nested(33), 'at'), /nested deeper than 64/)
  refuses(checks.json, { a: [1, { b: NaN }] }, 'at.a[1].b')
  checks.depthWithin(64, 'at')
  assert.throws(() => checks.depthWithin(65, 'at'), /^MillraceError: at is nested/)
})

test('two of the same key are refused', () => {
  const idOf = ({ id }: { readonly id: number }) => id
  checks.unique([{ id: 1 }, { id: 2 }], idOf, 'at', 'id')
  const twice = [{ id: 1 }, { id: 2 }, { id: 1 }]
  assert.throws(() => checks.unique(twice, idOf, 'at', 'id'), /at has the id 1 twice/)
})
