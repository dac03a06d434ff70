/**
 * The bytes of a link, format version 1:
 *
 *     line 1   the link as canonical JSON: UTF-8, names sorted, no white space
 *     line 2   millrace-manifest 1 sha256:<SHA-256 of line 1 without its line feed, 64 hex digits>
 *
 * Each line ends with a line feed; both say the version, which every later format keeps. What is
 * read is untrusted: length, checksum, version and every field are checked before anything is
 * believed. The shape itself is in `manifest-checks.ts`.
 */
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { decodeHeader, isSealed } from '../encryption/blob-header.ts'
import { MillraceError, isMillraceError, messageOf } from '../errors.ts'
import { AssertionError, assert } from '../util/assert.ts'
import { plainObject, refuse } from './json-checks.ts'
import { linkCheck } from './manifest-checks.ts'
import { MANIFEST_FORMAT_VERSION, type ManifestLink } from './manifest.ts'

/** A larger link is not written and not read. */
export const MANIFEST_BYTES_MAX = 64 * 1024 * 1024

const TRAILER = /^millrace-manifest ([1-9]\d{0,8}) sha256:([0-9a-f]{64})\n$/
const TRAILER_BYTES_MAX = 128
const LINE_FEED = 0x0a
const JSON_DEPTH_MAX = 100
/** Printable ASCII without the quote and the backslash. */
const PLAIN_TEXT = /^[ !#-[\]-~]*$/

/** SHA-256 in hex: of a link's bytes it is what the next link names as `previousHash`. */
export function hashOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

/**
 * The bytes of a link. Reads them back before it returns them, so that nothing is ever written
 * that this version would refuse; a link that is not plain data is a programmer's error.
 */
export function encodeLink(link: ManifestLink): Uint8Array {
  const line = Buffer.from(canonicalJson(link), 'utf8')
  const trailer = `\nmillrace-manifest ${MANIFEST_FORMAT_VERSION} sha256:${hashOf(line)}\n`
  const bytes = Buffer.concat([line, Buffer.from(trailer, 'latin1')])
  try {
    decodeLink(bytes)
  } catch (error) {
    throw new AssertionError(`a link that cannot be read back: ${messageOf(error)}`)
  }
  return bytes
}

/**
 * Reads a link. `name` is for messages only.
 *
 * @throws `STORAGE_CORRUPT` if the bytes are damaged or not what version 1 allows;
 *   `CHECKPOINT_INCOMPATIBLE` if they are whole, but of a newer version; `STORAGE_ENCRYPTED` if
 *   they were read without a key.
 */
export function decodeLink(bytes: Uint8Array, name = 'the manifest'): ManifestLink {
  if (bytes.length > MANIFEST_BYTES_MAX) {
    return corrupt(name, `has ${bytes.length} bytes, over the limit of ${MANIFEST_BYTES_MAX}`)
  }
  if (isSealed(bytes)) throw encrypted(bytes, name)
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { line, version } = checkedLine(content, name)
  let value: unknown
  try {
    value = JSON.parse(line)
    requireVersion(value, version, name)
    return linkCheck(value, '')
  } catch (error) {
    if (isMillraceError(error) && error.code === 'CHECKPOINT_INCOMPATIBLE') throw error
    return corrupt(name, messageOf(error), error)
  }
}

/** Line 1 as text, if line 2 bears it out, and the version that line 2 names. */
function checkedLine(
  bytes: Buffer,
  name: string,
): { readonly line: string; readonly version: number } {
  const end = bytes.indexOf(LINE_FEED)
  if (end === -1 || bytes.length - end - 1 > TRAILER_BYTES_MAX) {
    return corrupt(name, 'has no line with its checksum: it was cut off or is no manifest')
  }
  const match = TRAILER.exec(bytes.toString('latin1', end + 1))
  if (match === null) return corrupt(name, 'has a damaged last line')
  const line = bytes.subarray(0, end)
  if (hashOf(line) !== match[2]) return corrupt(name, 'does not match its checksum')
  return { line: line.toString('utf8'), version: Number(match[1]) }
}

/** Both lines name the version, in every version: the checksum covers only the first. */
function requireVersion(value: unknown, version: number, name: string): void {
  if (plainObject(value, '')['formatVersion'] !== version) {
    refuse('formatVersion', 'differs from that of the last line')
  }
  if (version <= MANIFEST_FORMAT_VERSION) return
  throw new MillraceError(
    'CHECKPOINT_INCOMPATIBLE',
    `${name} is of format version ${version}; this Millrace reads up to ${MANIFEST_FORMAT_VERSION}`,
    {
      cure: 'run the job with the Millrace that wrote it or a newer one, or start with --fresh',
      details: { version },
    },
  )
}

function encrypted(bytes: Uint8Array, name: string): MillraceError {
  let key = ''
  try {
    key = ` under the key "${decodeHeader(bytes, name).keyId}"`
  } catch {
    // That it is encrypted is enough to know.
  }
  return new MillraceError('STORAGE_ENCRYPTED', `${name} is encrypted${key}`, { details: { name } })
}

function corrupt(name: string, problem: string, cause?: unknown): never {
  throw new MillraceError('STORAGE_CORRUPT', `${name} ${problem}`, { cause, details: { name } })
}

/** JSON with sorted names. Throws an AssertionError for what JSON cannot say exactly. */
export function canonicalJson(value: unknown): string {
  return write(value, 0)
}

function write(value: unknown, depth: number): string {
  if (depth > JSON_DEPTH_MAX) throw new AssertionError(`nested deeper than ${JSON_DEPTH_MAX}`)
  if (typeof value === 'string') return quoted(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new AssertionError(`a manifest cannot hold ${value}`)
    return String(value)
  }
  if (Array.isArray(value)) return list(value, depth + 1)
  if (typeof value !== 'object') {
    throw new AssertionError(`a manifest cannot hold a ${typeof value}`)
  }
  assert(isPlain(value), 'a manifest holds plain data only')
  // Own names of plain data are the strings that `keys` gives; sorted by their code units.
  const object = value as Readonly<Record<string, unknown>>
  let text = ''
  for (const name of Object.keys(object).sort()) {
    const field = object[name]
    if (field === undefined) continue
    text += `${text === '' ? '' : ','}${quoted(name)}:${write(field, depth + 1)}`
  }
  return `{${text}}`
}

function list(items: readonly unknown[], depth: number): string {
  let text = ''
  for (const [index, item] of items.entries()) {
    text += index === 0 ? write(item, depth) : `,${write(item, depth)}`
  }
  return `[${text}]`
}

/** Names, ids and hashes need no escapes. */
function quoted(text: string): string {
  return PLAIN_TEXT.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** Messages are copies, which some test runners make with an Object of another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
