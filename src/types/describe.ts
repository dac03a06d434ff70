/** Schemas as one line of text, for messages, `plan` and `state ls`. */
import { fieldSegment } from './mismatch.ts'
import type { SimpleKind, TypeSchema } from './type.ts'

/** The kinds that say everything by their name. */
export const SIMPLE_KINDS: ReadonlySet<string> = new Set<SimpleKind>([
  'string',
  'boolean',
  'int32',
  'int64',
  'float64',
  'timestamp',
  'date',
  'bytes',
  'json',
  'dynamic',
])

type SimpleSchema = Extract<TypeSchema, { readonly kind: SimpleKind }>

function isSimple(schema: TypeSchema): schema is SimpleSchema {
  return SIMPLE_KINDS.has(schema.kind)
}

/**
 * One line such as `struct{ word: string, count?: int32 }`.
 *
 * @example
 * describeSchema(t.list(t.nullable(t.int32)).schema) // list<int32 | null>
 */
export function describeSchema(schema: TypeSchema): string {
  const described = describeShape(schema)
  return schema.version === undefined ? described : `${described} (version ${schema.version})`
}

function describeShape(schema: TypeSchema): string {
  if (isSimple(schema)) return schema.kind
  switch (schema.kind) {
    case 'literal':
      return JSON.stringify(schema.value)
    case 'enum':
      return `enum(${schema.values.map((value) => JSON.stringify(value)).join(', ')})`
    case 'struct':
      return describeStruct(schema.fields)
    case 'tuple':
      return `[${schema.elements.map(describeSchema).join(', ')}]`
    case 'list':
      return `list<${describeSchema(schema.element)}>`
    case 'map':
      return `map<${describeSchema(schema.key)}, ${describeSchema(schema.value)}>`
    case 'union':
      return schema.options.map(describeSchema).join(' | ')
    case 'optional':
      return `${describeSchema(schema.of)} | undefined`
    case 'nullable':
      return `${describeSchema(schema.of)} | null`
  }
}

function describeStruct(
  fields: readonly { readonly name: string; readonly type: TypeSchema }[],
): string {
  if (fields.length === 0) return 'struct{}'
  const described = fields.map(({ name, type }) =>
    type.kind === 'optional'
      ? `${fieldSegment(name)}?: ${describeSchema(type.of)}`
      : `${fieldSegment(name)}: ${describeSchema(type)}`,
  )
  return `struct{ ${described.join(', ')} }`
}

/**
 * Whether two schemas describe the same type: same kinds, names, values, order and version. What
 * says only how older state is read is of no matter.
 */
export function sameSchema(a: TypeSchema, b: TypeSchema): boolean {
  if (a === b) return true
  if (a.version !== b.version) return false
  if (isSimple(a)) return a.kind === b.kind
  switch (a.kind) {
    case 'literal':
      return b.kind === 'literal' && a.value === b.value
    case 'enum':
      return b.kind === 'enum' && sameItems(a.values, b.values, (x, y) => x === y)
    case 'struct':
      return (
        b.kind === 'struct' &&
        sameItems(a.fields, b.fields, (x, y) => x.name === y.name && sameSchema(x.type, y.type))
      )
    case 'tuple':
      return b.kind === 'tuple' && sameItems(a.elements, b.elements, sameSchema)
    case 'union':
      return b.kind === 'union' && sameItems(a.options, b.options, sameSchema)
    case 'list':
      return b.kind === 'list' && sameSchema(a.element, b.element)
    case 'map':
      return b.kind === 'map' && sameSchema(a.key, b.key) && sameSchema(a.value, b.value)
    case 'optional':
      return b.kind === 'optional' && sameSchema(a.of, b.of)
    case 'nullable':
      return b.kind === 'nullable' && sameSchema(a.of, b.of)
  }
}

function sameItems<X>(a: readonly X[], b: readonly X[], same: (x: X, y: X) => boolean): boolean {
  return a.length === b.length && a.every((item, index) => same(item, b[index] as X))
}
