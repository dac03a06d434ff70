/** Keys as people type them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { t } from 'millrace'
import { keyFromText } from '../../src/types/key-from-text.ts'

test('keys are read by their schema', () => {
  assert.equal(keyFromText('7', t.string.schema), '7')
  assert.equal(keyFromText('7', t.int32.schema), 7)
  assert.equal(keyFromText('9007199254740993', t.int64.schema), 9007199254740993n)
  assert.deepEqual(keyFromText('["ann",3]', t.tuple(t.string, t.float64).schema), ['ann', 3])
  const struct = t.struct({ id: t.int64, at: t.date })
  assert.deepEqual(keyFromText('{"at":"1970-01-01","id":"5"}', struct.schema), {
    id: 5n,
    at: new Date(0),
  })
  assert.deepEqual(keyFromText('AQL/', t.bytes.schema), new Uint8Array([1, 2, 255]))
  assert.equal(keyFromText('word', undefined), 'word')
  assert.throws(() => keyFromText('word', t.float64.schema), {
    code: 'TYPE_MISMATCH',
    message: 'the key "word" is no float64',
  })
})

test('a key is of its type, or refused: nothing is made of what has another', () => {
  const refused = { code: 'TYPE_MISMATCH' }
  assert.equal(keyFromText('true', t.boolean.schema), true)
  assert.equal(keyFromText('1767225600000', t.timestamp.schema), 1767225600000)
  const pair = t.tuple(t.string, t.boolean).schema
  assert.deepEqual(keyFromText('["a",false]', pair), ['a', false])
  for (const text of ['["a",0]', '[1,true]', '["a"]', '["a",true,1]', '"a"']) {
    assert.throws(() => keyFromText(text, pair), refused, text)
  }
  assert.throws(() => keyFromText('1', t.boolean.schema), refused)
  assert.throws(() => keyFromText('"1"', t.int32.schema), refused)
  assert.throws(() => keyFromText('x1', t.int64.schema), refused)
})

test('a date is typed as it is, and only a whole number is a whole number', () => {
  assert.deepEqual(keyFromText('2026-01-02', t.date.schema), new Date('2026-01-02'))
  assert.deepEqual(keyFromText('2026', t.date.schema), new Date('2026'))
  assert.equal(keyFromText('7', t.enum('7', '8').schema), '7')
  for (const text of ['1.5', '', 'x', '--1']) {
    assert.throws(() => keyFromText(text, t.int64.schema), { code: 'TYPE_MISMATCH' })
  }
  for (const [text, type] of [
    ['true', t.float64],
    ['1', t.boolean],
    ['[1]', t.tuple(t.string, t.float64)],
    ['["a",1,2]', t.tuple(t.string, t.float64)],
    ['null', t.struct({ a: t.string })],
    ['"a"', t.struct({ a: t.string })],
  ] as const) {
    assert.throws(() => keyFromText(text, type.schema), { code: 'TYPE_MISMATCH' }, text)
  }
})

test('a field that is not given is not there, and one that is null is what its type says', () => {
  const { schema } = t.struct({ a: t.string, b: t.optional(t.string), c: t.nullable(t.string) })
  assert.deepEqual(keyFromText('{"a":"x"}', schema), { a: 'x' })
  assert.deepEqual(keyFromText('{"b":null,"c":null,"d":1}', schema), { b: undefined, c: null })
})

test('what is typed as a date is one, and bytes are bytes', () => {
  const refused = { code: 'TYPE_MISMATCH' }
  const pair = t.tuple(t.date, t.bytes).schema
  assert.deepEqual(keyFromText('[0,"AQ=="]', pair), [new Date(0), new Uint8Array([1])])
  assert.throws(() => keyFromText('yesterday', t.date.schema), refused)
  for (const text of ['["yesterday",""]', '[true,""]', '[0,1]', '[null,""]', '{}', 'null']) {
    assert.throws(() => keyFromText(text, pair), refused, text)
  }
  assert.deepEqual(keyFromText('12', t.bytes.schema), new Uint8Array(Buffer.from('12', 'base64')))
})

test('texts within other keys are texts, and whole numbers may be either', () => {
  const refused = { code: 'TYPE_MISMATCH' }
  const of = t.tuple(t.int64, t.string, t.enum('a', 'b')).schema
  assert.deepEqual(keyFromText('["12","x","a"]', of), [12n, 'x', 'a'])
  assert.deepEqual(keyFromText('[-12,"x","b"]', of), [-12n, 'x', 'b'])
  for (const text of [
    '[1.5,"x","a"]',
    '[1e300,"x","a"]',
    '[1,2,"a"]',
    '[1,"x",3]',
    '["1x","x","a"]',
  ]) {
    assert.throws(() => keyFromText(text, of), refused, text)
  }
})

test('keys of types that JSON has are taken as they are', () => {
  for (const type of [t.json(), t.literal(7), t.union(t.float64, t.string), t.list(t.float64)]) {
    for (const json of [7, 'x', [1], null]) {
      assert.deepEqual(keyFromText(JSON.stringify(json), type.schema), json)
    }
  }
  assert.equal(keyFromText('null', t.nullable(t.string).schema), null)
  assert.equal(keyFromText('null', t.optional(t.float64).schema), undefined)
  assert.equal(keyFromText('7', t.optional(t.float64).schema), 7)
  assert.deepEqual(keyFromText('[1, 2]', undefined), [1, 2])
})
