/** Values as JSON for people. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainValue } from '../../src/savepoint/plain-value.ts'

test('what JSON does not have becomes the nearest that it has', () => {
  const value = {
    big: 12n,
    none: undefined,
    infinite: -Infinity,
    bytes: new Uint8Array([1, 2, 255]),
    date: new Date(0),
    map: new Map<unknown, unknown>([[1n, new Set(['a'])]]),
    list: [1, null, true],
  }
  assert.equal(
    JSON.stringify(plainValue(value)),
    '{"big":"12","none":null,"infinite":"-Infinity","bytes":"AQL/",' +
      '"date":"1970-01-01T00:00:00.000Z","map":[["1",["a"]]],"list":[1,null,true]}',
  )
})

test('what is not finite is text, and a date that is none says so', () => {
  const value = [Number.NaN, Infinity, 0, -0, new Date(Number.NaN), false, '', new Map(), new Set()]
  assert.equal(
    JSON.stringify(plainValue(value)),
    '["NaN","Infinity",0,0,"Invalid Date",false,"",[],[]]',
  )
  assert.equal(plainValue(undefined), null)
})
