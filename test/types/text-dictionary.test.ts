// The dictionary of strings by their bytes: however few places it has, each string is right, and so
// is the hash that it foresees.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { routeHash, writeKey } from '../../src/types/keys.ts'
import { TextDictionary } from '../../src/types/text-dictionary.ts'
import { ByteWriter } from '../../src/util/bytes.ts'
import { fnv1aBytes } from '../../src/util/hash.ts'

function hashOf(key: string): number {
  const out = new ByteWriter()
  writeKey(key, out)
  return fnv1aBytes(out.bytes, 0, out.length)
}

const bytes = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => Buffer.from(text)),
  fc
    .constantFrom('', 'a', 'b', 'ab', 'x'.repeat(20), 'x'.repeat(21))
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((raw) => Buffer.from(raw)),
)

describe('a dictionary of texts', () => {
  it('gives the string of the bytes, and foresees its hash', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 60 }), fc.constantFrom(2, 4, 64), (all, places) => {
        const dictionary = new TextDictionary(places, 2)
        for (const each of [...all, ...all.toReversed()]) {
          const text = dictionary.textOf(each, 0, each.length)
          assert.equal(text, each.toString())
          assert.equal(routeHash(text), hashOf(text))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('keeps what is used among more than it has places for', () => {
    const dictionary = new TextDictionary(1_024)
    const of = (number: number) => Buffer.from(`key ${number}`)
    for (let number = 0; number < 20_000; number++) {
      assert.equal(dictionary.textOf(of(number), 0, of(number).length), `key ${number}`)
      assert.equal(dictionary.textOf(of(3), 0, of(3).length), 'key 3')
    }
  })

  it('foresees the hash of no other string', () => {
    const dictionary = new TextDictionary()
    for (const text of ['', 'abc', 'é', '\u0001', '\ufffd']) {
      assert.equal(dictionary.textOf(Buffer.from(text), 0, Buffer.byteLength(text)), text)
      for (const other of ['', 'abd', 'abc', 'é', 'è', '\u0001', '\0']) {
        assert.equal(routeHash(other), hashOf(other))
      }
    }
  })
})
