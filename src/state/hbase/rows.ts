/**
 * The rows that state is kept in, in the family `b` of a table, beside those of checkpoints.
 *
 *     s!<scope>!<key>   a value in the column `v`; without bytes: the key is deleted
 *     u!<scope>         the scopes, and when each was last known to be in use (`seen`)
 *
 * A scope is of one subtask and one attempt, its key groups are in order. Keys are written in the
 * letters of base64, put into the order of bytes: whatever a key is, its row is text that goes
 * into a URL as it is, and rows have the order of their keys.
 *
 * Versions of cells are no times, so that no clock decides which of two is the newer one: whoever
 * owns a scope counts. As in the storage they are far in the future.
 */
import { Buffer } from 'node:buffer'
import { PUT_VERSION, type Range } from '../../storage/hbase/rows.ts'

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ORDERED = BASE64.split('').toSorted().join('')

export const VALUE = 'v'
export const SEEN = 'seen'

/** Above all others: what is dropped with it never shows again. */
export const DROP_VERSION = Number.MAX_SAFE_INTEGER

/** Of the nth change of a scope's rows, and of a mark that was put at that time. */
export function versionAt(count: number): number {
  return PUT_VERSION + count
}

export class StateRows {
  readonly #prefix: string

  constructor(scope: string) {
    this.#prefix = `s!${textOf(scope)}!`
  }

  ofKey(key: Buffer): string {
    return `${this.#prefix}${ordered(key)}`
  }

  keyOf(row: string): Buffer {
    return Buffer.from(mapped(row.slice(this.#prefix.length), ORDERED, BASE64), 'base64url')
  }

  /** @param isDown of a scan downwards: it begins with the greatest row. */
  range(lower: Buffer, upper: Buffer, isDown = false): Range {
    const [from, to] = [this.ofKey(lower), this.ofKey(upper)]
    return isDown ? [justBefore(to), justBefore(from)] : [from, to]
  }

  all(): Range {
    return [this.#prefix, `${this.#prefix}~`]
  }
}

export function markOf(scope: string): string {
  return `u!${textOf(scope)}`
}

export function scopeOf(mark: string): string {
  return mark.slice(markOf('').length).replaceAll('$', '/')
}

export function allMarks(): Range {
  return [markOf(''), markOf('~')]
}

/** Scopes are like folders: no `!`, no `$`. What URLs give a meaning to, servers decode twice. */
function textOf(scope: string): string {
  return scope.replaceAll('/', '$')
}

function ordered(key: Buffer): string {
  return mapped(key.toString('base64url'), BASE64, ORDERED)
}

/** Each letter of one alphabet as that at the same place in the other. */
function mapped(text: string, from: string, to: string): string {
  const letters = Buffer.from(text, 'latin1')
  const table = tableOf(from, to)
  for (const [at, letter] of letters.entries()) letters[at] = table[letter] ?? 0
  return letters.toString('latin1')
}

const tables = new Map<string, Uint8Array>()

function tableOf(from: string, to: string): Uint8Array {
  const found = tables.get(from)
  if (found !== undefined) return found
  const table = new Uint8Array(128)
  for (const [at, letter] of from.split('').entries()) {
    table[letter.charCodeAt(0)] = to.charCodeAt(at)
  }
  tables.set(from, table)
  return table
}

/** Greater than every row that is less than this one: in no row there is a `~`. */
function justBefore(row: string): string {
  const last = row.charCodeAt(row.length - 1)
  return `${row.slice(0, -1)}${String.fromCharCode(last - 1)}~`
}
