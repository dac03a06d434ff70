// jsonField(): of bytes the same as of strings, which is JSON.parse and a walk along the path.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { jsonField } from '../../../src/operators/text/json-field.ts'
import { byteVersionOf } from '../../../src/operators/text/text-function.ts'
import { t } from '../../../src/types/t.ts'
import { compare, outcomeOf } from './as-bytes.ts'

type Path = Parameters<typeof jsonField>[0]

const valueOf = (path: Path, line: string) => compare(jsonField(path), [Buffer.from(line)])[0]

describe('jsonField()', () => {
  const cases: readonly (readonly [what: string, path: Path, line: string, value: unknown])[] = [
    ['a field', 'id', '{"name":"x","id":7}', 7],
    ['a field of a field', 'user.id', ' { "user" : { "id" : "a" } } ', 'a'],
    ['an element', ['list', 1, 'x'], '{"list":[1,{"x":true},3]}', true],
    ['the last of fields of one name', 'a', '{"a":1,"a":2}', 2],
    ['what replaces a field', 'a.b', '{"a":{"b":1},"a":{}}', undefined],
    ['what replaces it with no object', 'a.b', '{"a":{"b":1},"a":3}', undefined],
    ['a name with escapes', 'ab', String.raw`{"\u0061b":1}`, 1],
    ['a string with escapes', 'a', String.raw`{"a":"\u00e9\n\ud800"}`, 'é\n\ud800'],
    ['a name with points', ['a.b'], '{"a.b":1}', 1],
    ['an empty name', ['', ''], '{"":{"":null}}', null],
    ['a list', 'a', '{"a":[1,[2,{}]]}', [1, [2, {}]]],
    ['nothing', 'b', '{"a":1}', undefined],
    ['nothing in a list by name', 'length', '[1]', undefined],
    ['nothing in an object by number', [0], '{"0":1}', undefined],
    ['nothing that is inherited', 'toString', '{}', undefined],
    ['nothing in a string', ['a', 'length'], '{"a":"b"}', undefined],
    ['a field called __proto__', ['__proto__', 'x'], '{"__proto__":{"x":1}}', 1],
    ['no other prototype', 'x', '{"__proto__":{"x":1}}', undefined],
    ['minus zero', 'a', '{"a":-0}', -0],
    ['a number that is rounded', 'a', '{"a":12345678901234567890}', Number('12345678901234567890')],
    ['a number with a fraction', 'a', '{"a":-1.5e-3}', -0.0015],
    ['what is too deep to scan', 'a', `{"b":${'['.repeat(500)}${']'.repeat(500)},"a":1}`, 1],
  ]
  for (const [what, path, line, value] of cases) {
    it(`finds ${what}`, () => assert.deepEqual(valueOf(path, line), { value }))
  }

  it('throws the error of JSON.parse for what is no JSON, wherever that is wrong', () => {
    for (const line of ['', '{', '{"a":1', '{"a":1} x', '{"a":1,}', '{"a":01}', "{'a':1}", 'é']) {
      assert.throws(() => JSON.parse(line), SyntaxError)
      assert.deepEqual(
        valueOf('a', line),
        outcomeOf(() => JSON.parse(line)),
      )
    }
  })

  it('checks the value against its type', () => {
    const lines = ['{"a":"x"}', '{"a":1}', '{}', '{"a":null}']
    const read = compare(
      jsonField('a', t.string),
      lines.map((line) => Buffer.from(line)),
    )
    assert.deepEqual(read[0], { value: 'x' })
    for (const other of read.slice(1)) assert.match(JSON.stringify(other), /error/)
    const optional = jsonField('a', t.optional(t.string))
    assert.equal(optional('{}'), undefined)
  })

  it('gives of bytes what it gives of strings, for JSON of any form', () => {
    fc.assert(
      fc.property(fc.array(jsonText, { minLength: 1, maxLength: 5 }), path, (texts, wanted) => {
        for (const text of texts) assert.doesNotThrow(() => JSON.parse(text))
        compare(
          jsonField(wanted),
          texts.map((text) => Buffer.from(text)),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('gives of bytes what it gives of strings, for bytes that were JSON once', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) })
    const isGone = fc.boolean()
    fc.assert(
      fc.property(jsonText, change, isGone, path, (text, { at, byte }, cuts, wanted) => {
        const bytes = Buffer.from(text)
        if (byte !== 10) bytes[at % bytes.length] = byte
        const cut = cuts ? bytes.subarray(0, at % (bytes.length + 1)) : bytes
        compare(jsonField(wanted), [cut])
      }),
      { numRuns: 500 },
    )
  })

  it('leaves names to strings that bytes do not show', () => {
    for (const name of ['\ufffd', '\ud83d']) {
      assert.equal(byteVersionOf(jsonField([name]))?.one, undefined)
    }
  })

  it('refuses what is no path', () => {
    for (const wrong of ['', 'a..b', '.', [], [-1], [0.5], [{}], undefined] as unknown[]) {
      assert.throws(() => jsonField(wrong as string), { code: 'JOB_GRAPH_INVALID' })
    }
  })
})

const name = fc.constantFrom('a', 'b', 'é', '__proto__', 'a.b', '', 'toString')
const path = fc.array(fc.oneof({ weight: 4, arbitrary: name }, fc.constantFrom(0, 1, 2)), {
  minLength: 1,
  maxLength: 3,
})
/** As it might be written: some characters by their number. */
const escaped = (text: string, how: number): string =>
  how === 0
    ? JSON.stringify(text)
    : `"${Array.from({ length: text.length }, (_, at) => codeUnit(text, at)).join('')}"`
const codeUnit = (text: string, at: number): string =>
  `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`

const space = fc.constantFrom('', '', ' ', '\t', ' \r')
const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom('-0', '0', '1E5', '0.10', '-12e-7', '999999999999999', '9999999999999999'),
)
const string = fc
  .tuple(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), name), fc.nat(1))
  .map(([text, how]) => escaped(text, how))
/** Text of JSON, with fields that come more than once. */
const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc
    .tuple(
      space,
      fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.oneof(number, string, fc.constantFrom('true', 'false', 'null')),
        fc.array(tie('value'), { maxLength: 3 }).map((all) => `[${all.join(',')}]`),
        fc
          .array(fc.tuple(space, name, fc.nat(3), space, tie('value')), { maxLength: 4 })
          .map((fields) => {
            const all = fields.map(
              ([before, of, how, after, value]) =>
                `${before}${escaped(of, how === 0 ? 1 : 0)}${after}:${value}`,
            )
            return `{${all.join(',')}}`
          }),
      ),
      space,
    )
    .map((parts) => parts.join('')),
})).value
