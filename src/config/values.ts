/**
 * One value of one option: parsed from text (flags, environment) or taken as it is (code, config
 * file), checked against the table, and written back as people read it.
 */
import { MillraceError } from '../errors.ts'
import { type Duration, parseDurationMs, parseSizeBytes, type Size } from '../util/duration.ts'
import { nearestName } from '../util/nearest.ts'
import type { OptionSpec } from './option-spec.ts'
import { type OptionKey, type OPTIONS, optionSpec } from './options.ts'

export type OptionValue =
  string | number | boolean | readonly string[] | Readonly<Record<string, string>>

type InputOf<S extends OptionSpec> = S extends {
  readonly type: 'enum'
  readonly values: readonly (infer V)[]
}
  ? V
  : S['type'] extends 'duration'
    ? Duration
    : S['type'] extends 'size'
      ? Size
      : S['type'] extends 'integer'
        ? number
        : S['type'] extends 'boolean'
          ? boolean
          : S['type'] extends 'names'
            ? readonly string[]
            : S['type'] extends 'renames'
              ? Readonly<Record<string, string>>
              : string

type KeyInGroup<G extends string> = Extract<OptionKey, `${G}.${string}`>
type GroupOf<K> = K extends `${infer G}.${string}` ? G : never
type NameIn<G extends string, K extends OptionKey> = K extends `${G}.${infer N}` ? N : never

/**
 * Options as people write them in code and in `millrace.config.ts`: nested by the dots of their
 * keys, durations and sizes as text or numbers.
 *
 * @example
 * export default { parallelism: 2, checkpointing: { interval: '5 s' } } satisfies OptionsInput
 */
export type OptionsInput = {
  readonly [K in OptionKey as K extends `${string}.${string}` ? never : K]?: InputOf<
    (typeof OPTIONS)[K]
  >
} & {
  readonly [G in GroupOf<OptionKey>]?: {
    readonly [K in KeyInGroup<G> as NameIn<G, K>]?: InputOf<(typeof OPTIONS)[K]>
  }
}

/**
 * The value as the engine holds it: milliseconds, bytes, numbers, names.
 *
 * @param where names the place the value comes from, for the message.
 * @throws `CONFIG_INVALID` if the value does not fit the option.
 */
export function parseOptionValue(key: OptionKey, value: unknown, where: string): OptionValue {
  const spec = optionSpec(key)
  const what = `${key} (from ${where})`
  switch (spec.type) {
    case 'duration':
      return atLeast(parseDurationMs(numeric(value), what), spec.min, key, 'ms', what)
    case 'size':
      return atLeast(parseSizeBytes(numeric(value), what), spec.min, key, 'bytes', what)
    case 'integer': {
      const count = numeric(value)
      const fits = typeof count === 'number' && Number.isSafeInteger(count)
      if (fits && count >= spec.min && count <= spec.max) return count
      throw invalid(what, value, `a whole number from ${spec.min} to ${spec.max}`)
    }
    case 'boolean':
      if (typeof value === 'boolean') return value
      if (value === 'true' || value === '1') return true
      if (value === 'false' || value === '0') return false
      throw invalid(what, value, 'true or false')
    case 'string':
      if (value instanceof URL) return value.href
      if (typeof value === 'string' && value !== '') return value
      throw invalid(what, value, 'text')
    case 'names':
      return namesOf(value, what)
    case 'renames':
      return renamesOf(value, what)
    case 'enum':
    case 'backend':
      if (spec.values.some((allowed) => allowed === value) && typeof value === 'string')
        return value
      throw notOneOf(what, value, spec.values)
  }
}

/** The value as people read it, such that `parseOptionValue` takes it again. */
export function formatOptionValue(key: OptionKey, value: OptionValue | undefined): string {
  if (value === undefined) return ''
  const spec = optionSpec(key)
  if (spec.type === 'duration') return inUnits(Number(value), DURATION_UNITS)
  if (spec.type === 'size') return inUnits(Number(value), SIZE_UNITS)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return value.join(',')
  return Object.entries(value)
    .map((pair) => pair.join('='))
    .join(',')
}

/** What stands between the commas of a text. */
function partsOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function namesOf(value: unknown, what: string): readonly string[] {
  const names = typeof value === 'string' ? partsOf(value) : value
  const isName = (name: unknown): name is string => typeof name === 'string' && name !== ''
  if (Array.isArray(names) && names.every(isName)) return names
  throw invalid(what, value, 'a list of names')
}

function renamesOf(value: unknown, what: string): Readonly<Record<string, string>> {
  const wanted = 'an object of old names by new ones: { new: "old" }'
  if (typeof value !== 'string' && (typeof value !== 'object' || value === null)) {
    throw invalid(what, value, wanted)
  }
  const pairs = typeof value === 'string' ? partsOf(value).map(pairOf) : Object.entries(value)
  const renames: Record<string, string> = {}
  for (const [now, before] of pairs) {
    if (typeof before !== 'string' || before === '' || now === '') {
      throw invalid(what, value, wanted)
    }
    renames[now] = before
  }
  return renames
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}

const DURATION_UNITS = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const
const SIZE_UNITS = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['B', 1],
] as const

/** In the largest unit that gives a whole number; so nothing is lost by rounding. */
function inUnits(value: number, units: readonly (readonly [string, number])[]): string {
  for (const [name, size] of units) {
    if (value >= size && value % size === 0) return `${value / size} ${name}`
  }
  return `${value} ${units.at(-1)?.[0] ?? ''}`.trim()
}

/** Digits given as text (environment, flags) mean the number. */
function numeric(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value
}

function atLeast(
  value: number,
  min: number | undefined,
  key: OptionKey,
  unit: string,
  what: string,
): number {
  if (min === undefined || value >= min) return value
  throw new MillraceError('CONFIG_INVALID', `${what}: ${value} ${unit} is too small`, {
    cure: `give at least ${formatOptionValue(key, min)}`,
  })
}

function invalid(what: string, value: unknown, wanted: string): MillraceError {
  return new MillraceError('CONFIG_INVALID', `${what}: ${show(value)} is not ${wanted}`)
}

function notOneOf(what: string, value: unknown, values: readonly string[]): MillraceError {
  const near = typeof value === 'string' ? nearestName(value, values) : undefined
  const message = `${what}: ${show(value)} is not one of ${values.join(', ')}`
  return new MillraceError(
    'CONFIG_INVALID',
    message,
    near === undefined ? {} : { cure: `did you mean ${near}?` },
  )
}

function show(value: unknown): string {
  const text = typeof value === 'function' ? 'a function' : JSON.stringify(value)
  return text === undefined ? String(value) : text.length > 80 ? `${text.slice(0, 80)}…` : text
}
