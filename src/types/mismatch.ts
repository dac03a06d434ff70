/**
 * The one error of a value that does not fit its type. Leaves throw it without a path; each
 * container that an error passes on its way out puts its own segment in front, so that finding
 * the path costs nothing while values fit. Texts never run a value's own code (`toString`,
 * getters) and cut what is long.
 */
import { isMillraceError, MillraceError } from '../errors.ts'

const SHOWN_CHARS_MAX = 40
const PATH_CHARS_MAX = 160

/** `TYPE_MISMATCH`: `expected int32, got string "x"`. */
export function mismatch(expected: string, value: unknown, cure?: string): MillraceError {
  return refusal(`expected ${expected}, got ${showValue(value)}`, cure)
}

/** `TYPE_MISMATCH` with a sentence of its own. */
export function refusal(problem: string, cure?: string, path = ''): MillraceError {
  const message = path === '' ? problem : `${path}: ${problem}`
  return new MillraceError('TYPE_MISMATCH', message, {
    details: { path, problem },
    ...(cure === undefined ? {} : { cure }),
  })
}

/** The error seen from one level further out; errors of another code pass unchanged. */
export function under(segment: string, error: unknown): unknown {
  if (!isMillraceError(error) || error.code !== 'TYPE_MISMATCH') return error
  const { path, problem } = error.details
  if (typeof problem !== 'string') return error
  const inner = typeof path === 'string' ? path : ''
  const joined = inner === '' || inner.startsWith('[') ? segment + inner : `${segment}.${inner}`
  return refusal(problem, error.cure, cut(joined, PATH_CHARS_MAX))
}

/** A field as a path segment: `name`, or `["not a name"]`. */
export function fieldSegment(name: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? name : `[${quote(name)}]`
}

/** A value for a message: its kind, and the value itself where it is short and says something. */
export function showValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `string ${quote(value)}`
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
      return value > -(10n ** 30n) && value < 10n ** 30n ? `${value}n` : 'a long bigint'
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    case 'object':
      return value === null ? 'null' : showObject(value)
  }
}

function showObject(value: object): string {
  if (Array.isArray(value)) return `an array of ${value.length}`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return 'an object'
  // Only a data property is read: a getter would run the value's own code.
  const constructor: unknown =
    typeof prototype === 'object'
      ? Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
      : undefined
  const name: unknown =
    typeof constructor === 'function'
      ? Object.getOwnPropertyDescriptor(constructor, 'name')?.value
      : undefined
  if (typeof name !== 'string' || name === '') return 'a class instance'
  return `${/^[AEIO]/i.test(name) ? 'an' : 'a'} ${cut(name, SHOWN_CHARS_MAX)}`
}

/** Quoted as JSON does, cut when long. */
export function quote(text: string): string {
  return JSON.stringify(cut(text, SHOWN_CHARS_MAX))
}

export function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`
}
