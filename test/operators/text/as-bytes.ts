// Lines as bytes, the way a source hands them over: among others in one buffer; and what a function
// makes of them, beside what it makes of the strings.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { TextLine } from '../../../src/operators/text/line.ts'
import { byteVersionOf, type TextFunction } from '../../../src/operators/text/text-function.ts'
import { foreseenHashOf, writeKey } from '../../../src/types/keys.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'
import { fnv1aBytes } from '../../../src/util/hash.ts'
import { CollectingOutput } from '../doubles.ts'

const LINE_FEED = 10

/** Each behind something else, and before its line end. */
export function asLines(texts: readonly Uint8Array[]): readonly TextLine[] {
  const ended = texts.flatMap((text) => [text, Uint8Array.of(LINE_FEED)])
  const bytes = Buffer.concat(ended)
  let start = 0
  return texts.map((text) => {
    const line = new TextLine(bytes, start, start + text.length)
    start += text.length + 1
    return line
  })
}

/** Pieces of text, and bytes that are no text, in any order; never a line end. */
export const rawText: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      fc.constantFrom('a', 'b', 'word', ' ', '  ', '\t', '\r', '\v', '\0', '\u0001', ',', ', '),
      fc.constantFrom('é', 'µ', '€', '→', '漢', '😀', '\u0301', '\ufffd', 'x'.repeat(40)),
      fc.constantFrom('\u00a0', '\u1680', '\u2003', '\u200b', '\u2028', '\u202f', '\u205f'),
      fc.constantFrom('\u3000', '\ufeff', '\u0085', '\u180e'),
      fc.uint8Array({ maxLength: 3 }).map((bytes) => bytes.filter((byte) => byte !== LINE_FEED)),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => new Uint8Array(Buffer.concat(pieces.map((piece) => Buffer.from(piece)))))

/** What `flatMap` gives for lines as bytes. */
export function partsOf(fn: TextFunction<string[]>, lines: readonly TextLine[]): unknown[][] {
  const each = byteVersionOf(fn)?.each?.()
  assert.ok(each !== undefined, 'it has a version for bytes')
  return lines.map((line) => {
    const output = new CollectingOutput()
    each(line, output, 7)
    assert.ok(output.timestamps.every((timestamp) => timestamp === 7))
    return output.values
  })
}

/** As `partsOf`, by one reader for all; and where the hash of a part was told, it is its own. */
export function partsOfAll(fn: TextFunction<string[]>, lines: readonly TextLine[]): unknown[][] {
  const each = byteVersionOf(fn)?.each?.()
  assert.ok(each !== undefined, 'it has a version for bytes')
  return lines.map((line) => {
    const parts: unknown[] = []
    const collect = (value: unknown): void => {
      const hash = typeof value === 'string' ? foreseenHashOf(value) : undefined
      if (hash !== undefined) assert.equal(hash, hashOfBytes(value))
      parts.push(value)
    }
    each(line, { collect, watermark() {}, endInput() {} }, 7)
    return parts
  })
}

function hashOfBytes(key: unknown): number {
  const out = new ByteWriter()
  writeKey(key, out)
  return fnv1aBytes(out.bytes, 0, out.length)
}

/** A result, or what was thrown. */
export function outcomeOf(call: () => unknown): unknown {
  try {
    return { value: call() }
  } catch (error) {
    return { error: String(error) }
  }
}

/** What one reader makes of these lines, which must be what the function makes of their strings. */
export function compare(
  fn: TextFunction<unknown>,
  texts: readonly Uint8Array[],
): readonly unknown[] {
  const one = byteVersionOf(fn)?.one?.()
  assert.ok(one !== undefined, 'it has a version for bytes')
  return asLines(texts).map((line) => {
    const ofBytes = outcomeOf(() => one(line))
    assert.deepEqual(
      ofBytes,
      outcomeOf(() => fn(line.toString())),
    )
    return ofBytes
  })
}
