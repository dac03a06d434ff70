/**
 * Canonical key bytes: equal keys have equal bytes whatever type was declared, different keys have
 * different bytes, and the order of the bytes is an order of the values. Self-delimiting, so that
 * more may follow. Frozen by format version 1; every byte is in `docs/internals/keys.md`, golden
 * values in `test/fixtures/keys-v1.tsv`.
 */
import { types } from 'node:util'
import { ByteWriter } from '../util/bytes.ts'
import { writeKey } from './keys-write.ts'
import { cut, fieldSegment, quote, showValue } from './mismatch.ts'

export { foreseenHashOf, routeHash } from './keys-hash.ts'
export { readKey, skipKey } from './keys-read.ts'
export { writeKey } from './keys-write.ts'

const DESCRIBED_CHARS_MAX = 80

const left = new ByteWriter()
const right = new ByteWriter()

/** Whether two keys are the same key: equal canonical bytes. NaN equals NaN, −0 equals 0. */
export function keysEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return areNaN(a, b)
  }
  const asTuples = Array.isArray(a) && Array.isArray(b) ? tuplesEqual(a, b) : undefined
  if (asTuples !== undefined) return asTuples
  left.reset()
  right.reset()
  writeKey(a, left)
  writeKey(b, right)
  return left.view().equals(right.view())
}

function areNaN(a: unknown, b: unknown): boolean {
  return a !== a && b !== b && typeof a === 'number' && typeof b === 'number'
}

/** For tuples of numbers and strings; `undefined` if the bytes have to say. */
function tuplesEqual(a: readonly unknown[], b: readonly unknown[]): boolean | undefined {
  const { length } = a
  if (b.length !== length) return undefined
  for (let index = 0; index < length; index++) {
    const [left, right] = [a[index], b[index]]
    if (!isNumberOrString(left) || !isNumberOrString(right)) return undefined
    if (left !== right && !areNaN(left, right)) return false
  }
  return true
}

function isNumberOrString(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'string'
}

/** True where `===` (or `Map`) already tells keys apart as their canonical bytes do. */
export function keyIsPrimitive(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

/** A key as text: as it is if it is primitive, else its canonical bytes in base64url. */
export function keyText(key: unknown): string {
  if (keyIsPrimitive(key)) return String(key)
  left.reset()
  writeKey(key, left)
  return Buffer.from(left.view()).toString('base64url')
}

/** A key for messages, at most 80 characters; never throws. */
export function describeKey(value: unknown): string {
  try {
    return cut(describe(value, 0), DESCRIBED_CHARS_MAX)
  } catch {
    return 'a key that cannot be shown' // a getter or proxy of the user's threw
  }
}

function describe(value: unknown, depth: number): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value !== 'object' || value === null) return showValue(value)
  if (depth > 3) return '…'
  if (value instanceof Uint8Array) {
    return `0x${Buffer.from(value.subarray(0, DESCRIBED_CHARS_MAX)).toString('hex')}`
  }
  if (types.isDate(value)) {
    const timestamp = value.getTime()
    return Number.isNaN(timestamp) ? 'an invalid Date' : new Date(timestamp).toISOString()
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, DESCRIBED_CHARS_MAX)
    return `[${shown.map((element) => describe(element, depth + 1)).join(', ')}]`
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return showValue(value)
  const fields = Object.entries(value).slice(0, DESCRIBED_CHARS_MAX)
  const shown = fields.map(([name, of]) => `${fieldSegment(name)}: ${describe(of, depth + 1)}`)
  return `{${shown.join(', ')}}`
}
