/**
 * Checks of untrusted JSON against the shape a format demands: every field present, none unknown,
 * every value in its bounds. A check returns its argument as the type it has proved, so a
 * codec is a tree of checks that the compiler holds against the interface.
 */
import { MillraceError } from '../errors.ts'

/** Proves that `value` is a T, or throws `STORAGE_CORRUPT` naming `path`. */
export type Check<T> = (value: unknown, path: string) => T

/** JSON nested deeper than this is refused; the engine's own manifests need about 20. */
const DEPTH_MAX = 64

type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T]
type RequiredKeys<T> = Exclude<keyof T, OptionalKeys<T>>
type RequiredChecks<T> = { readonly [K in RequiredKeys<T>]: Check<T[K]> }
type OptionalChecks<T> = { readonly [K in OptionalKeys<T>]-?: Check<Exclude<T[K], undefined>> }

export function refuse(path: string, problem: string): never {
  throw new MillraceError('STORAGE_CORRUPT', `${path === '' ? 'the value' : path} ${problem}`)
}

/** An object with exactly these fields; the compiler demands a check for every field of T. */
export function shape<T extends object>(
  required: RequiredChecks<T>,
  optional: OptionalChecks<T>,
): Check<T> {
  // Both are string-keyed tables of checks; Object.entries loses only their exact key types.
  const needed = Object.entries(required) as [string, Check<unknown>][]
  const allowed = new Map<string, Check<unknown>>(Object.entries(optional))
  const names = new Set([...needed.map(([name]) => name), ...allowed.keys()])
  return (value, path) => {
    const object = plainObject(value, path)
    for (const [name, check] of needed) {
      if (!Object.hasOwn(object, name)) refuse(join(path, name), 'is missing')
      check(object[name], join(path, name))
    }
    for (const name of Object.keys(object)) {
      if (!names.has(name)) refuse(join(path, name), 'is not a field of this format')
      allowed.get(name)?.(object[name], join(path, name))
    }
    return value as T // every field of T has just been proved, and there are no others
  }
}

export function list<T>(element: Check<T>, lengthMax: number): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return refuse(path, 'is not a list')
    if (value.length > lengthMax) refuse(path, `has more than ${lengthMax} elements`)
    for (let index = 0; index < value.length; index++) element(value[index], `${path}[${index}]`)
    return value // each element has been proved
  }
}

export function oneOf<T extends string>(...values: readonly T[]): Check<T> {
  return (value, path) => {
    const found = values.find((candidate) => candidate === value)
    return found ?? refuse(path, `is none of ${values.join(', ')}`)
  }
}

export function exactly<const T extends string | number | boolean>(expected: T): Check<T> {
  return (value, path) =>
    value === expected ? expected : refuse(path, `is not ${JSON.stringify(expected)}`)
}

export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value, path) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) {
      return value
    }
    return refuse(path, `is not an integer from ${min} to ${max}`)
  }
}

export function text(lengthMax: number, pattern?: RegExp): Check<string> {
  return (value, path) => {
    if (typeof value !== 'string') return refuse(path, 'is not a text')
    if (value.length > lengthMax) refuse(path, `is longer than ${lengthMax} characters`)
    if (pattern !== undefined && !pattern.test(value)) refuse(path, `is not like ${pattern.source}`)
    return value
  }
}

export const finite: Check<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) ? value : refuse(path, 'is not a number')

export const nonNegative: Check<number> = (value, path) =>
  finite(value, path) >= 0 ? finite(value, path) : refuse(path, 'is negative')

export const flag: Check<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse(path, 'is neither true nor false')

/** A number, text, boolean: what the properties of splits may hold. */
export const scalar: Check<string | number | boolean> = (value, path) => {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  return finite(value, path)
}

/** An object used as a table: any names, values of one kind. */
export function table<T>(element: Check<T>, sizeMax: number): Check<Readonly<Record<string, T>>> {
  return (value, path) => {
    const object = plainObject(value, path)
    const names = Object.keys(object)
    if (names.length > sizeMax) refuse(path, `has more than ${sizeMax} fields`)
    for (const name of names) element(object[name], join(path, name))
    return object as Readonly<Record<string, T>> // each value has just been proved
  }
}

/** Any JSON of bounded depth. */
export const json: Check<unknown> = (value, path) => {
  checkJson(value, path, 0)
  return value
}

function checkJson(value: unknown, path: string, depth: number): void {
  if (depth > DEPTH_MAX) refuse(path, `is nested deeper than ${DEPTH_MAX}`)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number') {
    finite(value, path)
  } else if (Array.isArray(value)) {
    value.forEach((element, index) => checkJson(element, `${path}[${index}]`, depth + 1))
  } else {
    const object = plainObject(value, path)
    for (const name of Object.keys(object)) checkJson(object[name], join(path, name), depth + 1)
  }
}

/** An object of JSON: no list, no null, no class. */
export function plainObject(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(path, 'is not an object')
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) refuse(path, 'is not plain data')
  return value as Readonly<Record<string, unknown>> // own enumerable names are strings
}

/** For recursive checks: fails when `depth` is beyond what a manifest may nest. */
export function depthWithin(depth: number, path: string): void {
  if (depth > DEPTH_MAX) refuse(path, `is nested deeper than ${DEPTH_MAX}`)
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** No two items have the same key. */
export function unique<T>(
  items: readonly T[],
  keyOf: (item: T) => string | number,
  where: string,
  what: string,
): void {
  const seen = new Set<string | number>()
  for (const item of items) {
    const key = keyOf(item)
    if (seen.has(key)) refuse(where, `has the ${what} ${key} twice`)
    seen.add(key)
  }
}
