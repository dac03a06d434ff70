/**
 * Reads one split of a file from a position: opens and verifies the file, finds the first record
 * that is the split's own, and gives batches until the split's end. A position is the offset of the
 * next record and the number of lines before it in the split.
 */
import type { SourceBatch } from '../../operators/source.ts'
import { CompressedBytes, isCompressed, openInput, PlainBytes } from './bytes.ts'
import type { ByteSource } from './bytes.ts'
import type { RecordParser } from './format.ts'
import { linesBefore, skipByteOrderMark, skipLine } from './line-starts.ts'
import { malformedError, malformedRecord } from './malformed.ts'
import type { CheckedFileOptions } from './options.ts'
import { ParsedBatch } from './parsed-batch.ts'
import { ReadAhead } from './read-ahead.ts'
import { verifyIdentity } from './splits.ts'
import type { FileSplit } from './splits.ts'
import { Window } from './window.ts'

/** Where reading goes on. */
export interface FilePosition {
  /** Byte offset of the next record; counts decompressed bytes in a compressed file. */
  readonly offset: number
  /** Lines of this split that are read. */
  readonly lines: number
}

type FileBatch = SourceBatch<unknown, FilePosition>

export async function* readFileSplit(
  split: FileSplit,
  from: FilePosition | undefined,
  options: CheckedFileOptions,
  signal: AbortSignal,
): AsyncGenerator<FileBatch, void, undefined> {
  const reader = new SplitReader(split, options)
  const bytes = await openVerified(split)
  try {
    const window = await reader.start(bytes, from)
    for (;;) {
      const batch = signal.aborted ? undefined : await reader.next(window)
      if (batch === undefined) return
      yield batch
    }
  } finally {
    await bytes.close()
  }
}

async function openVerified({ path, identity, endOffset }: FileSplit): Promise<ByteSource> {
  const handle = await openInput(path)
  try {
    await verifyIdentity(path, handle, identity)
  } catch (error) {
    await handle.close()
    throw error
  }
  if (!isCompressed(path)) {
    const endsAt = Math.min(endOffset, identity.sizeBytes)
    return new ReadAhead(new PlainBytes(path, handle), endsAt)
  }
  await handle.close()
  return new CompressedBytes(path)
}

class SplitReader {
  readonly #split: FileSplit
  readonly #options: CheckedFileOptions
  readonly #parser: RecordParser<unknown>
  #lines = 0
  /** Counted when a line number is wanted. */
  #linesBeforeSplit: number | undefined

  constructor(split: FileSplit, options: CheckedFileOptions) {
    this.#split = split
    this.#options = options
    this.#parser = options.format.createParser()
    if (split.startOffset === 0) this.#linesBeforeSplit = 0
  }

  /** A window whose position is at the first record to read. */
  async start(bytes: ByteSource, from: FilePosition | undefined): Promise<Window> {
    const { startOffset } = this.#split
    if (from !== undefined) {
      if (this.#options.format.hasHeader) await this.#readHeaderApart()
      this.#lines = from.lines
      return this.#windowAt(bytes, from.offset)
    }
    if (startOffset > 0) {
      // The byte before decides whether a line begins at the start itself.
      const window = this.#windowAt(bytes, startOffset - 1)
      await skipLine(window)
      return window
    }
    const window = this.#windowAt(bytes, 0)
    await this.#readHeader(window)
    return window
  }

  /** The next batch, or undefined at the end of the split. */
  async next(window: Window): Promise<FileBatch | undefined> {
    while (window.position < window.limit) {
      const before = window.position
      const batch = new ParsedBatch(this.#options.onMalformed === 'fail')
      this.#parser.take(window, batch)
      if (window.position === before) {
        if (window.last) return undefined
        if (!window.isFull) {
          await window.fill()
          continue
        }
        const { recordBytesMax } = this.#options
        batch.refuse(
          window.offset,
          window.shownStart(),
          `it is longer than ${recordBytesMax} bytes`,
        )
        batch.lines += await skipLine(window)
      }
      return this.#finish(window, batch)
    }
    return undefined
  }

  async #finish(window: Window, batch: ParsedBatch<unknown>): Promise<FileBatch> {
    const { values, refusals } = batch
    const before = this.#lines
    this.#lines += batch.lines
    const position = { offset: window.offset, lines: this.#lines }
    if (refusals.length === 0) return { values, position }
    const { path, startOffset } = this.#split
    // `start` has passed over one line feed, at or behind the byte before the split.
    this.#linesBeforeSplit ??= (await linesBefore(path, startOffset - 1)) + 1
    const linesInFile = this.#linesBeforeSplit + before
    const malformed = refusals.map((refusal) => malformedRecord(path, linesInFile, refusal))
    const [first] = malformed
    if (this.#options.onMalformed === 'fail' && first !== undefined) throw malformedError(first)
    return { values, position, malformed }
  }

  #windowAt(bytes: ByteSource, offset: number): Window {
    const { path, endOffset, identity } = this.#split
    return new Window(bytes, offset, {
      file: path,
      sizeBytes: isCompressed(path) ? Infinity : identity.sizeBytes,
      endOffset,
      recordBytesMax: this.#options.recordBytesMax,
    })
  }

  /** The beginning of a file: a mark of its encoding, and the header of formats that have one. */
  async #readHeader(window: Window): Promise<void> {
    await skipByteOrderMark(window)
    const { path } = this.#split
    if (this.#parser.header === undefined) return
    for (;;) {
      const lines = this.#parser.header(window, path)
      if (lines !== undefined) {
        this.#lines = lines
        return
      }
      if (window.last || window.isFull) {
        throw malformedError({
          file: path,
          line: 1,
          offset: window.offset,
          text: window.shownStart(),
          reason: 'the header does not end',
        })
      }
      await window.fill()
    }
  }

  async #readHeaderApart(): Promise<void> {
    const bytes = await openVerified(this.#split)
    try {
      await this.#readHeader(this.#windowAt(bytes, 0))
    } finally {
      await bytes.close()
    }
  }
}
