/**
 * Keys as people type them, in commands and requests. JSON has no bigint, bytes or dates; the
 * schema tells them apart.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../errors.ts'
import { describeSchema } from './describe.ts'
import type { TypeSchema } from './type.ts'

/**
 * A key as people type it: text as it is where keys are strings, else JSON.
 *
 * @throws `TYPE_MISMATCH` if it cannot be one.
 */
export function keyFromText(text: string, schema: TypeSchema | undefined): unknown {
  if (schema?.kind === 'string' || schema?.kind === 'enum') return text
  const isText = schema?.kind === 'int64' || schema?.kind === 'date' || schema?.kind === 'bytes'
  if (isText) return fromPlain(text, schema)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = text
  }
  return schema === undefined ? json : fromPlain(json, schema)
}

/** The value of a schema that `plainValue` made `json` of. */
function fromPlain(json: unknown, schema: TypeSchema): unknown {
  switch (schema.kind) {
    case 'int64':
      if (isWhole(json)) return BigInt(json)
      break
    case 'date':
      if (typeof json === 'string' || typeof json === 'number') {
        const date = new Date(json)
        if (!Number.isNaN(date.getTime())) return date
      }
      break
    case 'bytes':
      if (typeof json === 'string') return new Uint8Array(Buffer.from(json, 'base64'))
      break
    case 'int32':
    case 'float64':
    case 'timestamp':
      if (typeof json === 'number') return json
      break
    case 'boolean':
      if (typeof json === 'boolean') return json
      break
    case 'string':
    case 'enum':
      if (typeof json === 'string') return json
      break
    case 'tuple':
      if (Array.isArray(json) && json.length === schema.elements.length) {
        return schema.elements.map((element, index) => fromPlain(json[index], element))
      }
      break
    case 'struct':
      if (typeof json === 'object' && json !== null) {
        const fields = new Map<string, unknown>(Object.entries(json))
        return Object.fromEntries(
          schema.fields
            .filter(({ name }) => fields.has(name))
            .map(({ name, type }) => [name, fromPlain(fields.get(name), type)]),
        )
      }
      break
    case 'optional':
    case 'nullable':
      return json === null
        ? schema.kind === 'optional'
          ? undefined
          : null
        : fromPlain(json, schema.of)
    case 'json':
    case 'dynamic':
    case 'literal':
    case 'union':
    case 'list':
    case 'map':
      return json
  }
  const wanted = describeSchema(schema)
  throw new MillraceError('TYPE_MISMATCH', `the key ${JSON.stringify(json)} is no ${wanted}`, {
    cure: `keys are of type ${wanted}: write strings as they are, all else as JSON`,
  })
}

function isWhole(json: unknown): json is string | number {
  return typeof json === 'number' ? Number.isSafeInteger(json) : /^-?\d+$/.test(String(json))
}
