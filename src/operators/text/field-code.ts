/**
 * Code that makes a record of the fields of a line: one read for each column and one object
 * literal, so that the engine gives all records of a struct one layout (measured: three times as
 * fast as a loop over the columns). Where code must not be made of strings, a loop does the same.
 *
 * Nothing but positions and JSON-quoted field names and literals enters the source text.
 */
import type { FieldReader } from './field-reader.ts'
import { assembled, type Shape } from './field-shape.ts'

type Rec = Readonly<Record<string, unknown>>
/** The record; undefined if the line has more or fewer fields, or throws: then it does not fit. */
export type ReadRecord = (reader: FieldReader) => Rec | undefined

/** The function for a shape. */
export function readRecordOf(shape: Shape): ReadRecord {
  const converters = shape.columns.map(({ convert }) => convert)
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- this is what the file is for
    const make: unknown = new Function('converters', sourceOf(shape))
    return (make as (of: typeof converters) => ReadRecord)(converters) // what `sourceOf` writes
  } catch (error) {
    if (error instanceof EvalError) return loopOf(shape)
    throw error
  }
}

function sourceOf({ columns, fields }: Shape): string {
  const reads = columns.map(({ kind, field }, at) => {
    const converted = `value${field} = reader.converted(convert${at})`
    switch (kind) {
      case 'passed':
        return '  reader.pass()'
      case 'text':
        return `  const value${field} = reader.text()`
      case 'converted':
        return `  const ${converted}`
      case 'number':
        return `  let value${field} = reader.number()
  if (value${field} !== value${field}) ${converted}`
      case 'int32':
        return `  let value${field} = reader.int32()
  if (value${field} !== value${field}) ${converted}`
    }
  })
  const read = new Set(columns.map(({ field }) => field))
  const valueAt = (at: number): string => {
    const literal = fields[at]?.literal
    return literal === undefined ? `value${at}` : JSON.stringify(literal)
  }
  const of = fields.map((field, at) => ({ ...field, at, quoted: JSON.stringify(field.name) }))
  // Literals up to the first field that may be left out, stores after it.
  const firstOptional = of.findIndex(({ optional }) => optional)
  const literals = firstOptional < 0 ? of.length : firstOptional
  const entries = of.slice(0, literals).map(({ at, quoted }) => `${quoted}: ${valueAt(at)}`)
  const stores = of.slice(literals).flatMap(({ at, quoted, optional }) => {
    if (optional && !read.has(at)) return []
    const store = `record[${quoted}] = ${valueAt(at)}`
    return [optional ? `  if (value${at} !== undefined) ${store}` : `  ${store}`]
  })
  return `'use strict'
${columns.map((_, at) => `const convert${at} = converters[${at}]`).join('\n')}
return (reader) => {
${reads.join('\n')}
  if (!reader.isDone) return undefined
  const record = { ${entries.join(', ')} }
${stores.join('\n')}
  return record
}`
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
