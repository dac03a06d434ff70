// Strings as bytes, whichever way they are written: what is short, what is guessed to be ASCII and
// is not, what is too long for a guess.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { readString, writeString } from '../../src/types/strings.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'

const LENGTHS = [0, 1, 23, 24, 25, 63, 64, 100, 4095, 4096, 4097, 9000]
const ENDS = ['', 'é', '€', '😀', '\ud800', '\udc00', '\ufffd', '\u0000', '\u007f', '\u0080']

/** By the format: twice the count, one more for code units; then UTF-8, or the units. */
function expectedBytes(text: string): Buffer {
  const out = new ByteWriter()
  const bytes = Buffer.from(text, text.isWellFormed() ? 'utf8' : 'utf16le')
  out.varuint(text.isWellFormed() ? bytes.length * 2 : text.length * 2 + 1)
  out.raw(bytes)
  return out.copy()
}

test('strings of all lengths and characters are written by the format, and come back', () => {
  for (const length of LENGTHS) {
    for (const end of ENDS) {
      for (const text of ['a'.repeat(length) + end, end + 'a'.repeat(length)]) {
        const out = new ByteWriter(1)
        out.uint8(7)
        writeString(text, out)
        out.uint8(9)
        const what = `${length} characters and ${JSON.stringify(end)}`
        const expected = Buffer.concat([Buffer.of(7), expectedBytes(text), Buffer.of(9)])
        assert.ok(out.copy().equals(expected), what)
        const input = new ByteReader(out.copy(), 1)
        assert.equal(readString(input), text, what)
        assert.equal(input.remaining, 1)
      }
    }
  }
})
