import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enumType } from '../../src/types/choices.ts'
import { readerOf } from '../../src/types/conversion.ts'
import { compareSchemas } from '../../src/types/evolution.ts'
import { typeFromSchema } from '../../src/types/schema.ts'
import { t } from '../../src/types/t.ts'
import type { Type } from '../../src/types/type.ts'
import { evolved } from './evolved.ts'

const verdict = (before: Type<unknown>, now: Type<unknown>) =>
  compareSchemas(before.schema, now.schema).verdict

const Named = t.struct({ id: t.int32, name: t.string })

const CASES: readonly (readonly [string, Type<unknown>, Type<unknown>, unknown, unknown])[] = [
  ['int32 → float64', t.int32, t.float64, 7, 7],
  ['int32 → int64', t.int32, t.int64, -7, -7n],
  ['int32 → timestamp', t.int32, t.timestamp, 7, 7],
  ['timestamp → float64', t.timestamp, t.float64, 1.5, 1.5],
  ['date → timestamp', t.date, t.timestamp, new Date(99), 99],
  ['date → float64', t.date, t.float64, new Date(99), 99],
  ['enum → larger enum', t.enum('b', 'c'), t.enum('a', 'b', 'c'), 'c', 'c'],
  ['enum → string', t.enum('b', 'c'), t.string, 'c', 'c'],
  ['literal → string', t.literal('x'), t.string, 'x', 'x'],
  ['literal → enum', t.literal('x'), t.enum('y', 'x'), 'x', 'x'],
  ['literal → int32', t.literal(5), t.int32, 5, 5],
  ['literal → boolean', t.literal(true), t.boolean, true, true],
  ['anything → dynamic', Named, t.dynamic(), { id: 1, name: 'a' }, { id: 1, name: 'a' }],
  ['what JSON carries → json', Named, t.json(), { id: 1, name: 'a' }, { id: 1, name: 'a' }],
  ['value → optional', t.int32, t.optional(t.int64), 1, 1n],
  ['value → nullable', t.string, t.nullable(t.string), 'a', 'a'],
  ['optional → nullable', t.optional(t.int32), t.nullable(t.float64), undefined, null],
  ['nullable → optional', t.nullable(t.int32), t.optional(t.int32), null, undefined],
  [
    'nullable → union with null',
    t.nullable(t.int32),
    t.union(t.literal(null), t.int32),
    null,
    null,
  ],
  ['value → union', t.int32, t.union(t.string, t.int64), 3, 3n],
  [
    'union → larger union',
    t.union(t.int32, t.string),
    t.union(t.boolean, t.string, t.int64),
    3,
    3n,
  ],
  ['enum → smaller enum with a default', t.enum('a', 'b'), enumType(['c', 'b'], 'c'), 'a', 'c'],
  ['enum → smaller enum, a value of both', t.enum('a', 'b'), enumType(['c', 'b'], 'c'), 'b', 'b'],
  ['union → one type of all', t.union(t.int32, t.float64), t.float64, 0.5, 0.5],
  ['list elements', t.list(t.int32), t.list(t.int64), [1, 2], [1n, 2n]],
  [
    'map values',
    t.map(t.string, t.int32),
    t.map(t.string, t.int64),
    new Map([['a', 1]]),
    new Map([['a', 1n]]),
  ],
  [
    'map keys',
    t.map(t.int32, t.int32),
    t.map(t.int64, t.int32),
    new Map([[5, 1]]),
    new Map([[5n, 1]]),
  ],
  [
    'tuple elements',
    t.tuple(t.int32),
    t.tuple(t.int64, t.optional(t.string)),
    [1],
    [1n, undefined],
  ],
  [
    'a field more, optional',
    Named,
    t.struct({ id: t.int32, name: t.string, note: t.optional(t.string) }),
    { id: 1, name: 'a' },
    { id: 1, name: 'a' },
  ],
  [
    'a field more, with a default',
    Named,
    t.struct({ tags: t.field(t.list(t.string), { default: ['x'] }), id: t.int32, name: t.string }),
    { id: 1, name: 'a' },
    { tags: ['x'], id: 1, name: 'a' },
  ],
  ['a field less', Named, t.struct({ name: t.string }), { id: 1, name: 'a' }, { name: 'a' }],
  [
    'another order',
    Named,
    t.struct({ name: t.string, id: t.int32 }),
    { id: 1, name: 'a' },
    { name: 'a', id: 1 },
  ],
  [
    'a field renamed and widened',
    Named,
    t.struct({ number: t.field(t.int64, { renamedFrom: ['nr', 'id'] }), name: t.string }),
    { id: 1, name: 'a' },
    { number: 1n, name: 'a' },
  ],
  [
    'optional → required with a default, absent',
    t.struct({ a: t.optional(t.int32) }),
    t.struct({ a: t.field(t.int64, { default: 9n }) }),
    {},
    { a: 9n },
  ],
  [
    'optional → required with a default, there',
    t.struct({ a: t.optional(t.int32) }),
    t.struct({ a: t.field(t.int64, { default: 9n }) }),
    { a: 1 },
    { a: 1n },
  ],
  [
    'nullable → required with a default',
    t.struct({ a: t.nullable(t.int32) }),
    t.struct({ a: t.field(t.int32, { default: 9 }) }),
    { a: null },
    { a: 9 },
  ],
  [
    'required → optional',
    t.struct({ a: t.int32 }),
    t.struct({ a: t.optional(t.int32) }),
    { a: 1 },
    { a: 1 },
  ],
  [
    'deep inside',
    t.list(t.struct({ in: t.optional(Named) })),
    t.list(t.struct({ in: t.optional(t.struct({ id: t.int64 })) })),
    [{ in: { id: 1, name: 'a' } }, {}],
    [{ in: { id: 1n } }, {}],
  ],
  [
    'a tagged union grows inside',
    t.union(t.struct({ k: t.literal('a'), x: t.int32 }), t.struct({ k: t.literal('b') })),
    t.union(
      t.struct({ k: t.literal('b'), y: t.optional(t.int32) }),
      t.struct({ k: t.literal('a'), x: t.int64 }),
    ),
    { k: 'a', x: 1 },
    { k: 'a', x: 1n },
  ],
]

