/**
 * Links as they lie in the store, sound or not. How long one is, a listing or a former reading has
 * told; what is read may be of another moment.
 */
import { type ErrorCode, isMillraceError, messageOf } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { linkName } from './layout.ts'
import { requireSignature } from './link-signature.ts'
import { MANIFEST_BYTES_MAX, decodeLink, hashOf } from './manifest-codec.ts'
import type { ManifestLink } from './manifest.ts'

const NOTHING = new Uint8Array(0)
const FORGED: ReadonlySet<ErrorCode> = new Set([
  'SIGNATURE_MISSING',
  'SIGNATURE_INVALID',
  'KEY_NOT_FOUND',
])

/** What becomes of a link that is not signed as it should be. */
export type OnForged = 'refuse' | 'report'

export interface RawLink {
  readonly sequence: number
  readonly name: string
  /** Of the bytes as they lie. */
  readonly hash: string
  readonly lengthBytes: number
  /** Undefined if it does not verify by itself. */
  readonly link: ManifestLink | undefined
  /** Empty if it does. */
  readonly problem: string
}

/**
 * The links listed that are still there, oldest first, back to a fence that gives up what is older.
 *
 * @param listed lengths by sequence.
 * @param onForged `report`: a link that is not signed as it should be counts as damaged.
 */
export async function readAll(
  store: BlobStore,
  listed: ReadonlyMap<number, number>,
  onForged: OnForged,
): Promise<{ readonly raw: readonly RawLink[]; readonly givenUp: readonly number[] }> {
  // Newest first: another process's gc deletes from the front, so a link that has gone meanwhile
  // has no older ones and leaves no gap.
  const newestFirst = [...listed.keys()].toSorted((a, b) => b - a)
  const raw: RawLink[] = []
  for (const [at, sequence] of newestFirst.entries()) {
    const listedBytes = listed.get(sequence) ?? 0
    let read = await readRaw(store, sequence, listedBytes, onForged)
    // What was read wrongly once would be left out for ever: the next link names what was read.
    if (read?.problem !== undefined && read.problem !== '') {
      read = await readRaw(store, sequence, listedBytes, onForged)
    }
    if (read === undefined) continue
    raw.push(read)
    if (read.link?.kind !== 'fence' || read.link.givesUp === undefined) continue
    return { raw: raw.reverse(), givenUp: newestFirst.slice(at + 1).reverse() }
  }
  return { raw: raw.reverse(), givenUp: [] }
}

/** Of the bytes as they lie, sound or not; undefined if the link is not there. */
export async function readHash(
  store: BlobStore,
  sequence: number,
  listedBytes: number,
): Promise<string | undefined> {
  const read = await readListed(store, linkName(sequence), listedBytes, MANIFEST_BYTES_MAX + 1)
  return read === undefined ? undefined : hashOf(read.bytes)
}

/** Reads no more than `listedBytes`; undefined if it is not there. */
async function readRaw(
  store: BlobStore,
  sequence: number,
  listedBytes: number,
  onForged: OnForged = 'refuse',
): Promise<RawLink | undefined> {
  const name = linkName(sequence)
  const read = await readListed(store, name, listedBytes, MANIFEST_BYTES_MAX + 1)
  if (read === undefined) return undefined
  const { bytes, problem } = read
  const facts = { sequence, name, hash: hashOf(bytes), lengthBytes: bytes.length }
  if (problem !== '') return { ...facts, link: undefined, problem }
  try {
    const link = decodeLink(bytes, name)
    if (link.sequence !== sequence) {
      return { ...facts, link: undefined, problem: `holds link ${link.sequence}` }
    }
    await requireSignature(store, link)
    return { ...facts, link, problem: '' }
  } catch (error) {
    if (!isMillraceError(error)) throw error
    const isReported = onForged === 'report' && FORGED.has(error.code)
    if (error.code !== 'STORAGE_CORRUPT' && !isReported) throw error
    return { ...facts, link: undefined, problem: messageOf(error) }
  }
}

/** The same for one that may have become longer. */
export async function readWhole(store: BlobStore, sequence: number): Promise<RawLink | undefined> {
  try {
    const { lengthBytes } = await store.stat(linkName(sequence))
    return await readRaw(store, sequence, lengthBytes)
  } catch (error) {
    if (isMillraceError(error) && error.code === 'STORAGE_NOT_FOUND') return undefined
    throw error
  }
}

/**
 * Undefined if it has gone since it was listed. A store that verifies what it reads gives nothing
 * of a damaged link: then nothing is what the next one follows.
 */
async function readListed(
  store: BlobStore,
  name: string,
  listedBytes: number,
  bytesMax: number,
): Promise<{ readonly bytes: Uint8Array; readonly problem: string } | undefined> {
  try {
    // A blob beyond the limit is not read into memory; its first bytes give it a hash to follow.
    const bytes = await store.read(name, 0, Math.min(listedBytes, bytesMax))
    return { bytes, problem: '' }
  } catch (error) {
    const code = isMillraceError(error) ? error.code : undefined
    if (code === 'STORAGE_NOT_FOUND') return undefined
    if (code !== 'STORAGE_CORRUPT') throw error
    const { lengthBytes } = await store.stat(name)
    if (lengthBytes >= listedBytes) return { bytes: NOTHING, problem: messageOf(error) }
    // It was deleted, and its number put again by a process that slept.
    return { bytes: await store.read(name, 0, lengthBytes), problem: '' }
  }
}
