/**
 * The contract of file formats: how bytes of a file become records. A format says how its records
 * end, so that reading can be split, resumed and told where a malformed record stands.
 */
import type { TextLine } from '../../operators/text/line.ts'
import type { Type } from '../../types/type.ts'
import type { RecordEncoder } from './encoders.ts'
import type { ParsedBatch } from './parsed-batch.ts'
import type { Window } from './window.ts'

export interface FileFormat<T> {
  readonly name: string
  readonly type: Type<T>
  /** True if each newline ends a record, so that reading can begin behind any newline. */
  readonly splittable: boolean
  /** True if the file's first record says how to read the others. */
  readonly hasHeader: boolean
  /** A parser for one file. */
  createParser(): RecordParser<T>
  /** One that takes the same lines as bytes, of a format whose records are lines. */
  createTextParser?(): RecordParser<TextLine>
  /** How records are written; absent if the format can only be read. */
  readonly encoder?: RecordEncoder<T>
}

export interface RecordParser<T> {
  /**
   * Reads the header record at the window's position, moves behind it and says how many lines it
   * took; undefined if more bytes are needed first. Throws `CONNECTOR_MALFORMED_RECORD` if the
   * records cannot be read with this header.
   */
  header?(window: Window, file: string): number | undefined
  /**
   * Takes whole records that begin before `window.limit`, until the batch is full or bytes are
   * missing, and moves the window's position behind them.
   */
  take(window: Window, batch: ParsedBatch<T>): void
}
