// Events as text, one a line, fields split by `|`; and rows as text in the same manner.
import { MillraceError } from 'millrace'
import type { Event } from './model.ts'

const fieldCounts = { P: 9, A: 11, B: 8 }

/** @throws `CONNECTOR_MALFORMED_RECORD` if the line is no event; the message says where and why. */
export function parseEvent(line: string, position: number): Event {
  const fields = line.split('|')
  const fail = (problem: string): never => {
    const shown = line.length > 200 ? `${line.slice(0, 200)}…` : line
    const message = `position ${position}: ${problem}: ${shown}`
    throw new MillraceError('CONNECTOR_MALFORMED_RECORD', message, { cure: 'correct the line' })
  }
  const kind = fields[0]
  if (kind !== 'P' && kind !== 'A' && kind !== 'B') return fail('an event begins with P, A or B')
  if (fields.length !== fieldCounts[kind]) return fail(`${kind} has ${fieldCounts[kind]} fields`)
  const text = (index: number): string => fields[index] ?? ''
  const whole = (index: number): number => {
    const value = Number(text(index))
    if (!/^-?\d+$/.test(text(index)) || !Number.isSafeInteger(value)) {
      return fail(`"${text(index)}" is no whole number`)
    }
    return value
  }
  if (kind === 'P') {
    const [email, creditCard, city] = [text(3), text(4), text(5)]
    const person = { id: whole(1), name: text(2), email, creditCard, city, state: text(6) }
    return { kind: 'person', ...person, position, time: whole(7), extra: text(8) }
  }
  if (kind === 'A') {
    return {
      kind: 'auction',
      id: whole(1),
      itemName: text(2),
      description: text(3),
      initialBid: whole(4),
      reserve: whole(5),
      expires: whole(7),
      seller: whole(8),
      category: whole(9),
      position,
      time: whole(6),
      extra: text(10),
    }
  }
  const bid = { auction: whole(1), bidder: whole(2), price: whole(3), channel: text(4) }
  return { kind: 'bid', ...bid, url: text(5), position, time: whole(6), extra: text(7) }
}

/** The line of an event, without its end. */
export function formatEvent(event: Event): string {
  if (event.kind === 'person') {
    const { id, name, email, creditCard, city, state, time, extra } = event
    return ['P', id, name, email, creditCard, city, state, time, extra].join('|')
  }
  if (event.kind === 'auction') {
    const { id, itemName, description, initialBid, reserve, time, expires } = event
    const { seller, category, extra } = event
    const item = [id, itemName, description, initialBid, reserve]
    return ['A', ...item, time, expires, seller, category, extra].join('|')
  }
  const { auction, bidder, price, channel, url, time, extra } = event
  return ['B', auction, bidder, price, channel, url, time, extra].join('|')
}

/** A row of a result: fields split by `|`, `\N` where there is no value. */
export function row(...fields: readonly (string | number | undefined)[]): string {
  return fields.map((field) => field ?? '\\N').join('|')
}

/** A whole number of thousandths as a decimal with three digits: 325064 is `325.064`. */
export function thousandths(value: number): string {
  const digits = Math.abs(value).toString().padStart(4, '0')
  return `${value < 0 ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`
}

/** `yyyy-MM-dd` of a time, in UTC. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** `HH:mm` of a time, in UTC. */
export function minuteOf(time: number): string {
  return new Date(time).toISOString().slice(11, 16)
}
