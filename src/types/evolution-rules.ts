/**
 * The rules by which state of one schema is read as another, at every level of nesting: what is
 * written here, and no more, is converted. Pure, on schemas alone, so that a job is compared with
 * a snapshot before anything of it runs. `docs/guide/evolution.md` has them as tables.
 */
import { sameSchema } from './describe.ts'
import { resolveFields } from './evolution-fields.ts'
import {
  changed,
  describe,
  joined,
  refused,
  type Resolution,
  within,
} from './evolution-resolution.ts'
import { scalarStep } from './evolution-scalars.ts'
import { keepsApart, SAME, type To } from './evolution-step.ts'
import { cut, quote } from './mismatch.ts'
import type { TypeSchema } from './type.ts'

const DROPPED_CHARS_MAX = 100
const CONVERT = 'convert it with t.versioned'

type SchemaOf<K extends TypeSchema['kind']> = Extract<TypeSchema, { readonly kind: K }>

const NO_CHANGE: Resolution = Object.freeze({ step: SAME, changes: [], refusals: [] })

/** How values of `stored` become values of `declared`; `fallback` is the default of its field. */
export function resolve(stored: TypeSchema, declared: TypeSchema, fallback?: string): Resolution {
  if (sameSchema(stored, declared)) return NO_CHANGE
  const { version: was } = stored
  const { version: is, former } = declared
  if (is === undefined || was === is || (was === undefined && former === undefined)) {
    return resolveShape(stored, declared, fallback)
  }
  const before = former?.version ?? 1
  if (former !== undefined && (was === undefined || was <= before)) {
    const inner = resolve(stored, former)
    const mayLack = stored.kind === 'optional' || stored.kind === 'nullable'
    if (inner.refusals.length > 0 && mayLack && fallback !== undefined) {
      return resolvePresence(stored, declared, fallback)
    }
    const change = `is converted to version ${is}`
    return {
      step: { how: 'migrate', of: inner.step },
      changes: [...inner.changes, change],
      refusals: inner.refusals,
    }
  }
  if ((was ?? 1) > is) {
    return refused(`was version ${was}, is version ${is} (deploy the code that wrote it, or newer)`)
  }
  const cure = `say how: t.versioned(…).from(the type of version ${was}, a function)`
  return refused(`was version ${was}, and nothing converts that to version ${is} (${cure})`)
}

function resolveShape(stored: TypeSchema, declared: TypeSchema, fallback?: string): Resolution {
  if (stored.kind === 'optional' || stored.kind === 'nullable') {
    return resolvePresence(stored, declared, fallback)
  }
  if (declared.kind === 'optional' || declared.kind === 'nullable') {
    return wrapped(stored, declared)
  }
  if (stored.kind === 'union') return resolveUnion(stored, declared)
  if (declared.kind === 'union') {
    const found = bestOption(stored, declared, 0)
    if (found === undefined) return noRule(stored, declared)
    return {
      step: { how: 'option', to: found.to },
      changes: [...found.changes, changed(stored, declared)],
      refusals: [],
    }
  }
  if (stored.kind === 'struct' && declared.kind === 'struct') {
    return resolveFields(stored.fields, declared.fields, resolve)
  }
  if (stored.kind === 'list' && declared.kind === 'list') {
    const element = resolve(stored.element, declared.element)
    return within('element', element, (step) => ({ how: 'list', element: step }))
  }
  if (stored.kind === 'map' && declared.kind === 'map') {
    const key = within('key', keyOf(resolve(stored.key, declared.key)))
    const value = within('value', resolve(stored.value, declared.value))
    return joined([key, value], { how: 'map', key: key.step, value: value.step })
  }
  if (stored.kind === 'tuple' && declared.kind === 'tuple') return resolveTuple(stored, declared)
  return resolveScalar(stored, declared)
}

function wrapped(stored: TypeSchema, declared: SchemaOf<'optional' | 'nullable'>): Resolution {
  const inner = resolve(stored, declared.of)
  const change = declared.kind === 'optional' ? 'is optional now' : 'may be null now'
  return {
    step: { how: 'wrap', of: inner.step },
    changes: [...inner.changes, change],
    refusals: inner.refusals,
  }
}

/** Keys of a map must stay apart: no rule may make two of them equal. */
function keyOf(resolution: Resolution): Resolution {
  if (resolution.refusals.length > 0 || keepsApart(resolution.step)) return resolution
  return refused('has changed, and two keys might become one (convert the map with t.versioned)')
}

