/**
 * From the text of a field to the value of a declared type, and whether a type can stand in a field
 * at all. What does not fit throws `TYPE_MISMATCH`.
 */
import { MillraceError } from '../errors.ts'
import type { TypeSchema } from './type.ts'

export type TextConverter = (text: string) => unknown

const INT32_MAX = 2 ** 31
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const SPECIAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
])

/** The converter for a type; undefined if a field of text cannot carry it. */
export function textConverter(schema: TypeSchema): TextConverter | undefined {
  switch (schema.kind) {
    case 'string':
    case 'dynamic':
      return (text) => text
    case 'boolean':
      return (text) => BOOLEANS.get(text.toLowerCase()) ?? refused(text, 'true or false')
    case 'int32':
      return toInt32
    case 'int64':
      return toInt64
    case 'float64':
      return toFloat64
    case 'timestamp':
      return toTime
    case 'date':
      return (text) => new Date(toTime(text))
    case 'json':
      return (text) => JSON.parse(text) as unknown
    case 'literal':
      return literalConverter(schema.value)
    case 'enum':
      return enumConverter(new Set(schema.values))
    case 'optional':
      return emptyConverter(undefined, schema.of)
    case 'nullable':
      return emptyConverter(null, schema.of)
    case 'bytes':
    case 'struct':
    case 'tuple':
    case 'list':
    case 'map':
    case 'union':
      return undefined
  }
}

function toInt32(text: string): number {
  const value = toFloat64(text)
  if (Number.isInteger(value) && value >= -INT32_MAX && value < INT32_MAX) return value
  return refused(text, 'a whole number from −2^31 to 2^31 − 1')
}

function toInt64(text: string): bigint {
  if (!/^[+-]?\d{1,19}$/.test(text)) return refused(text, 'a whole number')
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  return BigInt.asIntN(64, value) === value ? value : refused(text, 'a number of 64 bits')
}

function toFloat64(text: string): number {
  if (NUMBER.test(text)) return Number(text)
  return SPECIAL_NUMBERS.get(text) ?? refused(text, 'a number')
}

function toTime(text: string): number {
  const time = NUMBER.test(text) ? Number(text) : timeOf(text)
  if (typeof time === 'number') return time
  return refused(text, 'a time in ISO 8601 or in milliseconds')
}

/** Milliseconds of an ISO 8601 date or time; other text as it is, for the type to refuse. */
export function timeOf(text: string): number | string {
  if (!/^[+-]?\d{4,6}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text)) return text
  const time = Date.parse(text)
  return Number.isNaN(time) ? text : time
}

function literalConverter(literal: string | number | boolean | null): TextConverter {
  return (text) => (text === String(literal) ? literal : refused(text, JSON.stringify(literal)))
}

function enumConverter(values: ReadonlySet<string>): TextConverter {
  return (text) => (values.has(text) ? text : refused(text, `one of ${[...values].join(', ')}`))
}

function emptyConverter(empty: null | undefined, of: TypeSchema): TextConverter | undefined {
  const convert = textConverter(of)
  return convert === undefined ? undefined : (text) => (text === '' ? empty : convert(text))
}

function refused(text: string, wanted: string): never {
  throw new MillraceError('TYPE_MISMATCH', `${JSON.stringify(text.slice(0, 100))} is not ${wanted}`)
}
