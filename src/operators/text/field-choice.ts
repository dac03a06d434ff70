/**
 * Which fields of a line a record takes, where it does not take all: the struct of these, and the
 * columns of the line with the others passed over. A struct so stays the one description of a line.
 */
import { isCodec } from '../../types/codec.ts'
import { structType } from '../../types/struct.ts'
import type { FieldSchema, Type } from '../../types/type.ts'
import { invalid } from './field-shape.ts'

/** A type, and the names of a line's fields as `shapeOf` takes them. */
interface Chosen {
  readonly type: Type<unknown>
  readonly columns: readonly string[] | undefined
}

/** @param only names of the fields that are taken; undefined: all of them. */
export function chosen(
  type: Type<unknown>,
  columns: readonly string[] | undefined,
  only: readonly string[] | undefined,
): Chosen {
  const { schema } = type
  if (only === undefined || schema.kind !== 'struct') return { type, columns }
  if (!Array.isArray(only) || only.length === 0) {
    throw invalid('fields() is to take only some fields, and is not told which')
  }
  const known = new Set(schema.fields.map(({ name }) => name))
  const strange = only.find((name) => !known.has(name))
  if (strange !== undefined) {
    throw invalid(`fields() is to take the field "${strange}", which the struct does not have`)
  }
  const taken = new Set(only)
  const names = columns ?? schema.fields.filter(isColumn).map(({ name }) => name)
  return {
    type: structOf(type, schema.fields, taken),
    columns: names.map((name) => (known.has(name) && !taken.has(name) ? '' : name)),
  }
}

/** Values of literals do not stand in a line. */
function isColumn({ type }: FieldSchema): boolean {
  return type.kind !== 'literal'
}

function structOf(
  type: Type<unknown>,
  fields: readonly FieldSchema[],
  taken: ReadonlySet<string>,
): Type<unknown> {
  const parts = (isCodec(type) ? type.parts : undefined) ?? []
  const declared = new Map<string, Type<unknown>>()
  for (const [at, { name }] of fields.entries()) {
    const part = parts[at]
    if (part === undefined) throw invalid('fields() takes only some fields of a t.struct')
    if (taken.has(name)) declared.set(name, part)
  }
  return structType(declared)
}
