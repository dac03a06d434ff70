/**
 * Code that makes a record of the fields of a line: one read for each column and one object
 * literal, so that the engine gives all records of a struct one layout (measured: three times as
 * fast as a loop over the columns). Texts and whole numbers are read in line, with the place in a
 * local variable (measured: two thirds of the time of calls); what else there may be is left to
 * the reader. Where code must not be made of strings, a loop over the reader does the same.
 *
 * Nothing but positions, bytes of ASCII and JSON-quoted field names and literals enters the source
 * text.
 */
import { DIGITS_MAX, type FieldReader, SMALL_DIGITS_MAX } from './field-reader.ts'
import { assembled, type Shape } from './field-shape.ts'

type Rec = Readonly<Record<string, unknown>>
/** The record; undefined if the line has more or fewer fields, or throws: then it does not fit. */
export type ReadRecord = (reader: FieldReader) => Rec | undefined

/**
 * The function for a shape.
 *
 * @param separator what the reader was made with.
 */
export function readRecordOf(shape: Shape, separator: string): ReadRecord {
  const converters = shape.columns.map(({ convert }) => convert)
  return generated(sourceOf(shape, separator), converters) ?? loopOf(shape)
}

/**
 * The function for the names in the first field, which are compared with its bytes before a string
 * is made of them.
 *
 * @param byName names of printable ASCII without the separator.
 * @param other of lines with another first field, or nothing behind it.
 */
export function readNamedOf(
  byName: ReadonlyMap<string, ReadRecord>,
  separator: string,
  other: ReadRecord,
): ReadRecord {
  return (
    generated(namedSourceOf([...byName.keys()], separator), [...byName.values(), other]) ?? other
  )
}

/** What the text returns, which is one of this file; undefined where code must not be made. */
function generated(source: string, given: readonly unknown[]): ReadRecord | undefined {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- this is what the file is for
    const make: unknown = new Function('given', source)
    return (make as (of: typeof given) => ReadRecord)(given)
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

function namedSourceOf(names: readonly string[], separator: string): string {
  const cases = names.map((name, number) => {
    const text = name + separator
    const isThere = Array.from(text, (each, at) => `bytes[at + ${at}] === ${each.charCodeAt(0)}`)
    const taken = `reader.at = at + ${text.length}; return read${number}(reader)`
    return `  if (${isThere.join(' && ')}) { ${taken} }`
  })
  return `'use strict'
${names.map((_, number) => `const read${number} = given[${number}]`).join('\n')}
const other = given[${names.length}]
return (reader) => {
  const { bytes, at } = reader
${cases.join('\n')}
  return other(reader)
}`
}

function sourceOf({ columns, fields }: Shape, separator: string): string {
  const reads = columns.map(readSource)
  const firstOfPiece = columns.findIndex(({ kind }) => kind === 'text' || kind === 'passed')
  if (firstOfPiece >= 0) reads.splice(firstOfPiece, 0, PIECE_SOURCE)
  return `'use strict'
${columns.map((_, at) => `const convert${at} = given[${at}]`).join('\n')}
const separator = ${separator.charCodeAt(0)}
const separatorText = ${JSON.stringify(separator)}
return (reader) => {
  const { bytes, end, isAscii } = reader
  let { at } = reader
  let digit, stop
${reads.join('\n')}
  if (at !== end + 1) return undefined
${recordSource(columns, fields)}
  return record
}`
}

/** The piece does not change before the line is read. */
const PIECE_SOURCE = `  if (at > end) return undefined
  reader.cover(at)
  const { piece, pieceStart } = reader`

const TEXT_END_SOURCE = `  if (at > end) return undefined
  stop = piece.indexOf(separatorText, at - pieceStart) + pieceStart
  if (stop < at || stop > end) stop = end`

/** Reads a column, moves `at` behind its separator. */
function readSource({ kind, field }: Shape['columns'][number], at: number): string {
  const value = `value${field}`
  const converted = `${value} = reader.converted(convert${at})`
  switch (kind) {
    case 'passed':
      return `${TEXT_END_SOURCE}
  at = stop + 1`
    case 'text':
      return `${TEXT_END_SOURCE}
  const ${value} = isAscii
    ? piece.slice(at - pieceStart, stop - pieceStart)
    : reader.cut(at, stop)
  at = stop + 1`
    case 'converted':
      return `  reader.at = at
  const ${converted}
  at = reader.at`
    case 'number':
    case 'int32':
      return `${wholeNumberSource(value, kind === 'int32' ? SMALL_DIGITS_MAX : DIGITS_MAX)}
  else {
    reader.at = start${field}
    ${value} = reader.${kind}()
    if (${value} !== ${value}) ${converted}
    at = reader.at
  }`
  }
}

/** Digits that are added up without rounding and nothing else; the line end stops them. */
function wholeNumberSource(value: string, digitsMax: number): string {
  const start = value.replace('value', 'start')
  const more =
    digitsMax === SMALL_DIGITS_MAX
      ? ''
      : `
  if (at === stop) {
    stop = ${start} + ${digitsMax}
    for (; at < stop && (digit = bytes[at] - 48) >= 0 && digit <= 9; at++) {
      ${value} = ${value} * 10 + digit
    }
  }`
  return `  if (at > end) return undefined
  const ${start} = at
  let ${value} = 0
  stop = at + ${SMALL_DIGITS_MAX}
  for (; at < stop && (digit = bytes[at] - 48) >= 0 && digit <= 9; at++) {
    ${value} = (Math.imul(${value}, 10) + digit) | 0
  }${more}
  if (at !== ${start} && (bytes[at] === separator || at === end)) at++`
}

/** Literals up to the first field that may be left out, stores after it. */
function recordSource(columns: Shape['columns'], fields: Shape['fields']): string {
  const read = new Set(columns.map(({ field }) => field))
  const valueAt = (at: number): string => {
    const literal = fields[at]?.literal
    return literal === undefined ? `value${at}` : JSON.stringify(literal)
  }
  const of = fields.map((field, at) => ({ ...field, at, quoted: JSON.stringify(field.name) }))
  const firstOptional = of.findIndex(({ optional }) => optional)
  const literals = firstOptional < 0 ? of.length : firstOptional
  const entries = of.slice(0, literals).map(({ at, quoted }) => `${quoted}: ${valueAt(at)}`)
  const stores = of.slice(literals).flatMap(({ at, quoted, optional }) => {
    if (optional && !read.has(at)) return []
    const store = `record[${quoted}] = ${valueAt(at)}`
    return [optional ? `  if (value${at} !== undefined) ${store}` : `  ${store}`]
  })
  return [`  const record = { ${entries.join(', ')} }`, ...stores].join('\n')
}

function loopOf({ columns, fields }: Shape): ReadRecord {
  return (reader) => {
    const values = fields.map(({ literal }): unknown => literal)
    for (const { kind, field, convert } of columns) {
      if (kind === 'passed') reader.pass()
      else values[field] = reader.converted(convert)
    }
    return reader.isDone ? assembled(fields, values) : undefined
  }
}
