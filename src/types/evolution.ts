/**
 * Whether state written under one schema can be read under another: as it is, converted by the
 * rules of `evolution-rules.ts`, or not; in words that name the field and the cure.
 */
import { sameSchema } from './describe.ts'
import { describe } from './evolution-resolution.ts'
import { resolve } from './evolution-rules.ts'
import { keepsValues } from './evolution-step.ts'
import type { TypeSchema } from './type.ts'

const DIFFERENCES_MAX = 5

export type SchemaComparison =
  | { readonly verdict: 'same' }
  /** `isTwoWay`: the older code could read what the newer writes, too. */
  | { readonly verdict: 'migrate'; readonly why: string; readonly isTwoWay: boolean }
  /** `why` lists what differs, with paths: `field "count": was int32, is string`. */
  | { readonly verdict: 'incompatible'; readonly why: string }

/**
 * Compares the schema in a snapshot with the one that the job declares.
 *
 * @example
 * compareSchemas(t.struct({ n: t.int32 }).schema, t.struct({ n: t.float64 }).schema)
 * // { verdict: 'migrate', why: 'field "n": was int32, is float64', isTwoWay: false }
 */
export function compareSchemas(stored: TypeSchema, declared: TypeSchema): SchemaComparison {
  if (sameSchema(stored, declared)) return { verdict: 'same' }
  const { changes, refusals } = resolve(stored, declared)
  if (refusals.length > 0) return { verdict: 'incompatible', why: listed(refusals) }
  const why = changes.length === 0 ? 'has another version' : listed(changes)
  const isTwoWay = resolve(declared, stored).refusals.length === 0
  return { verdict: 'migrate', why, isTwoWay }
}

/**
 * The same for keys, which are found by their bytes: a change must leave every key what it is.
 *
 * @example
 * compareKeys(t.int32.schema, t.float64.schema).verdict // 'migrate': 1 is 1
 */
export function compareKeys(stored: TypeSchema, declared: TypeSchema): SchemaComparison {
  const found = compareSchemas(stored, declared)
  const { step, refusals } = resolve(stored, declared)
  if (found.verdict === 'same' || (refusals.length === 0 && keepsValues(step))) return found
  const why = `was ${describe(stored)}, is ${describe(declared)}`
  return { verdict: 'incompatible', why }
}

function listed(differences: readonly string[]): string {
  const shown = differences.slice(0, DIFFERENCES_MAX)
  if (differences.length > shown.length) shown.push(`${differences.length - shown.length} more`)
  return shown.join('; ')
}
