/**
 * What the fields of a line become: which column is which field of a record, and how its text is
 * converted. `fields.ts` makes shapes of declared types; records are made by them of strings
 * (`recordOfTexts`) and of bytes (`field-code.ts`).
 */
import { MillraceError } from '../../errors.ts'
import { type TextConverter, textConverter } from '../../types/text-values.ts'
import type { FieldSchema, TypeSchema } from '../../types/type.ts'

/** How a column is read where it comes as bytes; what numbers are not left to the converter is. */
type ColumnKind = 'text' | 'number' | 'int32' | 'converted' | 'passed'

interface Column {
  readonly kind: ColumnKind
  readonly convert: TextConverter
  /** The field it becomes, as a position in `fields`; −1 if it is passed over. */
  readonly field: number
}

interface RecordField {
  readonly name: string
  /** Undefined values of it are left out. */
  readonly optional: boolean
  /** Of a field that is no column. */
  readonly literal?: string | number | boolean | null
}

/** Of records of one struct. */
export interface Shape {
  /** In the order of a line. */
  readonly columns: readonly Column[]
  /** In the order of the struct. */
  readonly fields: readonly RecordField[]
}

/** @param columns names in the order of a line; undefined: those of the struct that are read. */
export function shapeOf(schema: TypeSchema, columns: readonly string[] | undefined): Shape {
  if (schema.kind !== 'struct') {
    throw invalid(`fields() makes records of a struct, and got a type of ${schema.kind}`)
  }
  const fields = schema.fields.map(recordFieldOf)
  const names = columns ?? namesOf(fields)
  const twice = names.find((name, at) => name !== '' && names.indexOf(name) !== at)
  if (twice !== undefined) throw invalid(`fields() has the column "${twice}" twice`)
  const strange = names.find((name) => name !== '' && !namesOf(fields).includes(name))
  if (strange !== undefined) {
    throw invalid(`fields() has a column "${strange}", but no such field is read`)
  }
  const lacking = fields.find(
    ({ name, optional, literal }) => !optional && literal === undefined && !names.includes(name),
  )
  if (lacking !== undefined) throw invalid(`fields() has no column for "${lacking.name}"`)
  return { fields, columns: names.map((name) => columnOf(name, schema.fields)) }
}

function namesOf(fields: readonly RecordField[]): readonly string[] {
  return fields.filter(({ literal }) => literal === undefined).map(({ name }) => name)
}

function recordFieldOf({ name, type }: FieldSchema): RecordField {
  if (type.kind === 'literal') return { name, optional: false, literal: type.value }
  return { name, optional: type.kind === 'optional' }
}

function columnOf(name: string, fields: readonly FieldSchema[]): Column {
  const field = name === '' ? -1 : fields.findIndex((each) => each.name === name)
  const type = fields[field]?.type
  if (type === undefined) return { kind: 'passed', convert: (text) => text, field: -1 }
  const convert = textConverter(type)
  if (convert !== undefined) return { kind: kindOf(type), convert, field }
  throw invalid(`fields() cannot read the field "${name}", which is of ${type.kind}`)
}

function kindOf(schema: TypeSchema): ColumnKind {
  const { kind } = schema
  if (kind === 'string') return 'text'
  if (kind === 'int32') return 'int32'
  if (kind === 'float64' || kind === 'timestamp') return 'number'
  if (kind !== 'optional' && kind !== 'nullable') return 'converted'
  // What these allow for is no number, and left to the converter.
  const of = kindOf(schema.of)
  return of === 'text' ? 'converted' : of
}

export function invalid(problem: string): MillraceError {
  return new MillraceError('JOB_GRAPH_INVALID', problem, {
    cure:
      'give a struct of texts, numbers, booleans, times or enums: t.struct({ name: t.string }), ' +
      'and name the columns of a line in their order',
  })
}

/** A record of the texts from `from` on. Throws `TYPE_MISMATCH` if they do not fit. */
export function recordOfTexts(
  { columns, fields }: Shape,
  texts: readonly string[],
  from: number,
): Readonly<Record<string, unknown>> {
  if (texts.length !== columns.length + from) {
    throw mismatch(`it has ${texts.length} fields, not ${columns.length + from}`)
  }
  const values = fields.map(({ literal }): unknown => literal)
  for (const [at, { field, convert }] of columns.entries()) {
    if (field < 0) continue
    try {
      values[field] = convert(texts[at + from] ?? '')
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause)
      throw mismatch(`field ${at + from + 1}, ${fields[field]?.name}: ${said}`, cause)
    }
  }
  return assembled(fields, values)
}

/** The record of the values of its fields. */
export function assembled(
  fields: Shape['fields'],
  values: readonly unknown[],
): Readonly<Record<string, unknown>> {
  const record: Record<string, unknown> = {}
  for (const [at, { name, optional }] of fields.entries()) {
    if (!optional || values[at] !== undefined) record[name] = values[at]
  }
  return record
}

export function mismatch(reason: string, cause?: unknown): MillraceError {
  return new MillraceError('TYPE_MISMATCH', reason, cause === undefined ? {} : { cause })
}
