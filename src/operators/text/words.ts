/**
 * `words()`: the words of a line, found in its bytes where it comes as bytes. One pass over the
 * bytes of a word finds its end and, if its characters are plain, the hash of the key it may be.
 */
import { STRING_SEED } from '../../types/keys-hash.ts'
import { t } from '../../types/t.ts'
import { TextCutter, textOf } from '../../types/text-of.ts'
import { FNV_PRIME } from '../../util/hash.ts'
import type { Output } from '../operator.ts'
import type { TextLine } from './line.ts'
import { PLAIN, plainBytes } from './plain-bytes.ts'
import { type EachOf, textFunction, type TextFunction } from './text-function.ts'

/** What a byte that is not plain may be: white space, the first of several that are, or no such. */
const SPACE = 1
const MAYBE_SPACE = 2
const OTHER = 3

const kinds = plainBytes(OTHER)
for (const space of '\t\n\v\f\r ') kinds[space.charCodeAt(0)] = SPACE
for (const first of [0xc2, 0xe1, 0xe2, 0xe3, 0xef]) kinds[first] = MAYBE_SPACE

/**
 * The words of a line, for `flatMap`: what stands between white space (as `\s` has it, that of
 * Unicode included), as it is; none is empty. The same as `line.match(/\S+/g) ?? []`, and faster
 * right behind a source of lines: then it works on the bytes of the file, and no string is made of
 * a line.
 *
 * @example
 * env.fromSource('lines', fileSource({ path: 'texts' })).flatMap(words())
 *   .keyBy((word) => word).count('count')
 */
export function words(): TextFunction<string[]> {
  return textFunction((line) => line.match(/\S+/g) ?? [], {
    outputType: t.string,
    each: wordsOfBytes,
  })
}

function wordsOfBytes(): EachOf {
  const cutter = new TextCutter()
  return ({ bytes, start: from, end }: TextLine, output: Output, timestamp: number) => {
    let at = from
    while (at < end) {
      const start = at
      let hash = STRING_SEED
      let byte = bytes[at] as number // the line end at `end` is no part of a word
      while (kinds[byte] === PLAIN) {
        hash = Math.imul(hash ^ byte, FNV_PRIME)
        byte = bytes[++at] as number
      }
      if (kinds[byte] === SPACE) {
        if (at > start) output.collect(cutter.cut(bytes, start, at, hash), timestamp)
        at++
        continue
      }
      at = endOfWord(bytes, at)
      if (at > start) output.collect(textOf(bytes, start, at), timestamp)
      at += spacesAt(bytes, at)
    }
  }
}

/** The line end is white space, too. */
function endOfWord(bytes: Buffer, from: number): number {
  let at = from
  while (spacesAt(bytes, at) === 0) at++
  return at
}

/**
 * How many bytes of white space begin here. None reaches over the end of a line, for the byte there
 * is a line end; and none begins within a character, for its first byte is no other's second.
 */
function spacesAt(bytes: Buffer, at: number): number {
  const kind = kinds[bytes[at] as number] // there is a byte at the end, too
  return kind === SPACE ? 1 : kind === MAYBE_SPACE ? wideSpaceAt(bytes, at) : 0
}

function wideSpaceAt(bytes: Buffer, at: number): number {
  const first = bytes[at]
  const second = bytes[at + 1]
  const third = bytes[at + 2]
  if (first === 0xc2) return second === 0xa0 ? 2 : 0 // U+00A0
  if (third === undefined) return 0
  const isSpace =
    first === 0xe2
      ? (second === 0x80 && isGeneralSpace(third)) || (second === 0x81 && third === 0x9f)
      : first === 0xe1
        ? second === 0x9a && third === 0x80 // U+1680
        : first === 0xe3
          ? second === 0x80 && third === 0x80 // U+3000
          : second === 0xbb && third === 0xbf // U+FEFF
  return isSpace ? 3 : 0
}

/** Behind e2 80: U+2000 to U+200A, U+2028, U+2029, U+202F; e2 81 9f is U+205F. */
function isGeneralSpace(third: number): boolean {
  return (third >= 0x80 && third <= 0x8a) || third === 0xa8 || third === 0xa9 || third === 0xaf
}
