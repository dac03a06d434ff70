/**
 * A line of text as its bytes, and how a source offers its lines so. A source that does hands them
 * over in place of strings where every operator behind it reads bytes (`text-function.ts`): then
 * nobody makes a string of a line. Positions, batches and their borders are those of the strings.
 */
import '../../util/buffer-natives.ts'
import type { SourceBatch, SourceContext, Split } from '../source.ts'

const textBrand: unique symbol = Symbol.for('millrace.text-read')

/** Bytes of UTF-8, which need not be well formed: what is not reads as U+FFFD. */
export class TextLine {
  /** Nobody changes them. The byte at `end` is there, and is a line end. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  /** What the source gives in place of it where strings are wanted. */
  toString(): string {
    return this.bytes.utf8Slice(this.start, this.end)
  }
}

/** As `Source.read`, by the same batches. */
export type ReadText<Position> = (
  split: Split,
  from: Position | undefined,
  context: SourceContext,
) => AsyncIterable<SourceBatch<TextLine, Position>>

/**
 * Puts the version for bytes on the `read` of a source of strings: a source that is wrapped by
 * another `read` does not have it any more, and gives what its wrapper gives.
 */
export function withText<Read extends object, Position>(
  read: Read,
  readText: ReadText<Position>,
): Read {
  return Object.assign(read, { [textBrand]: readText })
}

/** The version for bytes of a source's `read`; undefined if it has none. */
export function textReadOf(source: { readonly read: object }): ReadText<unknown> | undefined {
  const { [textBrand]: readText } = source.read as { readonly [textBrand]?: ReadText<unknown> }
  return readText // nothing but `withText` puts it there
}
