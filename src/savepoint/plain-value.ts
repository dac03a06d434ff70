/**
 * Values and keys of state as JSON: what tools print. JSON has no bigint, bytes, maps or sets. Keys
 * that people type are read by `types/key-from-text.ts`.
 */
import { Buffer } from 'node:buffer'

/**
 * The nearest value that JSON has: a map is a list of pairs, a set a list, bytes base64, a date ISO
 * text, a bigint and what is no finite number text, undefined null.
 */
export function plainValue(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  return typeof value === 'object' ? plainObject(value) : value
}

function plainObject(value: object): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value
  if (Array.isArray(value)) return value.map(plainValue)
  if (value instanceof Set) return Array.from(value, plainValue)
  if (value instanceof Map) return Array.from(value, ([k, v]) => [plainValue(k), plainValue(v)])
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plainValue(each)]))
}
