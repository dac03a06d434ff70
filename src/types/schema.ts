/**
 * Types from their schemas, so that a snapshot can be read without the job's code. A schema comes
 * out of a file: it is checked completely and nothing in it is trusted.
 */
import {
  enumType,
  literalType,
  type LiteralValue,
  nullableType,
  optionalType,
  unionType,
} from './choices.ts'
import { invalidType } from './codec.ts'
import { listType, mapType, tupleType } from './collections.ts'
import { SIMPLE_KINDS } from './describe.ts'
import { dynamicType } from './dynamic.ts'
import { FieldType } from './field.ts'
import { jsonType } from './json.ts'
import { cut, fieldSegment, quote, showValue } from './mismatch.ts'
import {
  booleanType,
  bytesType,
  dateType,
  float64Type,
  int32Type,
  int64Type,
  stringType,
  timestampType,
} from './scalars.ts'
import { FIELDS_MAX, structType } from './struct.ts'
import type { SimpleKind, Type } from './type.ts'
import { versionedType } from './versioned.ts'

export { describeSchema, sameSchema } from './describe.ts'

const SCHEMA_DEPTH_MAX = 64
const ITEMS_MAX = 10_000
const PATH_CHARS_MAX = 160

const SIMPLE: Readonly<Record<SimpleKind, Type<unknown>>> = {
  string: stringType,
  boolean: booleanType,
  int32: int32Type,
  int64: int64Type,
  float64: float64Type,
  timestamp: timestampType,
  date: dateType,
  bytes: bytesType,
  json: jsonType,
  dynamic: dynamicType<unknown>(),
}

/**
 * The type that a schema describes; its own schema equals the given one.
 * Throws `TYPE_INVALID`, naming the place, for anything that is no schema.
 *
 * @example
 * typeFromSchema(JSON.parse('{"kind":"list","element":{"kind":"int32"}}'))
 */
export function typeFromSchema(schema: unknown): Type<unknown> {
  return build(schema, 'schema', 0)
}

function build(schema: unknown, path: string, depth: number): Type<unknown> {
  if (depth > SCHEMA_DEPTH_MAX) {
    throw invalid(path, `a schema is nested over ${SCHEMA_DEPTH_MAX} levels`)
  }
  const node = recordAt(schema, path)
  const { version, former, ...shape } = node
  if (version === undefined && former === undefined) return buildShape(node, path, depth)
  if (typeof version !== 'number') throw invalid(`${path}.version`, `${showValue(version)} is none`)
  const of = buildShape(shape, path, depth)
  if (former === undefined) return versionedType(version, of)
  return versionedType(version, of, { type: build(former, `${path}.former`, depth + 1) })
}

function buildShape(
  node: Readonly<Record<string, unknown>>,
  path: string,
  depth: number,
): Type<unknown> {
  const kind = node['kind']
  if (isSimpleKind(kind)) return SIMPLE[kind]
  const part = (name: string): Type<unknown> => build(node[name], `${path}.${name}`, depth + 1)
  switch (kind) {
    case 'literal':
      return literalType(literalAt(node['value'], `${path}.value`))
    case 'enum':
      return enumAt(node, path)
    case 'struct':
      return structAt(node['fields'], `${path}.fields`, depth)
    case 'tuple':
      return tupleType(typesAt(node['elements'], `${path}.elements`, depth))
    case 'union':
      return unionType(typesAt(node['options'], `${path}.options`, depth))
    case 'list':
      return listType(part('element'))
    case 'map':
      return mapType(part('key'), part('value'))
    case 'optional':
      return optionalType(part('of'))
    case 'nullable':
      return nullableType(part('of'))
    default:
      throw invalid(`${path}.kind`, `${showValue(kind)} is no kind of type`)
  }
}

function enumAt(node: Readonly<Record<string, unknown>>, path: string): Type<unknown> {
  const { default: fallback } = node
  if (fallback !== undefined && typeof fallback !== 'string') {
    throw invalid(`${path}.default`, `${showValue(fallback)} is no text`)
  }
  return enumType(stringsAt(node['values'], `${path}.values`), fallback)
}

function structAt(fields: unknown, path: string, depth: number): Type<unknown> {
  const types = new Map<string, Type<unknown>>()
  itemsAt(fields, path, FIELDS_MAX).forEach((field, index) => {
    const at = `${path}[${index}]`
    const { name, type, renamedFrom, default: fallback } = recordAt(field, at)
    if (typeof name !== 'string') throw invalid(`${at}.name`, `${showValue(name)} is no name`)
    if (types.has(name)) throw invalid(`${at}.name`, `${quote(name)} is there twice`)
    if (name === '__proto__') throw invalid(`${at}.name`, 'a field cannot be named __proto__')
    const built = build(type, `${path}${bracketed(name)}`, depth + 1)
    if (renamedFrom === undefined && fallback === undefined) types.set(name, built)
    else {
      if (fallback !== undefined && typeof fallback !== 'string') {
        throw invalid(`${at}.default`, `${showValue(fallback)} is no text`)
      }
      const names =
        renamedFrom === undefined ? undefined : stringsAt(renamedFrom, `${at}.renamedFrom`)
      const marks = {
        ...(names === undefined ? {} : { renamedFrom: names }),
        ...(fallback === undefined ? {} : { default: fallback }),
      }
      types.set(name, new FieldType(built, marks))
    }
  })
  return structType(types)
}

function bracketed(name: string): string {
  const segment = fieldSegment(name)
  return segment.startsWith('[') ? segment : `.${segment}`
}

function typesAt(value: unknown, path: string, depth: number): readonly Type<unknown>[] {
  return itemsAt(value, path, ITEMS_MAX).map((item, index) =>
    build(item, `${path}[${index}]`, depth + 1),
  )
}

function stringsAt(value: unknown, path: string): readonly string[] {
  return itemsAt(value, path, ITEMS_MAX).map((item, index) => {
    if (typeof item === 'string') return item
    throw invalid(`${path}[${index}]`, `${showValue(item)} is no string`)
  })
}

function itemsAt(value: unknown, path: string, itemsMax: number): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(path, `${showValue(value)} is no list`)
  if (value.length > itemsMax) throw invalid(path, `${value.length} items, over ${itemsMax}`)
  return value
}

function literalAt(value: unknown, path: string): LiteralValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw invalid(path, `${showValue(value)} cannot be a literal`)
}

function recordAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(path, `${showValue(value)} is no schema`)
  }
  return { ...value }
}

function isSimpleKind(kind: unknown): kind is SimpleKind {
  return typeof kind === 'string' && SIMPLE_KINDS.has(kind)
}

function invalid(path: string, problem: string): Error {
  return invalidType(`${cut(path, PATH_CHARS_MAX)}: ${problem}`)
}
