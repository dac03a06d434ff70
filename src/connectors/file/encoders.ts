/** How records become lines of output files. */
import type { FieldSchema } from '../../types/type.ts'
import { jsonOf, textOf } from '../text.ts'

export interface RecordEncoder<T> {
  /** Ending of the file names. */
  readonly extension: string
  /** First line of each file. */
  readonly header: string | undefined
  /** The record without its line end. */
  encode(value: T): string
}

/** Strings as they are, everything else as JSON. */
export const textEncoder: RecordEncoder<unknown> = Object.freeze({
  extension: 'txt',
  header: undefined,
  encode: textOf,
})

export const jsonEncoder: RecordEncoder<unknown> = Object.freeze({
  extension: 'jsonl',
  header: undefined,
  encode: jsonOf,
})

/** Rows with the fields of a struct as columns, by RFC 4180. */
export function csvEncoder(
  fields: readonly FieldSchema[],
  delimiter: string,
): RecordEncoder<unknown> {
  const names = fields.map((field) => field.name)
  const special = new RegExp(`[\\${delimiter}"\\r\\n]|^\\s|\\s$`)
  const quote = (text: string) => (special.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  return Object.freeze({
    extension: 'csv',
    header: names.map(quote).join(delimiter),
    encode(value: unknown): string {
      // A struct, as the declared type says; what lacks a field leaves its column empty.
      const record = value as Readonly<Record<string, unknown>>
      let row = ''
      for (let index = 0; index < names.length; index++) {
        if (index > 0) row += delimiter
        row += quote(fieldText(record[names[index] as string]))
      }
      return row
    },
  })
}

function fieldText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? jsonOf(value) : textOf(value)
}
