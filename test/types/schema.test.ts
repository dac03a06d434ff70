// Types from schemas, schemas as text, and their comparison.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isMillraceError } from '../../src/errors.ts'
import { compareSchemas } from '../../src/types/evolution.ts'
import { describeSchema, sameSchema, typeFromSchema } from '../../src/types/schema.ts'
import { t } from '../../src/types/t.ts'
import type { Type } from '../../src/types/type.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { sample } from './arbitrary.ts'

describe('a type built from a schema', () => {
  it('has that schema and reads what the declared type wrote', () => {
    fc.assert(
      fc.property(sample, ({ type, value }) => {
        const built = typeFromSchema(JSON.parse(JSON.stringify(type.schema)))
        assert.ok(sameSchema(built.schema, type.schema))
        assert.equal(built.copyOnRead, type.copyOnRead)
        const out = new ByteWriter()
        type.write(value, out)
        assert.deepStrictEqual(built.read(new ByteReader(out.copy())), value)
      }),
    )
  })

  let deep: unknown = { kind: 'int32' }
  for (let level = 0; level < 65; level++) deep = { kind: 'list', element: deep }
  const field = (name: unknown) => ({ name, type: { kind: 'int32' } })
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /^schema: undefined is no schema$/],
    [[], /^schema: an array of 0 is no schema$/],
    [{}, /^schema\.kind: undefined is no kind of type$/],
    [{ kind: 'int33' }, /^schema\.kind: string "int33" is no kind of type$/],
    [{ kind: 'toString' }, /is no kind of type$/],
    [{ kind: 'list' }, /^schema\.element: undefined is no schema$/],
    [{ kind: 'map', key: { kind: 'string' }, value: 5 }, /^schema\.value: 5 is no schema$/],
    [{ kind: 'literal', value: {} }, /^schema\.value: an object cannot be a literal$/],
    [{ kind: 'enum', values: 'a' }, /^schema\.values: string "a" is no list$/],
    [{ kind: 'enum', values: ['a', 1] }, /^schema\.values\[1\]: 1 is no string$/],
    [{ kind: 'enum', values: [] }, /at least one value/],
    [{ kind: 'enum', values: ['a'], default: 1 }, /^schema\.default: 1 is no text$/],
    [{ kind: 'enum', values: ['a'], default: 'b' }, /one of its values/],
    [{ kind: 'union', options: [] }, /at least one option/],
    [{ kind: 'struct', fields: [field(1)] }, /^schema\.fields\[0\]\.name: 1 is no name$/],
    [{ kind: 'struct', fields: [field('a'), field('a')] }, /"a" is there twice$/],
    [{ kind: 'struct', fields: [field('__proto__')] }, /cannot be named __proto__$/],
    [
      { kind: 'struct', fields: [{ name: 'a b', type: { kind: 'tuple', elements: [0] } }] },
      /^schema\.fields\["a b"\]\.elements\[0\]: 0 is no schema$/,
    ],
    [{ kind: 'tuple', elements: Array.from({ length: 10_001 }) }, /over 10000$/],
    [deep, /nested over 64 levels$/],
  ]
  for (const [schema, said] of refused) {
    it(`is refused: ${said.source}`, () => {
      assert.throws(() => typeFromSchema(schema), { code: 'TYPE_INVALID', message: said })
    })
  }

  it('comes from random JSON only as a coded error or a type', () => {
    const kinds = fc.constantFrom('struct', 'list', 'union', 'enum', 'optional', 'int32', 'literal')
    const schema = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.record({ kind: kinds, element: tie('node'), of: tie('node'), value: tie('node') }),
        fc.record({ kind: kinds, options: fc.array(tie('node')), values: fc.array(fc.string()) }),
        fc.record({
          kind: fc.constant('struct'),
          fields: fc.array(fc.record({ name: fc.string(), type: tie('node') })),
        }),
      ),
    })).node
    fc.assert(
      fc.property(schema, (node) => {
        try {
          assert.ok(typeFromSchema(node).schema.kind.length > 0)
        } catch (error) {
          assert.ok(isMillraceError(error) && error.code === 'TYPE_INVALID', String(error))
        }
      }),
    )
  })
})

it('a schema is described in one line', () => {
  const type = t.struct({
    word: t.string,
    'item no': t.optional(t.int32),
    shape: t.union(t.literal('x'), t.enum('a', 'b'), t.tuple(t.int64, t.nullable(t.date))),
    by: t.map(t.string, t.list(t.json<unknown>())),
    none: t.struct({}),
    maybe: t.list(t.optional(t.bytes)),
  })
  assert.equal(
    describeSchema(type.schema),
    'struct{ word: string, ["item no"]?: int32, shape: "x" | enum("a", "b") | ' +
      '[int64, date | null], by: map<string, list<json>>, none: struct{}, ' +
      'maybe: list<bytes | undefined> }',
  )
})

describe('schemas of two types', () => {
  const differing: readonly (readonly [Type<unknown>, Type<unknown>, string])[] = [
    [
      t.struct({ a: t.int32, b: t.int32, c: t.int32 }),
      t.struct({ a: t.optional(t.int32), c: t.int32, d: t.optional(t.int64) }),
      'field "a": is optional now; field "d": is new, int64 | undefined, absent; ' +
        'field "b": was int32, is gone',
    ],
    [
      t.struct({ a: t.int32, b: t.int32 }),
      t.struct({ b: t.int32, a: t.int32 }),
      'the order of the fields: was a, b, is b, a',
    ],
    [
      t.struct({ lines: t.list(t.struct({ price: t.float64 })) }),
      t.struct({ lines: t.list(t.struct({ price: t.dynamic() })) }),
      'field "lines": element: field "price": was float64, is dynamic',
    ],
    [t.map(t.string, t.int32), t.map(t.string, t.int64), 'value: was int32, is int64'],
    [t.enum('a'), t.enum('a', 'b'), 'was enum("a"), is enum("a", "b")'],
  ]
  for (const [stored, declared, why] of differing) {
    it(`are told apart in words: ${why}`, () => {
      const found = compareSchemas(stored.schema, declared.schema)
      assert.equal(found.verdict === 'migrate' && found.why, why)
    })
  }

  it('list five differences and count the rest', () => {
    const names = Array.from({ length: 8 }, (_, index) => `f${index}`)
    const all = (type: Type<unknown>) => t.struct(Object.fromEntries(names.map((n) => [n, type])))
    const comparison = compareSchemas(all(t.int32).schema, all(t.string).schema)
    assert.match(JSON.stringify(comparison), /field .*f4.*; 3 more"/)
  })

  it('are the same exactly if nothing differs', () => {
    fc.assert(
      fc.property(sample, sample, ({ type: a }, { type: b }) => {
        const copy = JSON.parse(JSON.stringify(a.schema))
        assert.deepEqual(compareSchemas(copy, a.schema), { verdict: 'same' })
        const same = JSON.stringify(a.schema) === JSON.stringify(b.schema)
        assert.equal(compareSchemas(a.schema, b.schema).verdict === 'same', same)
      }),
    )
  })
})
