/**
 * Finds the fields of one CSV record in bytes, by RFC 4180: a field may stand in quotes, and may
 * then hold delimiters, line ends and doubled quotes. Records end with LF or CRLF. A quote inside a
 * field that does not begin with one is text.
 */

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const QUOTE = 0x22
const FIELDS_MAX = 10_000

/** What came of a record: `incomplete` asks for more bytes, the others are why it is malformed. */
export type ScanOutcome = 'record' | 'incomplete' | keyof typeof SCAN_PROBLEMS

export const SCAN_PROBLEMS = {
  'text-after-quote': 'a closing quote is followed by text',
  'no-closing-quote': 'a quote is never closed',
  'too-many-fields': `it has more than ${FIELDS_MAX} fields`,
} as const

export class CsvScanner {
  /** Start and end of each field of the last record, without its quotes. */
  readonly bounds: number[] = []
  /** For each field, whether quotes are doubled in it. */
  readonly doubled: boolean[] = []
  /** Behind the last record and its line end. */
  end = 0
  /** How many lines the last record took. */
  lines = 0
  readonly #delimiter: number

  constructor(delimiter: number) {
    this.#delimiter = delimiter
  }

  get fieldCount(): number {
    return this.doubled.length
  }

  /** Scans the record at `start`; `last` says that no byte follows after `filled`. */
  scan(bytes: Uint8Array, start: number, filled: number, last: boolean): ScanOutcome {
    this.bounds.length = 0
    this.doubled.length = 0
    this.lines = 1
    this.end = start
    for (;;) {
      const at = this.end
      const quoted = at < filled && bytes[at] === QUOTE
      const outcome = quoted
        ? this.#quoted(bytes, at + 1, filled, last)
        : this.#plain(bytes, at, filled, last)
      if (outcome !== 'field') return outcome
      if (this.fieldCount > FIELDS_MAX) return 'too-many-fields'
    }
  }

  #plain(bytes: Uint8Array, start: number, filled: number, last: boolean): ScanOutcome | 'field' {
    for (let at = start; at < filled; at++) {
      const byte = bytes[at]
      if (byte === this.#delimiter) return this.#take(start, at, at + 1, 'field')
      if (byte !== LINE_FEED) continue
      const textEnd = at > start && bytes[at - 1] === CARRIAGE_RETURN ? at - 1 : at
      return this.#take(start, textEnd, at + 1, 'record')
    }
    return last ? this.#take(start, filled, filled, 'record') : 'incomplete'
  }

  #quoted(bytes: Uint8Array, start: number, filled: number, last: boolean): ScanOutcome | 'field' {
    let doubled = false
    for (let at = start; at < filled; at++) {
      const byte = bytes[at]
      if (byte === LINE_FEED) this.lines++
      if (byte !== QUOTE) continue
      const next = at + 1
      if (next < filled && bytes[next] === QUOTE) {
        doubled = true
        at = next
        continue
      }
      return this.#closed(bytes, start, at, filled, last, doubled)
    }
    return last ? 'no-closing-quote' : 'incomplete'
  }

  /** What follows a closing quote decides. */
  #closed(
    bytes: Uint8Array,
    start: number,
    quote: number,
    filled: number,
    last: boolean,
    doubled: boolean,
  ): ScanOutcome | 'field' {
    const next = quote + 1
    if (next >= filled) {
      return last ? this.#take(start, quote, filled, 'record', doubled) : 'incomplete'
    }
    const byte = bytes[next]
    if (byte === this.#delimiter) return this.#take(start, quote, next + 1, 'field', doubled)
    if (byte === LINE_FEED) return this.#take(start, quote, next + 1, 'record', doubled)
    if (byte !== CARRIAGE_RETURN) return 'text-after-quote'
    if (next + 1 >= filled && !last) return 'incomplete'
    if (next + 1 < filled && bytes[next + 1] !== LINE_FEED) return 'text-after-quote'
    return this.#take(start, quote, Math.min(next + 2, filled), 'record', doubled)
  }

  #take<O extends 'field' | 'record'>(
    start: number,
    textEnd: number,
    end: number,
    outcome: O,
    doubled = false,
  ): O {
    this.bounds.push(start, textEnd)
    this.doubled.push(doubled)
    this.end = end
    return outcome
  }
}
