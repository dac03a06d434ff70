/**
 * What a query of the comparison is: rows made of events, and which fields a row has. From the
 * fields come its hash, by which outputs are compared, and its text, by which tests compare it with
 * the plain evaluation of `examples/nexmark`.
 */
import type { DataStream } from 'millrace'
import { textHash } from '../suite/checksum.ts'
import { checked } from '../jobs/told.ts'
import { type Bid, type Event, eventOf } from './events.ts'

/** Takes the fields of a row in order. */
export interface Fields {
  /** Of a whole number 32 bits count. */
  number(value: number): Fields
  text(value: string): Fields
}

interface QueryOf<R> {
  readonly rows: (events: DataStream<Event>) => DataStream<R>
  readonly fields: (row: R, into: Fields) => void
  /** It asks for event time; the others are spared timestamps and watermarks. */
  readonly isTimed?: boolean
  /** Rows with these fields equal replace each other; undefined: a row stays. */
  readonly key?: readonly number[]
}

export interface Query {
  readonly isTimed: boolean
  readonly key: readonly number[] | undefined
  /** Ends in a sink that takes the checksum of the rows. */
  readonly check: (uid: string, events: DataStream<Event>) => void
  /** The rows as text. */
  readonly texts: (events: DataStream<Event>) => DataStream<string>
}

export function query<R>({ rows, fields, isTimed = false, key }: QueryOf<R>): Query {
  return {
    isTimed,
    key,
    check(uid, events) {
      const hash = new RowHash()
      const hashOf = (row: R): number => {
        hash.value = 0
        fields(row, hash)
        return hash.value
      }
      const nothing = (): number => 0
      rows(events).sinkTo(uid, checked(hashOf, nothing))
    },
    texts(events) {
      return rows(events).map((row) => {
        const text = new RowText()
        fields(row, text)
        return text.fields.join('|')
      })
    },
  }
}

/** So many characters at each end of a longer text count; those of bids are random. */
const END_CHARS = 8

/**
 * The hash of a text in a row. Java has an instruction of the processor for all characters, and the
 * loop for it was a third of q0 here: what is compared is the query.
 */
export function endsHash(text: string): number {
  const { length } = text
  if (length <= 2 * END_CHARS) return textHash(text)
  let hash = length
  for (let at = 0; at < END_CHARS; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  for (let at = length - END_CHARS; at < length; at++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  }
  return hash
}

/** As `Nexmark.and` in Java. */
class RowHash implements Fields {
  value = 0

  number(value: number): this {
    this.value = (Math.imul(this.value, 31) + (value | 0)) | 0
    return this
  }

  text(value: string): this {
    this.value = (Math.imul(this.value, 31) + endsHash(value)) | 0
    return this
  }
}

class RowText implements Fields {
  readonly fields: (number | string)[] = []

  number(value: number): this {
    this.fields.push(value)
    return this
  }

  text(value: string): this {
    this.fields.push(value)
    return this
  }
}

/** The events of lines, with their times where the query asks for these. */
export function eventsOf(lines: DataStream<string>, { isTimed }: Query): DataStream<Event> {
  const events = lines.map(eventOf)
  if (!isTimed) return events
  const timestamp = ({ time }: Event): number => time
  return events.assignTimestamps('time', { timestamp, maxOutOfOrderness: '4 s' })
}

export function bidsOf(events: DataStream<Event>): DataStream<Bid> {
  return events.filter((event) => event.kind === 'bid')
}

const DAY_MS = 24 * 60 * 60 * 1000

export const dayOf = (time: number): number => Math.floor(time / DAY_MS)