function resolvePresence(
  stored: SchemaOf<'optional' | 'nullable'>,
  declared: TypeSchema,
  fallback: string | undefined,
): Resolution {
  const nothing = stored.kind === 'optional' ? undefined : null
  if (declared.kind === 'optional' || declared.kind === 'nullable') {
    const isOther = stored.kind !== declared.kind
    if (isOther && declared.of.kind === stored.kind) return wrapped(stored, declared)
    const absent = declared.kind === 'optional' ? 'undefined' : 'null'
    // One layer less: what was nothing there is so here, or has a default.
    const isLess = isOther && stored.of.kind === declared.kind
    const inner = resolve(stored.of, isLess ? declared : declared.of)
    const stand = isLess && fallback !== undefined ? { default: fallback } : absent
    const change = `nothing is ${stand === absent ? absent : 'its default'} now`
    return {
      step: { how: 'presence', of: inner.step, isInside: !isLess, nothing, absent: stand },
      changes: isOther ? [...inner.changes, change] : inner.changes,
      refusals: inner.refusals,
    }
  }
  if (declared.kind === 'union') {
    const whole = resolveNothing(stored, declared)
    if (whole !== undefined) return whole
  }
  const inner = resolve(stored.of, declared)
  if (fallback === undefined) {
    const cure = 'give the field a default: t.field(type, { default })'
    const why = `was optional, and what is ${nothing} has no value now (${cure})`
    return { ...inner, refusals: [...inner.refusals, why] }
  }
  return {
    step: {
      how: 'presence',
      of: inner.step,
      isInside: false,
      nothing,
      absent: { default: fallback },
    },
    changes: [...inner.changes, 'is required now'],
    refusals: inner.refusals,
  }
}

/** Null as one of the options of a union. */
function resolveNothing(
  stored: SchemaOf<'optional' | 'nullable'>,
  declared: SchemaOf<'union'>,
): Resolution | undefined {
  if (stored.kind !== 'nullable') return undefined
  const hasNull = declared.options.some(
    (option) => option.kind === 'nullable' || (option.kind === 'literal' && option.value === null),
  )
  const inner = hasNull ? resolve(stored.of, declared) : undefined
  if (inner === undefined || inner.refusals.length > 0) return undefined
  const same = { isInside: false, nothing: null, absent: 'null' } as const
  return { ...inner, step: { how: 'presence', of: inner.step, ...same } }
}

function resolveUnion(stored: SchemaOf<'union'>, declared: TypeSchema): Resolution {
  const to: To[] = []
  const parts: Resolution[] = []
  for (const [place, option] of stored.options.entries()) {
    if (declared.kind !== 'union') {
      const found = within(`option ${place}`, resolve(option, declared))
      parts.push(found)
      to.push({ index: -1, step: found.step })
      continue
    }
    const found = bestOption(option, declared, place)
    if (found === undefined) {
      const gone = `option ${describe(option)} is gone (keep it, or ${CONVERT})`
      parts.push(refused(gone))
    } else {
      to.push(found.to)
      parts.push({ ...found, step: found.to.step })
    }
  }
  const all = joined(parts, { how: 'union', stored: stored.options, to })
  if (all.refusals.length > 0 || all.changes.length > 0) return all
  return { ...all, changes: [changed(stored, declared)] }
}

/** The same option, else the one at the same place, else the first that takes such values. */
function bestOption(
  stored: TypeSchema,
  { options }: SchemaOf<'union'>,
  place: number,
): { readonly to: To; readonly changes: readonly string[]; readonly refusals: [] } | undefined {
  const same = options.findIndex((option) => sameSchema(stored, option))
  const order = [...new Set([same < 0 ? place : same, place, ...options.keys()])]
  for (const index of order) {
    const option = options[index]
    if (option === undefined) continue
    const { step, changes, refusals } = resolve(stored, option)
    if (refusals.length > 0) continue
    const where = `option ${describe(stored)}`
    return {
      to: { index, step },
      changes: changes.map((change) => `${where}: ${change}`),
      refusals: [],
    }
  }
  return undefined
}

function resolveTuple(stored: SchemaOf<'tuple'>, declared: SchemaOf<'tuple'>): Resolution {
  if (stored.elements.length > declared.elements.length) return noRule(stored, declared)
  const parts = declared.elements.map((element, place): Resolution => {
    const before = stored.elements[place]
    if (before !== undefined) return within(`element ${place}`, resolve(before, element))
    if (element.kind === 'optional') {
      return { ...NO_CHANGE, changes: [`element ${place}: is new, undefined`] }
    }
    return refused(`element ${place}: is new, ${describe(element)} (make it optional)`)
  })
  const elements = parts.map((part, place) =>
    place < stored.elements.length ? part.step : undefined,
  )
  return joined(parts, { how: 'tuple', elements })
}

function resolveScalar(stored: TypeSchema, declared: TypeSchema): Resolution {
  const step = scalarStep(stored, declared)
  if (step === undefined) return enumRefusal(stored, declared) ?? noRule(stored, declared)
  return { step, changes: [changed(stored, declared)], refusals: [] }
}

function enumRefusal(stored: TypeSchema, declared: TypeSchema): Resolution | undefined {
  if (stored.kind !== 'enum' || declared.kind !== 'enum') return undefined
  const gone = stored.values.filter((value) => !declared.values.includes(value)).map(quote)
  return refused(
    `lost the values ${cut(gone.join(', '), DROPPED_CHARS_MAX)} (keep them, or ${CONVERT})`,
  )
}

function noRule(stored: TypeSchema, declared: TypeSchema): Resolution {
  return refused(`${changed(stored, declared)} (${CONVERT})`)
}
