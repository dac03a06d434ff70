/**
 * The type of values nobody declared: any plain data, self-describing in bytes. It stands wherever
 * no type is given. Isolation copies and freezes objects and arrays; what cannot be frozen (Map,
 * Set, Date, bytes) is copied at each read, which `readIsolated` keeps to values that hold such.
 */
import { types } from 'node:util'
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import { type Codec, freezeCopy, isLoose } from './codec.ts'
import { bigintTooLong, notPlain, tooDeep, writeDynamic } from './dynamic-write.ts'
import { BIGINT_BYTES_MAX, DYNAMIC_DEPTH_MAX } from './dynamic-format.ts'
import { readDynamic } from './dynamic-read.ts'
import { isSealedBy } from './isolated.ts'
import { fieldSegment, showValue, under } from './mismatch.ts'
import type { Type } from './type.ts'

export { readIsolated } from './isolated.ts'

const DYNAMIC: Codec<unknown> = Object.freeze<Codec<unknown>>({
  schema: Object.freeze({ kind: 'dynamic' }),
  copyOnRead: true,
  write(value: unknown, out: ByteWriter): void {
    writeDynamic(value, out, 0)
  },
  read(input: ByteReader): unknown {
    return readDynamic(input, 0)
  },
  isolate(value: unknown): unknown {
    return typeof value === 'number' || typeof value === 'string' ? value : isolate(value, 0)
  },
  accepts(value: unknown): boolean {
    try {
      isolate(value, 0)
      return true
    } catch {
      return false
    }
  },
})

/**
 * Any plain value: primitives, plain objects, arrays, `Map`, `Set`, `Date`, `Uint8Array`, nested
 * up to 200 levels. Class instances, functions, symbols and cycles are `TYPE_MISMATCH`.
 *
 * @example
 * valueState(dynamicType<{ count: number }>())
 */
export function dynamicType<T>(): Type<T> {
  // The caller states T; the codec carries any value, so this names what it already accepts.
  return DYNAMIC as Type<T>
}

function isolate(value: unknown, depth: number): unknown {
  if (typeof value === 'object') {
    if (value === null || isSealedBy(value, DYNAMIC)) return value
    return isolateObject(value, depth)
  }
  if (typeof value === 'function' || typeof value === 'symbol') throw notPlain(value)
  if (typeof value === 'bigint' && tooLong(value)) throw bigintTooLong()
  return value
}

function tooLong(value: bigint): boolean {
  return BigInt.asIntN(63, value) !== value && BigInt.asIntN(BIGINT_BYTES_MAX * 8, value) !== value
}

function isolateObject(value: object, depth: number): object {
  if (depth >= DYNAMIC_DEPTH_MAX) throw tooDeep()
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return isolateFields({ ...value }, depth)
  if (prototype === null) return isolateFields({ __proto__: null, ...value }, depth)
  if (prototype === Array.prototype && Array.isArray(value)) return isolateArray([...value], depth)
  if (prototype === Map.prototype && types.isMap(value)) return isolateMap(value, depth)
  if (prototype === Set.prototype && types.isSet(value)) return isolateSet(value, depth)
  if (prototype === Date.prototype && types.isDate(value)) return new Date(value.getTime())
  if (value instanceof Uint8Array) return new Uint8Array(value)
  throw notPlain(value)
}

/** Isolates the fields of `copy`, a fresh shallow copy, in place. */
function isolateFields(copy: Record<string, unknown>, depth: number): object {
  let loose = false
  let name = ''
  try {
    // Faster than Object.keys; what someone added to Object.prototype is passed over.
    for (name in copy) {
      const before = copy[name]
      if (typeof before === 'number' || typeof before === 'string') continue
      if (typeof before === 'object' && !Object.hasOwn(copy, name)) continue
      const after = isolate(before, depth + 1)
      loose ||= isLoose(DYNAMIC, after)
      if (after !== before) copy[name] = after
    }
  } catch (error) {
    throw under(fieldSegment(name), error)
  }
  return freezeCopy(copy, DYNAMIC, loose)
}

function isolateArray(copy: unknown[], depth: number): object {
  let loose = false
  let index = 0
  try {
    for (; index < copy.length; index++) {
      const before = copy[index]
      if (typeof before === 'number' || typeof before === 'string') continue
      const after = isolate(before, depth + 1)
      loose ||= isLoose(DYNAMIC, after)
      copy[index] = after
    }
  } catch (error) {
    throw under(`[${index}]`, error)
  }
  return freezeCopy(copy, DYNAMIC, loose)
}

function isolateMap(value: ReadonlyMap<unknown, unknown>, depth: number): Map<unknown, unknown> {
  const copy = new Map<unknown, unknown>()
  let at: unknown
  try {
    for (const [key, held] of value) {
      at = key
      copy.set(isolate(key, depth + 1), isolate(held, depth + 1))
    }
  } catch (error) {
    throw under(`[key ${showValue(at)}]`, error)
  }
  return copy
}

function isolateSet(value: ReadonlySet<unknown>, depth: number): Set<unknown> {
  const copy = new Set<unknown>()
  let at: unknown
  try {
    for (at of value) copy.add(isolate(at, depth + 1))
  } catch (error) {
    throw under(`[element ${showValue(at)}]`, error)
  }
  return copy
}
