/**
 * A window of bytes over an input file: what was read and not yet parsed. Parsers move `position`
 * over whole records; `fill` keeps the rest, reads behind it and grows the buffer for a record that
 * is longer than it, up to a limit.
 */
import { Buffer, isAscii } from 'node:buffer'
import { assert } from '../../util/assert.ts'
import type { ByteSource } from './bytes.ts'
import { inputChanged } from './errors.ts'

const WINDOW_BYTES = 1 << 20
/** Behind the end of a split only its last record is wanted. */
const BEYOND_END_BYTES = 1 << 14
const SHOWN_BYTES_MAX = 1_000

export interface WindowOptions {
  readonly file: string
  /** The file's length when it was found; Infinity if only its end will tell. */
  readonly sizeBytes: number
  /** Where the split ends; records that begin there or later are not wanted. */
  readonly endOffset: number
  readonly recordBytesMax: number
}

export class Window {
  bytes: Buffer
  /** First byte that is not parsed yet. */
  position = 0
  /** End of what was read. */
  filled = 0
  /** True if no byte follows after `filled`. */
  last = false
  /** What `isAscii` has found since the last `fill`. */
  #isAscii: boolean | undefined
  readonly #source: ByteSource
  readonly #options: WindowOptions
  /** File offset of `bytes[0]`. */
  #baseOffset: number

  constructor(source: ByteSource, startOffset: number, options: WindowOptions) {
    assert(startOffset >= 0 && startOffset <= options.sizeBytes, 'a window begins in its file')
    const { sizeBytes, endOffset, recordBytesMax } = options
    const expected = Math.min(sizeBytes, endOffset + BEYOND_END_BYTES) - startOffset
    const capacity = Math.min(WINDOW_BYTES, expected, recordBytesMax)
    this.bytes = Buffer.allocUnsafeSlow(Math.max(1, capacity))
    this.#source = source
    this.#options = options
    this.#baseOffset = startOffset
    this.last = startOffset === options.sizeBytes
  }

  /** True if all bytes in `[position, filled)` are ASCII; looked at when it is asked for. */
  get ascii(): boolean {
    this.#isAscii ??= isAscii(this.bytes.subarray(this.position, this.filled))
    return this.#isAscii
  }

  /** File offset of the first byte that is not parsed yet. */
  get offset(): number {
    return this.#baseOffset + this.position
  }

  /** File offset of a byte of the window. */
  offsetOf(index: number): number {
    return this.#baseOffset + index
  }

  /** Records must begin before this index to be ours; may lie outside of the window. */
  get limit(): number {
    return this.#options.endOffset - this.#baseOffset
  }

  /** True if the unparsed bytes have reached the limit of one record. */
  get isFull(): boolean {
    return this.filled - this.position >= this.#options.recordBytesMax
  }

  /** Reads more behind the unparsed bytes; sets `last` instead when there is nothing more. */
  async fill(): Promise<void> {
    assert(!this.last && !this.isFull, 'there is room and reason to fill the window')
    this.#makeRoom()
    const { file, sizeBytes } = this.#options
    const from = this.#baseOffset + this.filled
    const wanted = Math.min(this.bytes.length - this.filled, this.#wantedEnd() - from)
    const count = await this.#source.read(this.bytes, this.filled, wanted, from)
    if (count === 0 && sizeBytes !== Infinity) {
      throw inputChanged(file, `ends at byte ${from}, but had ${sizeBytes} when it was found`)
    }
    this.filled += count
    this.last = count === 0 || from + count === sizeBytes
    this.#isAscii = undefined
  }

  /** Forgets what is before `index`, though it is no whole record. */
  skipTo(index: number): void {
    assert(index >= this.position && index <= this.filled, 'skips forwards in the window')
    this.position = index
  }

  /** The beginning of what is not parsed yet, for a message. */
  shownStart(): string {
    const end = Math.min(this.filled, this.position + SHOWN_BYTES_MAX)
    return this.bytes.toString('utf8', this.position, end)
  }

  #wantedEnd(): number {
    const { sizeBytes, endOffset } = this.#options
    const from = this.#baseOffset + this.filled
    return Math.min(sizeBytes, from < endOffset ? endOffset : from + BEYOND_END_BYTES)
  }

  #makeRoom(): void {
    const unparsed = this.filled - this.position
    if (this.position > 0) this.bytes.copyWithin(0, this.position, this.filled)
    this.#baseOffset += this.position
    this.position = 0
    this.filled = unparsed
    if (unparsed < this.bytes.length) return
    const capacity = Math.min(this.bytes.length * 2, this.#options.recordBytesMax)
    const grown = Buffer.allocUnsafeSlow(capacity)
    this.bytes.copy(grown, 0, 0, unparsed)
    this.bytes = grown
  }
}
