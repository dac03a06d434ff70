import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { t } from 'millrace'
import { type ParamSchema, parseParams } from '../../src/graph/params.ts'

const parse = (params: ParamSchema, raw: Record<string, unknown>) =>
  parseParams({ name: 'tested', params }, raw)

const schema = { input: t.string, limit: t.optional(t.int32) }

describe('parameters', () => {
  it('are read from text by their type', () => {
    const params = {
      string: t.string,
      boolean: t.boolean,
      int32: t.int32,
      float64: t.float64,
      int64: t.int64,
      timestamp: t.timestamp,
      since: t.timestamp,
      date: t.date,
      bytes: t.bytes,
      enum: t.enum('fast', 'slow'),
      literal: t.literal(3),
      nullable: t.nullable(t.int32),
      list: t.list(t.string),
      struct: t.struct({ a: t.int32 }),
      union: t.union(t.int32, t.string),
      other: t.union(t.int32, t.string),
      dynamic: t.dynamic<unknown>(),
      plain: t.dynamic<unknown>(),
    }
    const values = parse(params, {
      string: '12',
      boolean: 'false',
      int32: '-7',
      float64: '1e3',
      int64: '9007199254740993',
      timestamp: '1700000000000',
      since: '2026-01-31T12:00:00Z',
      date: '2026-01-31',
      bytes: 'AQI=',
      enum: 'slow',
      literal: '3',
      nullable: 'null',
      list: '["a","b"]',
      struct: '{"a":1}',
      union: '5',
      other: 'five',
      dynamic: '{"a":[1]}',
      plain: 'text',
    })
    assert.deepEqual(values, {
      string: '12',
      boolean: false,
      int32: -7,
      float64: 1000,
      int64: 9007199254740993n,
      timestamp: 1_700_000_000_000,
      since: Date.UTC(2026, 0, 31, 12),
      date: new Date('2026-01-31'),
      bytes: Uint8Array.of(1, 2),
      enum: 'slow',
      literal: 3,
      nullable: null,
      list: ['a', 'b'],
      struct: { a: 1 },
      union: 5,
      other: 'five',
      dynamic: { a: [1] },
      plain: 'text',
    })
  })

  it('may be given as values, and parsing them again changes nothing', () => {
    const values = parse(schema, { input: 'a', limit: 3 })
    assert.deepEqual(values, { input: 'a', limit: 3 })
    assert.deepEqual(parse(schema, values), values)
    assert.ok(Object.isFrozen(values))
  })

  it('are left out if optional and not given', () => {
    assert.deepEqual(parse(schema, { input: 'a', limit: undefined }), { input: 'a' })
  })

  it('that are missing say how to give them', () => {
    assert.throws(() => parse(schema, {}), {
      code: 'JOB_PARAM_MISSING',
      message: 'job "tested" needs the parameter "input" (text)',
      cure: /--param input=… or run\(/,
    })
  })

  it('that are unknown name the nearest, or those that there are', () => {
    assert.throws(() => parse(schema, { inptu: 'a' }), {
      code: 'JOB_PARAM_UNKNOWN',
      cure: 'did you mean input?',
    })
    assert.throws(() => parse(schema, { elsewhere: 'a' }), { cure: /it has input, limit/ })
    assert.throws(() => parse({}, { toString: 'a' }), { code: 'JOB_PARAM_UNKNOWN' })
  })

  it('that do not fit say what is wanted', () => {
    const cases = [
      [{ limit: t.int32 }, { limit: 'many' }, /give an integer/],
      [{ limit: t.int32 }, { limit: '1.5' }, /give an integer/],
      [{ limit: t.int32 }, { limit: '' }, /give an integer/],
      [{ mode: t.enum('fast', 'slow') }, { mode: 'fats' }, /one of fast, slow/],
      [{ flag: t.boolean }, { flag: 'yes' }, /true or false/],
      [{ at: t.timestamp }, { at: 'soon' }, /a date such as/],
      [{ list: t.list(t.int32) }, { list: '[1' }, /JSON of list<int32>/],
      [{ list: t.list(t.int32) }, { list: [1, 'a'] }, /JSON of list<int32>/],
    ] as const
    for (const [params, raw, cure] of cases) {
      assert.throws(() => parse(params, raw), { code: 'JOB_PARAM_INVALID', cure })
    }
  })
})
