// Structs: generated code and the loops used where code may not be generated behave alike.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isMillraceError } from '../../src/errors.ts'
import { structType } from '../../src/types/struct.ts'
import { t } from '../../src/types/t.ts'
import type { Type } from '../../src/types/type.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { plainValue } from './arbitrary.ts'

const fields = new Map<string, Type<unknown>>([
  ['word', t.string],
  ['note', t.optional(t.string)],
  ['constructor', t.optional(t.int32)],
  ['any value', t.dynamic<unknown>()],
  ['2', t.nullable(t.boolean)],
  ...Array.from({ length: 8 }, (_, index) => [`o${index}`, t.optional(t.int32)] as const),
  ['quoted "\'\\\n\u2028`${1}', t.list(t.int32)],
])
const quoted = [...fields.keys()].at(-1) ?? ''
const generated = structType(fields)
const looping = structType(fields, () => undefined)
const whole = { word: 'a', 'any value': undefined, '2': null, [quoted]: [1] }

/** What each function of a struct makes of a value, errors as their messages. */
function behaviour(type: typeof generated, value: unknown): readonly unknown[] {
  const given = value as Record<string, unknown> // anything may be given; that is the test
  const attempt = (call: () => unknown): unknown => {
    try {
      return call()
    } catch (error) {
      return isMillraceError(error) ? [error.code, error.message, error.cure] : assert.fail()
    }
  }
  return [
    attempt(() => {
      const out = new ByteWriter()
      type.write(given, out)
      const read = type.read(new ByteReader(out.copy()))
      return [out.copy().toString('hex'), read, Object.keys(read)]
    }),
    attempt(() => Object.entries(type.isolate(given))),
    type.accepts(value),
  ]
}

const cases: readonly unknown[] = [
  whole,
  { ...whole, note: 'n', constructor: 5, o7: 1, o0: 2 },
  { ...whole, note: undefined },
  Object.assign(Object.create(null), whole),
  { ...whole, surplus: 1 },
  { ...whole, surplus: undefined },
  { ...whole, __proto__: { note: 'inherited' } },
  { word: 'a', '2': null, [quoted]: [1] },
  { ...whole, word: 5 },
  { ...whole, constructor: 'text' },
  { ...whole, [quoted]: [1, 'x'] },
  { ...whole, 'any value': () => 1 },
  {},
  [],
  null,
  undefined,
  'text',
  new Map(),
  () => 1,
  new (class {
    get word(): string {
      throw new Error('not to be seen: this is no plain object')
    }
  })(),
  Object.assign(new Map(), whole),
]

describe('generated code of structs and the loops', () => {
  cases.forEach((value, index) => {
    it(`do the same, case ${index}`, () => {
      assert.deepEqual(behaviour(generated, value), behaviour(looping, value))
    })
  })

  it('do the same with random values', () => {
    const record = fc.record(
      {
        word: fc.constantFrom('a', 'b'),
        note: fc.constantFrom('n', undefined, 5),
        constructor: fc.constantFrom(1, undefined),
        'any value': plainValue,
        '2': fc.constantFrom(true, null),
        o3: fc.integer(),
        [quoted]: fc.array(fc.integer()),
        surplus: fc.constant(1),
      },
      { requiredKeys: ['word', '2'] },
    )
    fc.assert(
      fc.property(record, (value) => {
        assert.deepEqual(behaviour(generated, value), behaviour(looping, value))
      }),
    )
  })

  it('read alike what is damaged', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const read = (type: typeof generated): unknown => {
          try {
            return type.read(new ByteReader(bytes))
          } catch (error) {
            return isMillraceError(error) ? error.code : assert.fail()
          }
        }
        assert.deepStrictEqual(read(generated), read(looping))
      }),
    )
  })

  it('are exchanged by Node’s own switch against code generation', () => {
    const script = `
      import { t } from './src/types/t.ts'
      import { ByteReader, ByteWriter } from './src/util/bytes.ts'
      const type = t.struct({ word: t.string, note: t.optional(t.string) })
      const out = new ByteWriter()
      type.write({ word: 'a', note: 'b' }, out)
      console.log(JSON.stringify(type.read(new ByteReader(out.copy()))))`
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval']
    const printed = execFileSync(process.execPath, [...flags, script], {
      cwd: `${import.meta.dirname}/../..`,
      encoding: 'utf8',
    })
    assert.equal(printed.trim(), '{"word":"a","note":"b"}')
  })
})

describe('a struct', () => {
  const type = t.struct({ word: t.string, count: t.int32, note: t.optional(t.string) })

  it('gives its fields in declared order, however they came', () => {
    const value = { note: 'n', count: 1, word: 'a' }
    assert.deepEqual(Object.keys(type.isolate(value)), ['word', 'count', 'note'])
  })

  it('leaves an optional field out that is undefined', () => {
    assert.deepEqual(Object.keys(type.isolate({ word: 'a', count: 1, note: undefined })), [
      'word',
      'count',
    ])
  })

  it('names a missing and an undeclared field', () => {
    const missing: unknown = { word: 'a' }
    assert.throws(() => type.isolate(missing as never), {
      message: 'count: expected int32, got nothing: the field is missing',
      cure: /t\.optional/,
    })
    const surplus = { word: 'a', count: 1, colour: 'red' }
    assert.throws(() => type.isolate(surplus), {
      message:
        'colour: the field is not declared in struct{ word: string, count: int32, note?: string }',
      cure: 'declare the field, or leave it out: it would be lost',
    })
  })
})
