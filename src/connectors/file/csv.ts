/**
 * The CSV format: a header names the columns, the fields of a struct take those of their names.
 * Fields are decoded only if the struct has them. Quoted fields may hold line ends, so a file is
 * read as one split, and a malformed record ends at the first line end after it begins.
 */
import { MillraceError } from '../../errors.ts'
import { dynamicType } from '../../types/dynamic.ts'
import { setField } from '../../types/plain.ts'
import { type TextConverter, textConverter } from '../../types/text-values.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import '../../util/buffer-natives.ts'
import { checkOptions, invalidOption } from '../options.ts'
import { CsvScanner, SCAN_PROBLEMS } from './csv-scanner.ts'
import { csvEncoder } from './encoders.ts'
import type { FileFormat, RecordParser } from './format.ts'
import { reasonOf } from './lines.ts'
import { malformedError } from './malformed.ts'
import type { ParsedBatch } from './parsed-batch.ts'
import type { Window } from './window.ts'

export interface CsvOptions {
  /** One ASCII character. Default: `,`. */
  readonly delimiter?: string
  /** Names of the columns, for files without a header. Default: the first record names them. */
  readonly columns?: readonly string[]
}

const LINE_FEED = 10

/**
 * Records of CSV by RFC 4180. With a type, which must be a struct, each of its fields is read from
 * the column of its name: numbers, booleans, times and enums from their text, an empty field as an
 * absent or null one where the type has that. Without a type a record is an object of strings.
 *
 * @throws `CONFIG_INVALID` for a type whose values cannot stand in fields.
 * @example
 * fileSource({ path: 'prices.csv', format: csv(t.struct({ item: t.string, price: t.float64 })) })
 */
