/** Records as text, for sinks that write lines: strings as they are, everything else as JSON. */

import { Buffer } from 'node:buffer'

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : jsonOf(value)
}

/**
 * JSON of any plain value: what JSON lacks becomes its nearest form (a bigint its digits, a map an
 * array of pairs, bytes base64), so that no record makes the sink fail.
 */
export function jsonOf(value: unknown): string {
  // A replacer makes JSON.stringify four times slower, and most records need none.
  return (isFlat(value) ? JSON.stringify(value) : JSON.stringify(value, replacer)) ?? 'null'
}

/** True for a plain object whose fields JSON writes as they are. */
function isFlat(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'bigint'
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  for (const name in value) {
    // The name comes from the object, so it may be looked up.
    const field = value[name as keyof typeof value] as unknown
    if (typeof field === 'bigint' || (typeof field === 'object' && field !== null)) return false
  }
  return true
}

function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Map || value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value
}
