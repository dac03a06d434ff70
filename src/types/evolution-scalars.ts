/** Which values without parts are values of another kind, too, and how they become such. */
import { sameSchema } from './describe.ts'
import { SAME, type Step } from './evolution-step.ts'
import type { TypeSchema } from './type.ts'

/** Kinds of numbers whose values are all numbers of the other kind. */
const WIDER_NUMBERS: Readonly<Record<string, readonly string[]>> = {
  int32: ['float64', 'timestamp'],
  timestamp: ['float64'],
}
/** What JSON can carry, whatever the value is. */
const JSON_KINDS: ReadonlySet<string> = new Set(['string', 'boolean', 'int32', 'enum', 'literal'])

/** Undefined if no rule makes the one from the other. */
export function scalarStep(stored: TypeSchema, declared: TypeSchema): Step | undefined {
  const isWidened = WIDER_NUMBERS[stored.kind]?.includes(declared.kind) ?? false
  if (isWidened || declared.kind === 'dynamic') return SAME
  // The same shape, and only a version apart.
  if (sameSchema({ ...stored, version: 0 }, { ...declared, version: 0 })) return SAME
  if (declared.kind === 'json') return isJson(stored) ? SAME : undefined
  if (declared.kind === 'int64') return stored.kind === 'int32' ? { how: 'to-bigint' } : undefined
  if (stored.kind === 'date') {
    const isNumber = declared.kind === 'timestamp' || declared.kind === 'float64'
    return isNumber ? { how: 'date-to-number' } : undefined
  }
  if (stored.kind === 'enum') {
    if (declared.kind === 'string') return SAME
    if (declared.kind !== 'enum') return undefined
    const { values, default: fallback } = declared
    if (stored.values.every((value) => values.includes(value))) return SAME
    return fallback === undefined ? undefined : { how: 'enum', values, default: fallback }
  }
  return stored.kind === 'literal' && takes(declared, stored.value) ? SAME : undefined
}

/** Whether a literal is a value of the kind. */
function takes(declared: TypeSchema, value: string | number | boolean | null): boolean {
  const { kind } = declared
  if (kind === 'enum') return typeof value === 'string' && declared.values.includes(value)
  if (kind === 'int32') return typeof value === 'number' && (value | 0) === value
  if (kind === 'float64' || kind === 'timestamp') return typeof value === 'number'
  return (kind === 'string' || kind === 'boolean') && typeof value === kind
}

function isJson(schema: TypeSchema): boolean {
  if (schema.kind === 'list') return isJson(schema.element)
  if (schema.kind === 'tuple') return schema.elements.every(isJson)
  if (schema.kind === 'nullable') return isJson(schema.of)
  if (schema.kind === 'union') return schema.options.every(isJson)
  if (schema.kind === 'struct') {
    return schema.fields.every(({ type }) => isJson(type.kind === 'optional' ? type.of : type))
  }
  return JSON_KINDS.has(schema.kind)
}
