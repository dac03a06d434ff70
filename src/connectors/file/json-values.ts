/**
 * From what JSON and text can carry to the values of a declared type. A converter is built once
 * from the type's schema; it only converts, and leaves it to the type to check the result.
 */
import { Buffer } from 'node:buffer'
import { setField } from '../../types/plain.ts'
import { timeOf } from '../../types/text-values.ts'
import type { FieldSchema, TypeSchema } from '../../types/type.ts'

export type JsonConverter = (json: unknown) => unknown

const identity: JsonConverter = (json) => json

/** Converts parsed JSON; fields that the schema does not declare are left out. */
export function jsonConverter(schema: TypeSchema): JsonConverter {
  switch (schema.kind) {
    case 'int64':
      return toBigint
    case 'timestamp':
      return toTimestamp
    case 'date':
      return toDate
    case 'bytes':
      return (json) =>
        typeof json === 'string' ? Uint8Array.from(Buffer.from(json, 'base64')) : json
    case 'struct':
      return structConverter(schema.fields)
    case 'list':
      return listConverter(jsonConverter(schema.element))
    case 'tuple':
      return tupleConverter(schema.elements.map(jsonConverter))
    case 'map':
      return mapConverter(jsonConverter(schema.key), jsonConverter(schema.value))
    case 'optional':
      return optionalConverter(jsonConverter(schema.of))
    case 'nullable':
      return nullableConverter(jsonConverter(schema.of))
    case 'string':
    case 'boolean':
    case 'int32':
    case 'float64':
    case 'json':
    case 'dynamic':
    case 'literal':
    case 'enum':
    case 'union':
      return identity
  }
}

function toBigint(json: unknown): unknown {
  if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json)
  return typeof json === 'string' && /^-?\d{1,19}$/.test(json) ? BigInt(json) : json
}

function toTimestamp(json: unknown): unknown {
  return typeof json === 'string' ? timeOf(json) : json
}

function toDate(json: unknown): unknown {
  const time = typeof json === 'string' ? timeOf(json) : json
  return typeof time === 'number' ? new Date(time) : json
}

function structConverter(fields: readonly FieldSchema[]): JsonConverter {
  const converters = fields.map((field) => ({
    name: field.name,
    optional: field.type.kind === 'optional',
    convert: jsonConverter(field.type),
  }))
  return (json) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
    const value: Record<string, unknown> = {}
    for (const { name, optional, convert } of converters) {
      if (!Object.hasOwn(json, name)) continue
      // The name is an own field, as just seen.
      const converted = convert((json as Record<string, unknown>)[name])
      if (converted !== undefined || !optional) setField(value, name, converted)
    }
    return value
  }
}

function listConverter(convert: JsonConverter): JsonConverter {
  if (convert === identity) return identity
  return (json) => (Array.isArray(json) ? json.map(convert) : json)
}

function tupleConverter(converters: readonly JsonConverter[]): JsonConverter {
  return (json) =>
    Array.isArray(json) ? json.map((item, index) => (converters[index] ?? identity)(item)) : json
}

/** A map is an array of pairs, or an object if its keys are strings. */
function mapConverter(key: JsonConverter, value: JsonConverter): JsonConverter {
  return (json) => {
    if (typeof json !== 'object' || json === null) return json
    const pairs: unknown[] = Array.isArray(json) ? json : Object.entries(json)
    return pairs.every(isPair) ? new Map(pairs.map((pair) => [key(pair[0]), value(pair[1])])) : json
  }
}

function isPair(item: unknown): item is [unknown, unknown] {
  return Array.isArray(item) && item.length === 2
}

/** Producers of JSON write null for what is not there. */
function optionalConverter(convert: JsonConverter): JsonConverter {
  return (json) => (json === null || json === undefined ? undefined : convert(json))
}

function nullableConverter(convert: JsonConverter): JsonConverter {
  return (json) => (json === null ? null : convert(json))
}
