/**
 * What a parser makes of some bytes: records, and notes on those that could not be read. The reader
 * adds file and line numbers, for a parser does not know where in the file its bytes stand.
 */

/** A record that could not be read. */
export interface Refusal {
  /** How many lines of the batch come before it. */
  readonly linesBefore: number
  /** Where it begins in the file. */
  readonly offset: number
  readonly text: string
  readonly reason: string
}

const BATCH_LINES_MAX = 1_000
const TEXT_CHARS_MAX = 1_000

export class ParsedBatch<T> {
  readonly values: T[] = []
  readonly refusals: Refusal[] = []
  /** Lines that these records took, blank ones included. */
  lines = 0
  readonly #stopsAtRefusal: boolean

  constructor(stopsAtRefusal: boolean) {
    this.#stopsAtRefusal = stopsAtRefusal
  }

  /** So many lines may be added. */
  get room(): number {
    return BATCH_LINES_MAX - this.lines
  }

  get isFull(): boolean {
    return this.lines >= BATCH_LINES_MAX || (this.#stopsAtRefusal && this.refusals.length > 0)
  }

  /** Takes note of a record that cannot be read; call it before its lines are counted. */
  refuse(offset: number, text: string, reason: string): void {
    const shown = text.slice(0, TEXT_CHARS_MAX)
    this.refusals.push({ linesBefore: this.lines, offset, text: shown, reason })
  }
}
