/**
 * The route hash of a key: FNV-1a (32 bits) over its canonical bytes, as an int32. From it come the
 * key group, the exchange target and the table probe, so it is computed for every record: numbers,
 * strings and tuples of both are hashed without writing their bytes anywhere. It must equal the
 * hash of the bytes for ever, for snapshots and the Flink side depend on it (a property test says
 * so).
 */
import { ByteWriter } from '../util/bytes.ts'
import { FNV_OFFSET, FNV_PRIME, fnv1aBytes } from '../util/hash.ts'
import { KEY_TAG, orderedWords, orderFloat64, writeKey } from './keys-write.ts'

/** The hash of what stands before the bytes of a string; what stands behind them. */
export const STRING_SEED = Math.imul(FNV_OFFSET ^ KEY_TAG.STRING, FNV_PRIME)
export const STRING_END = KEY_TAG.END
const TUPLE_SEED = Math.imul(FNV_OFFSET ^ KEY_TAG.TUPLE, FNV_PRIME)

const scratch = new ByteWriter()

let foreseen = ''
let foreseenHash = Math.imul(STRING_SEED ^ KEY_TAG.END, FNV_PRIME)

/** Tells the hash of a string that is likely to be asked for next: who made it knows. */
export function foreseeHash(text: string, hash: number): void {
  foreseen = text
  foreseenHash = hash
}

/** The hash of a string that was foreseen last; undefined for any other. */
export function foreseenHashOf(text: string): number | undefined {
  return text.length === foreseen.length && text === foreseen ? foreseenHash : undefined
}

/**
 * An int32 that equal keys share. Throws `TYPE_MISMATCH` for what cannot be a key.
 *
 * @example
 * keyGroupOf(routeHash('word'), 128)
 */
export function routeHash(value: unknown): number {
  if (typeof value === 'string') return foreseenHashOf(value) ?? hashString(value)
  if (typeof value === 'number') return afterNumber(FNV_OFFSET, value)
  return (Array.isArray(value) ? hashTuple(value) : undefined) ?? hashBytes(value)
}

/** Goes on with the bytes of a number. */
function afterNumber(before: number, value: number): number {
  orderFloat64(value)
  const high = orderedWords[0] as number
  const low = orderedWords[1] as number
  let hash = Math.imul(before ^ KEY_TAG.NUMBER, FNV_PRIME)
  hash = Math.imul(hash ^ (high >>> 24), FNV_PRIME)
  hash = Math.imul(hash ^ ((high >>> 16) & 0xff), FNV_PRIME)
  hash = Math.imul(hash ^ ((high >>> 8) & 0xff), FNV_PRIME)
  hash = Math.imul(hash ^ (high & 0xff), FNV_PRIME)
  hash = Math.imul(hash ^ (low >>> 24), FNV_PRIME)
  hash = Math.imul(hash ^ ((low >>> 16) & 0xff), FNV_PRIME)
  hash = Math.imul(hash ^ ((low >>> 8) & 0xff), FNV_PRIME)
  return Math.imul(hash ^ (low & 0xff), FNV_PRIME)
}

function hashString(value: string): number {
  return afterString(FNV_OFFSET, value) ?? hashBytes(value)
}

/** Goes on with the bytes of a string; `undefined` if they are not those of its characters. */
function afterString(before: number, value: string): number | undefined {
  let hash = Math.imul(before ^ KEY_TAG.STRING, FNV_PRIME)
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code > 0x7f || code <= KEY_TAG.ESCAPE) return undefined
    hash = Math.imul(hash ^ code, FNV_PRIME)
  }
  return Math.imul(hash ^ KEY_TAG.END, FNV_PRIME)
}

/** Of a tuple of numbers and strings; `undefined` if it is none. */
function hashTuple(value: readonly unknown[]): number | undefined {
  let hash = TUPLE_SEED
  for (let index = 0; index < value.length; index++) {
    const part = value[index]
    if (typeof part === 'number') {
      hash = afterNumber(hash, part)
      continue
    }
    const after = typeof part === 'string' ? afterString(hash, part) : undefined
    if (after === undefined) return undefined
    hash = after
  }
  return Math.imul(hash ^ KEY_TAG.END, FNV_PRIME)
}

function hashBytes(value: unknown): number {
  scratch.reset()
  writeKey(value, scratch)
  return fnv1aBytes(scratch.bytes, 0, scratch.length)
}