for (const [name, before, now, value, expected] of CASES) {
  test(`reads what was written before: ${name}`, () => {
    assert.equal(verdict(before, now), 'migrate')
    assert.deepEqual(evolved(before, now, value), expected)
    // A type that was made of the schema does the same: no code is needed.
    assert.deepEqual(
      evolved(typeFromSchema(before.schema), typeFromSchema(now.schema), value),
      expected,
    )
  })
}

const REFUSED: readonly (readonly [string, Type<unknown>, Type<unknown>, RegExp])[] = [
  ['string → int32', t.string, t.int32, /was string, is int32 \(convert it with t.versioned\)/],
  ['float64 → int32', t.float64, t.int32, /was float64, is int32/],
  ['int64 → float64', t.int64, t.float64, /was int64, is float64/],
  ['float64 → timestamp', t.float64, t.timestamp, /was float64/],
  ['dynamic → declared', t.dynamic(), t.int32, /was dynamic, is int32/],
  ['float64 → json', t.float64, t.json(), /was float64, is json/],
  ['a smaller enum', t.enum('a', 'b'), t.enum('b'), /lost the values "a" \(keep them/],
  ['a smaller union', t.union(t.int32, t.string), t.union(t.int32), /option string is gone/],
  [
    'optional → required',
    t.struct({ a: t.optional(t.int32) }),
    t.struct({ a: t.int32 }),
    /field "a": was optional.*t.field\(type, \{ default \}\)/,
  ],
  [
    'a required field more',
    t.struct({}),
    t.struct({ a: t.int32 }),
    /field "a": is new, int32 \(give it a default/,
  ],
  [
    'a shorter tuple',
    t.tuple(t.int32, t.int32),
    t.tuple(t.int32),
    /was \[int32, int32\], is \[int32\]/,
  ],
  [
    'map keys that may become equal',
    t.map(t.struct({ a: t.int32, b: t.int32 }), t.int32),
    t.map(t.struct({ a: t.int32 }), t.int32),
    /key: has changed, and two keys might become one/,
  ],
  [
    'map keys that a default makes equal, inside',
    t.map(t.tuple(t.enum('a', 'b', 'c')), t.int32),
    t.map(t.tuple(enumType(['a'], 'a')), t.int32),
    /key: has changed, and two keys might become one/,
  ],
  [
    'inside',
    t.list(t.struct({ a: t.string })),
    t.list(t.struct({ a: t.int32 })),
    /^element: field "a": was string, is int32/,
  ],
]

for (const [name, before, now, why] of REFUSED) {
  test(`refuses, and says what and how to cure it: ${name}`, () => {
    const found = compareSchemas(before.schema, now.schema)
    assert.ok(found.verdict === 'incompatible', found.verdict)
    assert.match(found.why, why)
    assert.equal(readerOf(before.schema, now), undefined)
  })
}
