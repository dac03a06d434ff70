/**
 * `splitBy()`: parts of a line between separators, found in its bytes where it comes as bytes. One
 * pass finds the end of a part and, if its characters are plain, the hash of the key it may be.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import { STRING_SEED } from '../../types/keys-hash.ts'
import { t } from '../../types/t.ts'
import { TextCutter, textOf } from '../../types/text-of.ts'
import { FNV_PRIME } from '../../util/hash.ts'
import type { Output } from '../operator.ts'
import type { TextLine } from './line.ts'
import { PLAIN, plainBytes } from './plain-bytes.ts'
import { type EachOf, textFunction, type TextFunction } from './text-function.ts'

/**
 * The parts of a line between separators, for `flatMap`, empty ones included: the same as
 * `line.split(separator)`, and faster right behind a source of lines, as `words()`.
 *
 * @throws `JOB_GRAPH_INVALID` for a separator that is empty or no string.
 * @example
 * env.fromSource('tags', fileSource({ path: 'tags.txt' })).flatMap(splitBy(','))
 */
export function splitBy(separator: string): TextFunction<string[]> {
  if (typeof separator !== 'string' || separator === '') {
    const got = separator === '' ? 'an empty string' : typeof separator
    throw new MillraceError('JOB_GRAPH_INVALID', `splitBy() needs a separator, and got ${got}`, {
      cure: "pass one of at least one character: splitBy(',')",
    })
  }
  const each = isFoundInBytes(separator) ? () => partsOfBytes(separator) : undefined
  return textFunction((line) => line.split(separator), {
    outputType: t.string,
    ...(each === undefined ? {} : { each }),
  })
}

/** Bytes that are no UTF-8 read as U+FFFD; half a surrogate pair is found in whole ones. */
function isFoundInBytes(separator: string): boolean {
  return separator.isWellFormed() && !separator.includes('\ufffd')
}

/** A byte at which a part may end, or is no plain text. */
const OTHER = 1

function partsOfBytes(separator: string): EachOf {
  const wanted = Buffer.from(separator)
  const { length } = wanted
  const kinds = plainBytes(OTHER)
  kinds[wanted[0] ?? 0] = OTHER
  const cutter = new TextCutter()
  return ({ bytes, start: from, end }: TextLine, output: Output, timestamp: number) => {
    for (let start = from; ;) {
      let at = start
      let hash = STRING_SEED
      let byte = bytes[at] as number // the line end at `end` is not plain
      while (kinds[byte] === PLAIN) {
        hash = Math.imul(hash ^ byte, FNV_PRIME)
        byte = bytes[++at] as number
      }
      if (at === end || (at <= end - length && isAt(wanted, bytes, at))) {
        output.collect(cutter.cut(bytes, start, at, hash), timestamp)
      } else {
        do at++
        while (at < end && (at > end - length || !isAt(wanted, bytes, at)))
        output.collect(textOf(bytes, start, at), timestamp)
      }
      if (at === end) return
      start = at + length
    }
  }
}

function isAt(wanted: Buffer, bytes: Buffer, at: number): boolean {
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[at + index] !== wanted[index]) return false
  }
  return true
}
