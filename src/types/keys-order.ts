/**
 * The order of keys by value: exactly that of their canonical bytes (`keys.ts`), without writing
 * them for the usual kinds. Numbers are ordered numerically (−0 equals 0, NaN comes last), strings
 * by code points, bytes unsigned, tuples part by part, a shorter one first. Keys of different kinds
 * are ordered by their tags.
 */
import { types } from 'node:util'
import { ByteWriter } from '../util/bytes.ts'
import { KEY_TAG, writeKey } from './keys-write.ts'

const left = new ByteWriter()
const right = new ByteWriter()

/** Negative if `a` comes first, positive if `b` does, 0 if they are the same key. */
export function compareKeys(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b)
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  const tag = tagOf(a)
  const difference = tag - tagOf(b)
  if (difference !== 0) return difference
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0
  if (Array.isArray(a) && Array.isArray(b)) return compareTuples(a, b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  if (types.isDate(a) && types.isDate(b)) return compareNumbers(a.getTime(), b.getTime())
  return tag === KEY_TAG.RECORD ? compareCanonical(a, b) : 0
}

/**
 * Where a key stands to those that begin with `prefix`: 0 if it is one of them. The beginning of a
 * string is some of its code points, of bytes some bytes, of a tuple some whole parts.
 */
export function compareToPrefix(key: unknown, prefix: unknown): number {
  if (typeof key === 'string' && typeof prefix === 'string') {
    const begins = key.startsWith(prefix) && !splitsPair(key, prefix.length)
    return begins ? 0 : compareStrings(key, prefix)
  }
  if (key instanceof Uint8Array && prefix instanceof Uint8Array) {
    return compareBytes(key.subarray(0, prefix.length), prefix)
  }
  if (Array.isArray(key) && Array.isArray(prefix)) {
    return compareTuples(key.slice(0, prefix.length), prefix)
  }
  return compareKeys(key, prefix)
}

function compareNumbers(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return 0
  return (a === a ? 0 : 1) - (b === b ? 0 : 1)
}

/** Code units compare as code points do, but for surrogates, which stand for higher ones. */
function compareStrings(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let index = 0; index < shorter; index++) {
    const [unitA, unitB] = [a.charCodeAt(index), b.charCodeAt(index)]
    if (unitA === unitB) continue
    if (unitA < 0xd800 || unitB < 0xd800) return unitA - unitB
    // The second half of a pair makes the code point before higher than a lone first half is.
    const [pairA, pairB] = [splitsPair(a, index), splitsPair(b, index)]
    if (pairA !== pairB) return pairA ? 1 : -1
    return pairA ? unitA - unitB : (a.codePointAt(index) ?? 0) - (b.codePointAt(index) ?? 0)
  }
  return a.length - b.length
}

/** True if a surrogate pair lies around `index`. */
function splitsPair(text: string, index: number): boolean {
  if (index === 0 || index >= text.length) return false
  return isHigh(text.charCodeAt(index - 1)) && isLow(text.charCodeAt(index))
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}

function compareTuples(a: readonly unknown[], b: readonly unknown[]): number {
  const shorter = Math.min(a.length, b.length)
  for (let index = 0; index < shorter; index++) {
    const difference = compareKeys(a[index], b[index])
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let index = 0; index < shorter; index++) {
    const difference = (a[index] as number) - (b[index] as number) // below both lengths
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function compareCanonical(a: unknown, b: unknown): number {
  left.reset()
  right.reset()
  writeKey(a, left)
  writeKey(b, right)
  return left.view().compare(right.view())
}

function tagOf(key: unknown): number {
  switch (typeof key) {
    case 'number':
      return KEY_TAG.NUMBER
    case 'string':
      return KEY_TAG.STRING
    case 'bigint':
      return KEY_TAG.BIGINT
    case 'boolean':
      return key ? KEY_TAG.TRUE : KEY_TAG.FALSE
    case 'undefined':
      return KEY_TAG.UNDEFINED
    case 'object':
    case 'function':
    case 'symbol':
      if (key === null) return KEY_TAG.NULL
      if (Array.isArray(key)) return KEY_TAG.TUPLE
      if (key instanceof Uint8Array) return KEY_TAG.BYTES
      return types.isDate(key) ? KEY_TAG.DATE : KEY_TAG.RECORD
  }
}
