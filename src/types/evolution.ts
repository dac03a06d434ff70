/**
 * Whether state written under one schema can be read under another, and if not, what differs, in
 * words that name the field. Types are the same or they are not: nothing is converted yet.
 */
import { describeSchema, sameSchema } from './describe.ts'
import { cut, quote } from './mismatch.ts'
import type { FieldSchema, TypeSchema } from './type.ts'

const DIFFERENCES_MAX = 5
const DESCRIBED_CHARS_MAX = 100

export type SchemaComparison =
  | { readonly verdict: 'same' }
  /** `why` lists what differs, with paths: `field "count": was int32, is string`. */
  | { readonly verdict: 'incompatible'; readonly why: string }

/**
 * Compares the schema in a snapshot with the one that the job declares. A dynamic type fits only
 * a dynamic type: its bytes describe themselves, those of declared types do not.
 *
 * @example
 * compareSchemas(t.struct({ count: t.int32 }).schema, t.struct({ count: t.string }).schema)
 * // { verdict: 'incompatible', why: 'field "count": was int32, is string' }
 */
export function compareSchemas(stored: TypeSchema, declared: TypeSchema): SchemaComparison {
  if (sameSchema(stored, declared)) return { verdict: 'same' }
  const found = differences(stored, declared)
  const shown = found.slice(0, DIFFERENCES_MAX)
  if (found.length > shown.length) shown.push(`${found.length - shown.length} more`)
  return { verdict: 'incompatible', why: shown.join('; ') }
}

/** What differs, at least one entry if anything does. */
function differences(stored: TypeSchema, declared: TypeSchema): string[] {
  if (sameSchema(stored, declared)) return []
  if (stored.kind === 'struct' && declared.kind === 'struct') {
    return fieldDifferences(stored.fields, declared.fields)
  }
  if (stored.kind === 'list' && declared.kind === 'list') {
    return within('element', stored.element, declared.element)
  }
  if (stored.kind === 'map' && declared.kind === 'map') {
    return [
      ...within('key', stored.key, declared.key),
      ...within('value', stored.value, declared.value),
    ]
  }
  if (stored.kind === 'tuple' && declared.kind === 'tuple') {
    return partDifferences('element', stored.elements, declared.elements, stored, declared)
  }
  if (stored.kind === 'union' && declared.kind === 'union') {
    return partDifferences('option', stored.options, declared.options, stored, declared)
  }
  if (
    (stored.kind === 'optional' && declared.kind === 'optional') ||
    (stored.kind === 'nullable' && declared.kind === 'nullable')
  ) {
    return differences(stored.of, declared.of)
  }
  return [changed(stored, declared)]
}

function fieldDifferences(
  stored: readonly FieldSchema[],
  declared: readonly FieldSchema[],
): string[] {
  const declaredByName = new Map(declared.map((field) => [field.name, field.type]))
  const storedNames = new Set(stored.map((field) => field.name))
  const found: string[] = []
  for (const { name, type } of stored) {
    const now = declaredByName.get(name)
    if (now === undefined) found.push(`field ${quote(name)}: was ${describe(type)}, is gone`)
    else found.push(...within(`field ${quote(name)}`, type, now))
  }
  for (const { name, type } of declared) {
    if (!storedNames.has(name)) found.push(`field ${quote(name)}: is new, ${describe(type)}`)
  }
  if (found.length > 0) return found
  const order = (fields: readonly FieldSchema[]): string =>
    cut(fields.map((field) => field.name).join(', '), DESCRIBED_CHARS_MAX)
  return [`the order of the fields: was ${order(stored)}, is ${order(declared)}`]
}

function partDifferences(
  what: string,
  stored: readonly TypeSchema[],
  declared: readonly TypeSchema[],
  storedWhole: TypeSchema,
  declaredWhole: TypeSchema,
): string[] {
  if (stored.length !== declared.length) return [changed(storedWhole, declaredWhole)]
  return stored.flatMap((part, index) => within(`${what} ${index}`, part, declared[index] ?? part))
}

function within(place: string, stored: TypeSchema, declared: TypeSchema): string[] {
  return differences(stored, declared).map((difference) => `${place}: ${difference}`)
}

function changed(stored: TypeSchema, declared: TypeSchema): string {
  return `was ${describe(stored)}, is ${describe(declared)}`
}

function describe(schema: TypeSchema): string {
  return cut(describeSchema(schema), DESCRIBED_CHARS_MAX)
}
