/**
 * Keys of sealed entries. They have the form of all keys (`runs/entry.ts`), with names of 16 bytes
 * (`subject-cipher.ts`) for what would tell something:
 *
 *     rows     key group | operator | 0 | bytes(tag 16, name 16) | state | namespace | name 16
 *     timers   key group | operator | 1 | domain | time | bytes(tag 16, name 16) | name 16
 *
 * `bytes(…)` is the canonical form of a key that is bytes, so whoever looks for a row's end, or
 * compares bytes, need not know. A namespace is escaped, as it is; where there is none, or no user
 * key, there is none here: the prefix of a collection stays the prefix of its entries.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import { readKey, skipKey, writeKey } from '../../types/keys.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import {
  KEY_HEAD_BYTES,
  readEscaped,
  SECTION_ROWS,
  sectionOfKey,
  writeEscaped,
} from '../runs/entry.ts'
import { TIME_HEAD_BYTES } from '../runs/entry-key.ts'
import {
  NAME_BYTES,
  NAME_OF_KEY,
  NAME_OF_NAMESPACE,
  NAME_OF_TIMER,
  NAME_OF_USER_KEY,
  nameOf,
} from './subject-cipher.ts'

const TAG_BYTES = 16
const STATE_BYTES = 2

const input = new ByteReader(new Uint8Array(0))
const out = new ByteWriter()

/** How much of an entry's key stays as it is: what it begins with. */
export function headBytesOf(key: Uint8Array): number {
  return sectionOfKey(key) === SECTION_ROWS ? KEY_HEAD_BYTES : TIME_HEAD_BYTES
}

/** Where the user's key ends that begins behind the head. */
export function userKeyEnd(key: Uint8Array): number {
  input.reset(key, headBytesOf(key))
  skipKey(input)
  return input.position
}

/** What stands for the head and the user's key of all entries of this operator and key. */
export function sealedPrefix(prefix: Uint8Array, tag: Uint8Array, subjectKey: Uint8Array): Buffer {
  const headBytes = headBytesOf(prefix)
  out.reset()
  out.raw(prefix, 0, headBytes)
  const operator = prefix.subarray(2, 4)
  const name = nameOf(subjectKey, NAME_OF_KEY, operator, prefix.subarray(headBytes))
  writeKey(Buffer.concat([tag, name]), out)
  return out.copy()
}

/** A whole key; `prefix` is that of `sealedPrefix` for its first `prefixBytes`. */
export function sealedKey(
  key: Uint8Array,
  prefixBytes: number,
  prefix: Uint8Array,
  subjectKey: Uint8Array,
): Buffer {
  out.reset()
  out.raw(prefix)
  const place = prefix.subarray(2)
  input.reset(key, prefixBytes)
  if (sectionOfKey(key) !== SECTION_ROWS) {
    writeEscaped(out, nameOf(subjectKey, NAME_OF_TIMER, place, input.raw(input.remaining)))
    return out.copy()
  }
  if (input.remaining === 0) return out.copy()
  const state = input.raw(STATE_BYTES)
  out.raw(state)
  const namespace = readEscaped(input)
  const isPlain = namespace.length === 0
  writeEscaped(
    out,
    isPlain ? namespace : nameOf(subjectKey, NAME_OF_NAMESPACE, place, state, namespace),
  )
  if (input.remaining === 0) return out.copy()
  const userKey = input.raw(input.remaining)
  const scope = out.view().subarray(2)
  out.raw(nameOf(subjectKey, NAME_OF_USER_KEY, scope, userKey))
  return out.copy()
}

/** The tag in the key of a sealed entry. */
export function tagOfSealed(key: Uint8Array): Uint8Array {
  input.reset(key, headBytesOf(key))
  const found = readKey(input)
  if (found instanceof Uint8Array && found.length === TAG_BYTES + NAME_BYTES) {
    return found.subarray(0, TAG_BYTES)
  }
  throw new MillraceError('STORAGE_CORRUPT', 'the key of a sealed entry holds no tag')
}
