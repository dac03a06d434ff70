/** `splitBy()`: parts of a line between separators, found in its bytes where it comes as bytes. */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import { t } from '../../types/t.ts'
import { textOf } from '../../types/text-of.ts'
import type { Output } from '../operator.ts'
import type { TextLine } from './line.ts'
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

function partsOfBytes(separator: string): EachOf {
  const wanted = Buffer.from(separator)
  const first = wanted[0]
  return ({ bytes, start: from, end }: TextLine, output: Output, timestamp: number) => {
    const lastStart = end - wanted.length
    let start = from
    let at = from
    while (at <= lastStart) {
      if (bytes[at] !== first || !isAt(wanted, bytes, at)) {
        at++
        continue
      }
      output.collect(textOf(bytes, start, at), timestamp)
      at += wanted.length
      start = at
    }
    output.collect(textOf(bytes, start, end), timestamp)
  }
}

function isAt(wanted: Buffer, bytes: Buffer, at: number): boolean {
  for (let index = 1; index < wanted.length; index++) {
    if (bytes[at + index] !== wanted[index]) return false
  }
  return true
}
