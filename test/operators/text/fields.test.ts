// fields(): records of bytes the same as of strings, and numbers as `Number` reads them.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fields } from '../../../src/operators/text/fields.ts'
import { byteVersionOf, type TextFunction } from '../../../src/operators/text/text-function.ts'
import { t } from '../../../src/types/t.ts'
import type { Type } from '../../../src/types/type.ts'
import { compare, rawText } from './as-bytes.ts'

const read = (fn: TextFunction<unknown>, line: string) => compare(fn, [Buffer.from(line)])[0]

const Reading = t.struct({ sensor: t.string, at: t.timestamp, degrees: t.float64 })
const Open = t.struct({ kind: t.literal('open'), account: t.string })
const Move = t.struct({
  from: t.string,
  kind: t.literal('move'),
  cents: t.int32,
  note: t.optional(t.string),
  to: t.string,
})
const event = fields('|', { O: Open, M: Move })

describe('fields()', () => {
  it('makes records of a struct', () => {
    const reading = fields(';', Reading)
    const expected = { sensor: 'roof', at: 1_704_067_200_000, degrees: -3.25 }
    assert.deepEqual(read(reading, 'roof;1704067200000;-3.25'), { value: expected })
    assert.deepEqual(read(reading, 'roof;2024-01-01T00:00:00Z;-3.25'), { value: expected })
  })

  it('makes records of the struct that the first field names', () => {
    assert.deepEqual(read(event, 'O|a'), { value: { kind: 'open', account: 'a' } })
    const moved = { from: 'a', kind: 'move', cents: 7, note: 'rent', to: 'b' }
    assert.deepEqual(read(event, 'M|a|7|rent|b'), { value: moved })
    const { note: _note, ...silent } = moved
    assert.deepEqual(read(event, 'M|a|7||b'), { value: silent })
    assert.deepEqual(byteVersionOf(event)?.outputType.schema, t.union(Open, Move).schema)
  })

  it('knows names of any length, kind and number, and those that begin another', () => {
    const Word = t.struct({ word: t.string })
    const Nothing = t.struct({ kind: t.literal('nothing') })
    const names = ['A', 'AB', 'é', '', 'a|b', 'long name', 'c', 'd', 'e', 'f', 'g', 'h']
    const named = fields('|', { ...Object.fromEntries(names.map((n) => [n, Word])), N: Nothing })
    const texts = names.flatMap((name) => [`${name}|x`, name, `${name}B|x`, `${name}|x|`])
    const all = [...texts, 'N', 'N|', 'NN|'].map((text) => Buffer.from(text))
    const records = compare(named, all).filter((each) => 'value' in (each as object))
    // One that has the separator in it is never met.
    assert.equal(records.length, names.length + 1)
    assert.deepEqual(read(named, 'AB|x'), { value: { word: 'x' } })
    assert.deepEqual(read(named, 'N'), { value: { kind: 'nothing' } })
  })

  it('reads columns in the order that it is told, and passes over others', () => {
    const some = fields(',', Reading, { columns: ['', 'degrees', '', 'sensor', 'at', ''] })
    const value = { sensor: 'é', at: 3, degrees: 2 }
    assert.deepEqual(read(some, 'a,2,b,é,3,c'), { value })
    assert.deepEqual(Object.keys(some('a,2,b,é,3,c')), ['sensor', 'at', 'degrees'])
  })

  it('takes only some fields of a struct', () => {
    const some: TextFunction<{ degrees: number }> = fields(';', Reading, { only: ['degrees'] })
    assert.deepEqual(read(some, 'roof;no time;-3.25'), { value: { degrees: -3.25 } })
    assert.match(JSON.stringify(read(some, 'roof;-3.25')), /it has 2 fields, not 3/)
    assert.match(JSON.stringify(read(some, 'roof;1;x')), /field 3, degrees: .*not a number/)
    assert.deepEqual(
      byteVersionOf(some)?.outputType.schema,
      t.struct({ degrees: t.float64 }).schema,
    )
    const columns = ['', 'at', 'degrees', 'sensor']
    const others = fields(';', Reading, { only: ['degrees', 'sensor'], columns })
    const value = { sensor: 'roof', degrees: 5 }
    assert.deepEqual(read(others, 'a;b;5;roof'), { value })
    assert.deepEqual(Object.keys(others('a;b;5;roof')), ['sensor', 'degrees'])
  })

  it('takes only some fields of structs by name', () => {
    type Some = { from: string; kind: 'move' } | { kind: 'open'; account: string }
    const some: TextFunction<Some> = fields(
      '|',
      { O: Open, M: Move },
      { only: { M: ['kind', 'from'] } },
    )
    assert.deepEqual(read(some, 'O|a'), { value: { kind: 'open', account: 'a' } })
    assert.deepEqual(read(some, 'M|a|x|rent|b'), { value: { from: 'a', kind: 'move' } })
    const notes = fields('|', { M: Move }, { only: { M: ['note'] } })
    assert.deepEqual(read(notes, 'M|a|7|rent|b'), { value: { note: 'rent' } })
    assert.deepEqual(read(notes, 'M|a|7||b'), { value: {} })
  })

  it('says what it cannot take some fields of', () => {
    // As plain JavaScript may have it.
    const refused = (type: unknown, options: unknown, message: RegExp) =>
      assert.throws(() => fields('|', type as typeof Reading, options as object), {
        code: 'JOB_GRAPH_INVALID',
        message,
      })
    refused(Reading, { only: ['rain'] }, /field "rain", which the struct does not have/)
    refused(Reading, { only: [] }, /is not told which/)
    refused(Reading, { only: { R: ['at'] } }, /is not told which/)
    refused(Reading, { only: ['at'], columns: ['at', 'rain'] }, /column "rain"/)
    refused(Reading, { only: ['at'], columns: ['sensor'] }, /no column for "at"/)
    refused({ R: Reading }, { only: ['at'] }, /needs \{ only \} by name/)
    refused({ R: Reading }, { only: { S: ['at'] } }, /of "S", but has no such struct/)
    refused({ R: Reading }, { only: { R: ['rain'] } }, /"rain"/)
    const foreign = { ...Reading, parts: undefined, schema: Reading.schema }
    refused(foreign, { only: ['at'] }, /some fields of a t\.struct/)
  })

  it('reads fields of every type that text can carry', () => {
    const All = t.struct({
      truth: t.boolean,
      big: t.int64,
      day: t.date,
      side: t.enum('buy', 'sell'),
      none: t.nullable(t.float64),
      maybe: t.optional(t.int32),
      json: t.json<unknown>(),
      any: t.dynamic<unknown>(),
    })
    assert.deepEqual(
      read(fields('\t', All), 'true\t9007199254740993\t2024-05-01\tsell\t\t\t[1]\tx'),
      {
        value: {
          truth: true,
          big: 9_007_199_254_740_993n,
          day: new Date('2024-05-01'),
          side: 'sell',
          none: null,
          json: [1],
          any: 'x',
        },
      },
    )
  })

  it('says which field of which line does not fit, and what it is', () => {
    const cases: readonly (readonly [line: string, said: RegExp])[] = [
      ['M|a|7|b', /^it has 4 fields, not 5, in "M\|a\|7\|b"$/],
      ['M|a|7|x|b|', /^it has 6 fields, not 5, in /],
      ['O', /^it has 1 fields, not 2, in "O"$/],
      ['M|a|7.5|x|b', /^field 3, cents: "7.5" is not a whole number .*, in "M\|a\|7.5\|x\|b"$/],
      ['M|a||x|b', /^field 3, cents: "" is not a number, in /],
      ['X|1', /^field 1: "X" is none of O, M, in "X\|1"$/],
      ['', /^field 1: "" is none of O, M, in ""$/],
    ]
    for (const [line, message] of cases) {
      assert.throws(() => event(line), { code: 'TYPE_MISMATCH', message })
      assert.match(JSON.stringify(read(event, line)), /error/)
    }
    const json = fields(',', t.struct({ a: t.json<unknown>() }))
    assert.throws(() => json('{'), { code: 'TYPE_MISMATCH', message: /^field 1, a: .*JSON/ })
  })

  it('reads numbers as Number does', () => {
    const one = fields(',', t.struct({ n: t.float64 }))
    const int = fields(',', t.struct({ n: t.int32 }))
    const digits = fc.string({ unit: fc.integer({ min: 0, max: 9 }).map(String), maxLength: 18 })
    const text = fc.oneof(
      fc.tuple(fc.constantFrom('', '-', '+'), digits).map((parts) => parts.join('')),
      fc.tuple(fc.constantFrom('', '-'), digits, digits).map(([sign, a, b]) => `${sign}${a}.${b}`),
      fc.double().map(String),
      fc.integer().map(String),
      fc.constantFrom(
        '',
        '.',
        '-',
        '-.',
        '5.',
        '.5',
        '-0',
        '-0.0',
        '1e3',
        '1E-7',
        '0x10',
        ' 1',
        '1 ',
      ),
      fc.constantFrom('NaN', 'Infinity', '-Infinity', '1-2', '1.2.3', '2147483647', '-2147483649'),
    )
    const isNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$|^(?:NaN|-?Infinity)$/
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (texts) => {
        const bytes = texts.map((each) => Buffer.from(each))
        for (const [at, outcome] of compare(one, bytes).entries()) {
          const each = texts[at] ?? ''
          if (isNumber.test(each)) assert.deepEqual(outcome, { value: { n: Number(each) } })
          else assert.match(JSON.stringify(outcome), /is not a number/)
        }
        compare(int, bytes)
      }),
      { numRuns: 1_000 },
    )
  })

  const anyField = fc.constantFrom<Type<unknown>>(
    t.string,
    t.float64,
    t.int32,
    t.optional(t.string),
    t.optional(t.float64),
    t.nullable(t.int32),
    t.literal('"\u2028'),
  )
  const name = fc.constantFrom('a', 'b', 'c', '1', 'toString', 'constructor', '"\n${x}')
  const struct = fc.dictionary(name, anyField, { minKeys: 1 }).map((of) => t.struct(of))

  it('gives of bytes what it gives of strings', () => {
    const separator = fc.constantFrom(',', ' ', '|', '\t', '\0', '^', '\\', '"', 'a')
    const piece = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom('', '7', '-1.5', '12345678901234567', 'X', 'Y') },
      rawText,
      fc.constant('z'.repeat(600)),
    )
    const line = fc.array(piece, { maxLength: 5 })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), separator, struct, struct, (all, by, X, Y) => {
        const lines = all.map((parts) => {
          return Buffer.concat(parts.flatMap((each) => [Buffer.from(each), Buffer.from(by)]))
        })
        const texts = lines.map((each) => each.subarray(0, Math.max(0, each.length - 1)))
        compare(fields(by, X), texts)
        compare(fields(by, { X, Y }), texts)
      }),
      { numRuns: 500 },
    )
  })

  it('makes the same records where code must not be made of strings', () => {
    const url = (path: string) => new URL(`../../../src/${path}`, import.meta.url).href
    const code = `
      import { Buffer } from 'node:buffer'
      import { fields } from '${url('operators/text/fields.ts')}'
      import { TextLine } from '${url('operators/text/line.ts')}'
      import { byteVersionOf } from '${url('operators/text/text-function.ts')}'
      import { t } from '${url('types/t.ts')}'
      const Row = t.struct({ b: t.optional(t.int32), kind: t.literal(1), a: t.string })
      const read = byteVersionOf(fields(',', Row, { columns: ['a', '', 'b'] })).one()
      const of = (text) => read(new TextLine(Buffer.from(text + '\\n'), 0, text.length))
      let said = ''
      try { of('x,y') } catch (error) { said = error.message }
      process.stdout.write(JSON.stringify([of('x,y,7'), of('x,y,'), said]))`
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval']
    const printed = execFileSync(process.execPath, [...flags, code], { encoding: 'utf8' })
    const expected = [
      { b: 7, kind: 1, a: 'x' },
      { kind: 1, a: 'x' },
      'it has 2 fields, not 3, in "x,y"',
    ]
    assert.equal(printed, JSON.stringify(expected))
  })

  it('leaves separators to strings that bytes do not show, or that may be part of a number', () => {
    for (const separator of ['ab', 'é', '\ufffd', '1', '.', '-', '\r', '\n']) {
      assert.equal(byteVersionOf(fields(separator, Reading))?.one, undefined)
    }
    assert.deepEqual(fields('::', Open)('x'), { kind: 'open', account: 'x' })
  })

  it('refuses what it cannot read', () => {
    const wrong: readonly (readonly [unknown, unknown, unknown?])[] = [
      ['', Reading],
      [undefined, Reading],
      ['|', t.string],
      ['|', undefined],
      ['|', {}],
      ['|', { A: 1 }],
      ['|', { A: t.string }],
      ['|', { A: Open }, { columns: ['account'] }],
      ['|', t.struct({ list: t.list(t.string) })],
      ['|', Reading, { columns: ['sensor', 'at'] }],
      ['|', Reading, { columns: ['sensor', 'at', 'degrees', 'at'] }],
      ['|', Reading, { columns: ['sensor', 'at', 'degrees', 'more'] }],
      ['|', Open, { columns: ['kind', 'account'] }],
    ]
    for (const [separator, types, options] of wrong) {
      const make = () => fields(separator as string, types as never, options as never)
      assert.throws(make, { code: 'JOB_GRAPH_INVALID', message: /^fields\(\)/ })
    }
  })
})
