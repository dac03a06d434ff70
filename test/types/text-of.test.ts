// Strings by their bytes: each is right, and so is the hash that it foresees.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { routeHash, writeKey } from '../../src/types/keys.ts'
import { textOf } from '../../src/types/text-of.ts'
import { ByteWriter } from '../../src/util/bytes.ts'
import { fnv1aBytes } from '../../src/util/hash.ts'

function hashOf(key: string): number {
  const out = new ByteWriter()
  writeKey(key, out)
  return fnv1aBytes(out.bytes, 0, out.length)
}

function check(bytes: Buffer, start: number, end: number): void {
  const text = textOf(bytes, start, end)
  assert.equal(text, bytes.toString('utf8', start, end))
  assert.equal(routeHash(text), hashOf(text))
}

describe('the string of bytes', () => {
  it('is theirs at every length and place, and its hash the one of its key', () => {
    const bytes = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz')
    for (let start = 0; start < bytes.length; start++) {
      for (let end = start; end <= bytes.length; end++) check(bytes, start, end)
    }
  })

  it('is right for bytes of any kind', () => {
    for (let first = 0; first < 256; first++) {
      for (const second of [0, 1, 2, 0x41, 0x7f, 0x80, 0xc3, 0xff]) {
        check(Buffer.of(first), 0, 1)
        check(Buffer.of(first, second), 0, 2)
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(8), (raw, start) => {
        check(Buffer.from(raw), Math.min(start, raw.length), raw.length)
      }),
      { numRuns: 300 },
    )
  })

  it('foresees the hash of no other string', () => {
    for (const text of ['', 'abc', 'é', '\u0001', '\ufffd']) {
      check(Buffer.from(text), 0, Buffer.byteLength(text))
      for (const other of ['', 'abd', 'abc', 'é', 'è', '\u0001', '\0']) {
        assert.equal(routeHash(other), hashOf(other))
      }
    }
  })
})
