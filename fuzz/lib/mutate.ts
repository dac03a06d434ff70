// Makes inputs out of others without knowing their format, but knowing what formats are made of:
// bits flip, pieces are cut off, repeated, and put in from other inputs, and what may be a length
// becomes a huge one. For the smoke; the long form has libFuzzer for this.
import { Buffer } from 'node:buffer'
import type { Random } from '../../src/util/random.ts'
import { INPUT_BYTES_MAX } from './judge.ts'

/** What breaks readers of lengths, counts, numbers, text and JSON. */
const PIECES: readonly Buffer[] = [
  'ffffffffffff7f',
  'ffffffffffffffff',
  'ffffffff07',
  '8080808080808000',
  'ffffffff',
  '7fffffff',
  '80000000',
  '000000000000f87f',
  'ffffffffffffff7f',
  'eda080',
  'f48fbfbf',
  'c080',
].map((hex) => Buffer.from(hex, 'hex'))
const TEXTS: readonly Buffer[] = [
  '__proto__',
  '"__proto__":{"a":1},',
  'constructor',
  'toString',
  '1e999',
  '-0',
  'null',
  '[[[[[[[[',
  '{"a":',
  '\\ud800',
  '"',
  '""',
  '\n',
  '\r\n',
  '%',
  '99999999999999999999',
  '-1',
].map((text) => Buffer.from(text))

const repeated = (text: string): Buffer => Buffer.from(text.repeat(INPUT_BYTES_MAX / text.length))

/** For all targets: deep nesting, long numbers and names, the same byte all over. */
export const HOSTILE: readonly Buffer[] = [
  Buffer.alloc(0),
  ...['[', '{"a":', '"', '9', '\\', '\n', ' ', '\0', '\u0001', '\ufffd', '__proto__'].map(repeated),
  Buffer.alloc(INPUT_BYTES_MAX, 0xff),
  Buffer.alloc(INPUT_BYTES_MAX, 0x80),
]

/** A changed copy of `input`; `other` gives pieces. */
export function mutated(input: Buffer, other: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(input)
  for (let changes = 1 + random.int(4); changes > 0; changes--) bytes = change(bytes, other, random)
  return bytes.length > INPUT_BYTES_MAX ? bytes.subarray(0, INPUT_BYTES_MAX) : bytes
}

function change(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const at = random.int(bytes.length + 1)
  const some = random.int(Math.min(64, bytes.length - at) + 1)
  switch (random.int(9)) {
    case 0:
    case 1:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8))
      return bytes
    case 2:
      if (at < bytes.length) bytes[at] = random.int(256)
      return bytes
    case 3:
      return bytes.subarray(0, at)
    case 4:
      return spliced(bytes, at, some, Buffer.alloc(0))
    case 5:
      return spliced(bytes, at, 0, pick(PIECES, random))
    case 6:
      return spliced(bytes, at, random.int(2), pick(random.int(2) === 0 ? PIECES : TEXTS, random))
    case 7: {
      const from = random.int(other.length + 1)
      return spliced(bytes, at, some, other.subarray(from, from + random.int(64)))
    }
    default: {
      const piece = bytes.subarray(at, at + some)
      return spliced(
        bytes,
        at,
        0,
        Buffer.concat(Array.from({ length: 1 << random.int(6) }, () => piece)),
      )
    }
  }
}

function pick(pieces: readonly Buffer[], random: Random): Buffer {
  return pieces[random.int(pieces.length)] ?? Buffer.alloc(0)
}

function spliced(bytes: Buffer, at: number, drop: number, put: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + drop)])
}
