/**
 * Fields of structs, by name: those of the stored struct that nobody claims are left out, those
 * that it lacks are absent or have a default, and each may have had another name.
 */
import { describe, refused, type Resolution, within } from './evolution-resolution.ts'
import { type FieldStep, SAME } from './evolution-step.ts'
import { cut, quote } from './mismatch.ts'
import type { FieldSchema, TypeSchema } from './type.ts'

const NAMES_CHARS_MAX = 100

type Resolve = (stored: TypeSchema, declared: TypeSchema, fallback?: string) => Resolution

export function resolveFields(
  stored: readonly FieldSchema[],
  declared: readonly FieldSchema[],
  resolve: Resolve,
): Resolution {
  const before = new Map(stored.map((field) => [field.name, field]))
  const claimed = new Set<string>()
  const fields: FieldStep[] = []
  const parts: Resolution[] = []
  for (const field of declared) {
    const names = [field.name, ...(field.renamedFrom ?? [])]
    const found = before.get(names.find((name) => before.has(name)) ?? '')
    const isNew = found === undefined || !names.includes(found.name)
    const part = isNew ? added(field) : kept(found, field, resolve)
    if (!isNew) claimed.add(found.name)
    parts.push(part)
    const from = isNew ? undefined : found.name
    fields.push({ name: field.name, from, step: part.step, default: field.default })
  }
  const changes = parts.flatMap((part) => part.changes)
  for (const { name, type } of stored) {
    if (!claimed.has(name)) changes.push(`field ${quote(name)}: was ${describe(type)}, is gone`)
  }
  const refusals = parts.flatMap((part) => part.refusals)
  if (changes.length === 0 && refusals.length === 0) {
    const was = namesOf(stored)
    const is = namesOf(declared)
    if (was !== is) changes.push(`the order of the fields: was ${was}, is ${is}`)
  }
  return { step: { how: 'struct', fields }, changes, refusals }
}

function kept(found: FieldSchema, field: FieldSchema, resolve: Resolve): Resolution {
  const part = resolve(found.type, field.type, field.default)
  const place = within(`field ${quote(field.name)}`, part)
  if (found.name === field.name) return place
  const change = `field ${quote(field.name)}: was called ${quote(found.name)}`
  return { ...place, changes: [change, ...place.changes] }
}

function added({ name, type, default: fallback }: FieldSchema): Resolution {
  const field = `field ${quote(name)}: is new, ${describe(type)}`
  if (fallback !== undefined)
    return { step: SAME, changes: [`${field}, its default`], refusals: [] }
  if (type.kind === 'optional') return { step: SAME, changes: [`${field}, absent`], refusals: [] }
  return refused(`${field} (give it a default, t.field(type, { default }), or make it optional)`)
}

function namesOf(fields: readonly FieldSchema[]): string {
  return cut(fields.map((field) => field.name).join(', '), NAMES_CHARS_MAX)
}