export function csv(): FileFormat<Readonly<Record<string, string>>>
export function csv<T>(type: Type<T>, options?: CsvOptions): FileFormat<T>
export function csv(
  type: Type<unknown> = dynamicType<unknown>(),
  options: CsvOptions = {},
): FileFormat<unknown> {
  checkOptions('csv()', options, ['delimiter', 'columns'])
  const { delimiter = ',', columns } = options
  if (!/^[^"\n\r\u0080-\uffff]$/.test(delimiter)) {
    throw invalidOption('csv()', 'delimiter', delimiter, 'one ASCII character, not a quote')
  }
  if (columns !== undefined && (!Array.isArray(columns) || columns.length === 0)) {
    throw invalidOption('csv()', 'columns', columns, 'the names of the columns')
  }
  const fields = fieldsOf(type)
  const layout = columns === undefined ? undefined : layoutOf(fields, columns)
  if (typeof layout === 'string') {
    throw new MillraceError('CONFIG_INVALID', `csv(): columns: ${layout}`)
  }
  return Object.freeze<FileFormat<unknown>>({
    name: 'csv',
    type,
    splittable: false,
    hasHeader: layout === undefined,
    createParser: () => new CsvParser(fields, delimiter.charCodeAt(0), layout),
    ...(type.schema.kind === 'struct'
      ? { encoder: csvEncoder(type.schema.fields, delimiter) }
      : {}),
  })
}

interface CsvField {
  readonly name: string
  /** True if a file may lack the column. */
  readonly optional: boolean
  readonly convert: TextConverter
}

/** A field and the index of its column. */
interface CsvColumn extends CsvField {
  readonly index: number
}

/** Where in a record the fields stand. */
interface CsvLayout {
  readonly columns: readonly CsvColumn[]
  /** Of the file, with those that no field takes. */
  readonly columnCount: number
}

/** The fields of a struct; undefined: all columns, as strings. */
function fieldsOf(type: Type<unknown>): readonly CsvField[] | undefined {
  const { schema } = type
  if (schema.kind === 'dynamic') return undefined
  if (schema.kind !== 'struct') {
    throw invalidOption('csv()', 'the type', schema.kind, 't.struct({ column: type, … })')
  }
  return schema.fields.map((field) => {
    const convert = textConverter(field.type)
    if (convert !== undefined) {
      return { name: field.name, optional: field.type.kind === 'optional', convert }
    }
    const wanted = 'fields of text, numbers, booleans, times or enums'
    throw invalidOption('csv()', `the type of column "${field.name}"`, field.type.kind, wanted)
  })
}

/** Finds the column of each field; text says why that cannot be. */
function layoutOf(
  fields: readonly CsvField[] | undefined,
  names: readonly string[],
): CsvLayout | string {
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return `the column "${twice}" is there twice`
  const text: TextConverter = (value) => value
  const wanted = fields ?? names.map((name) => ({ name, optional: false, convert: text }))
  const columns = wanted.map((field) => ({ ...field, index: names.indexOf(field.name) }))
  const lacking = columns.find((column) => column.index < 0 && !column.optional)
  if (lacking !== undefined) return `there is no column "${lacking.name}"`
  return { columns: columns.filter((column) => column.index >= 0), columnCount: names.length }
}

class CsvParser implements RecordParser<unknown> {
  readonly #fields: readonly CsvField[] | undefined
  readonly #scanner: CsvScanner
  #layout: CsvLayout | undefined

  constructor(
    fields: readonly CsvField[] | undefined,
    delimiter: number,
    layout: CsvLayout | undefined,
  ) {
    this.#fields = fields
    this.#scanner = new CsvScanner(delimiter)
    this.#layout = layout
  }

  header(window: Window, file: string): number | undefined {
    // A parser that was given its columns has no header to read.
    if (this.#layout !== undefined) return 0
    const { bytes, position, filled, last, ascii } = window
    const offset = window.offset
    const outcome = this.#scanner.scan(bytes, position, filled, last)
    if (outcome === 'incomplete') return undefined
    const names: string[] = []
    for (let index = 0; index < this.#scanner.fieldCount; index++) {
      names.push(this.#text(bytes, index, ascii).trim())
    }
    const layout = outcome === 'record' ? layoutOf(this.#fields, names) : SCAN_PROBLEMS[outcome]
    if (typeof layout === 'string') {
      const text = window.shownStart()
      throw malformedError({ file, line: 1, offset, text, reason: `the header: ${layout}` })
    }
    this.#layout = layout
    window.position = this.#scanner.end
    return this.#scanner.lines
  }

  take(window: Window, batch: ParsedBatch<unknown>): void {
    const scanner = this.#scanner
    const layout = required(this.#layout, 'the header is read before records')
    const { bytes, filled, last } = window
    const limit = Math.min(window.limit, filled)
    while (window.position < limit && !batch.isFull) {
      const { position } = window
      const outcome = scanner.scan(bytes, position, filled, last)
      if (outcome === 'incomplete') return
      if (outcome !== 'record') {
        const lineEnd = bytes.indexOf(LINE_FEED, position)
        const end = lineEnd < 0 || lineEnd >= filled ? filled : lineEnd
        const text = bytes.utf8Slice(position, end)
        batch.refuse(window.offset, text, SCAN_PROBLEMS[outcome])
        batch.lines++
        window.position = Math.min(end + 1, filled)
        continue
      }
      if (!this.#isBlank(position, layout)) this.#takeRecord(window, batch, layout)
      batch.lines += scanner.lines
      window.position = scanner.end
    }
  }

  /** An empty line is no record, unless there is only one column. */
  #isBlank(start: number, layout: CsvLayout): boolean {
    if (this.#scanner.fieldCount > 1 || layout.columnCount === 1) return false
    return this.#scanner.bounds[0] === start && this.#scanner.bounds[1] === start
  }

  #takeRecord(window: Window, batch: ParsedBatch<unknown>, layout: CsvLayout): void {
    const { bytes, position, ascii } = window
    const { fieldCount, end } = this.#scanner
    let name = ''
    try {
      if (fieldCount !== layout.columnCount) {
        const problem = `it has ${fieldCount} fields, not ${layout.columnCount}`
        throw new MillraceError('TYPE_MISMATCH', problem)
      }
      const value: Record<string, unknown> = {}
      for (const column of layout.columns) {
        name = column.name
        const converted = column.convert(this.#text(bytes, column.index, ascii))
        if (converted !== undefined) setField(value, name, converted)
      }
      batch.values.push(value)
    } catch (error) {
      const reason = name === '' ? reasonOf(error) : `column ${name}: ${reasonOf(error)}`
      batch.refuse(window.offset, bytes.utf8Slice(position, end).trimEnd(), reason)
    }
  }

  #text(bytes: Window['bytes'], index: number, ascii: boolean): string {
    const { bounds, doubled } = this.#scanner
    // The scanner has pushed two bounds for each field.
    const start = bounds[index * 2] as number
    const end = bounds[index * 2 + 1] as number
    const text = ascii ? bytes.latin1Slice(start, end) : bytes.utf8Slice(start, end)
    return doubled[index] === true ? text.replaceAll('""', '"') : text
  }
}
