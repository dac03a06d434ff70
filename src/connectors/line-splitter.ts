/** Cuts a stream of chunks into lines; a line that is not over yet waits for the next chunk. */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../errors.ts'
import '../util/buffer-natives.ts'

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

export class LineSplitter {
  readonly #lineBytesMax: number
  #rest: Buffer[] = []
  #restBytes = 0

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  /** The lines that end in this chunk. */
  take(chunk: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      lines.push(this.#lineTo(chunk, start, end))
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
    return lines
  }

  /** The last line, if it has no end. */
  end(): string | undefined {
    return this.#restBytes === 0 ? undefined : this.#lineTo(Buffer.alloc(0), 0, 0)
  }

  #lineTo(chunk: Buffer, start: number, end: number): string {
    if (this.#restBytes === 0) return text(chunk, start, end)
    this.#keep(chunk.subarray(start, end))
    const line = Buffer.concat(this.#rest)
    this.#rest = []
    this.#restBytes = 0
    return text(line, 0, line.length)
  }

  #keep(piece: Buffer): void {
    this.#rest.push(piece)
    this.#restBytes += piece.length
    if (this.#restBytes <= this.#lineBytesMax) return
    const said = `a line is longer than ${this.#lineBytesMax} bytes`
    throw new MillraceError('CONNECTOR_MALFORMED_RECORD', said, { cure: 'set lineBytesMax' })
  }
}

function text(bytes: Buffer, start: number, end: number): string {
  const textEnd = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end
  return bytes.utf8Slice(start, textEnd)
}
