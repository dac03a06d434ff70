/**
 * Manifests that are signed. A signature covers all of a link but itself: its number, the hash of
 * its predecessor, and by the hashes of their footers the runs that it names.
 *
 * Where signatures are asked for, what lacks one, or has a wrong one, is not damage that is passed
 * over: somebody has done it, and the job stops. Bits that have rotted do not match the checksum of
 * the link, and are damage as ever.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { linkName } from './layout.ts'
import { canonicalJson } from './manifest-codec.ts'
import type { ManifestLink } from './manifest.ts'
import { runsOf } from './registry.ts'

/**
 * The link as it is to be put: signed if the store asks for it, and else without what a former copy
 * of it had.
 *
 * @throws `SIGNATURE_MISSING` if it names a run that cannot be covered; `KEY_…`.
 */
export async function signedLink(store: BlobStore, link: ManifestLink): Promise<ManifestLink> {
  const plain = unsigned(link)
  if (store.signatures === undefined) return plain
  requireHashes(store, plain)
  return { ...plain, signature: await store.signatures.sign(Buffer.from(canonicalJson(plain))) }
}

/**
 * @throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_NOT_FOUND` if the store asks for a
 *   signature that this link does not have.
 */
export async function requireSignature(store: BlobStore, link: ManifestLink): Promise<void> {
  if (store.signatures === undefined) return
  const name = linkName(link.sequence)
  if (link.signature === undefined) {
    const message = `${store.location}: ${name} is not signed`
    throw new MillraceError('SIGNATURE_MISSING', message, { details: { name } })
  }
  const message = Buffer.from(canonicalJson(unsigned(link)))
  await store.signatures.verify(message, link.signature, `${store.location}: ${name}`)
  requireHashes(store, link)
}

/** Throws `STORAGE_SIGNED` if the newest link is signed, and the next one would not be. */
export function requireSigner(store: BlobStore, newest: ManifestLink | undefined): void {
  if (newest?.signature === undefined || store.signatures !== undefined) return
  const message = `${store.location}: the checkpoints are signed, and no place of keys is given`
  throw new MillraceError('STORAGE_SIGNED', message)
}

function unsigned(link: ManifestLink): ManifestLink {
  const { signature: _former, ...plain } = link
  return plain
}

/** A checksum does not bind a run: whoever changes the run can make it fit. */
function requireHashes({ location }: BlobStore, link: ManifestLink): void {
  if (link.kind === 'fence') return
  const bare = runsOf(link).find((run) => run.footerHash === undefined)
  if (bare === undefined) return
  const message = `${location}: ${bare.name} was written unsigned, and no signature can cover it`
  throw new MillraceError('SIGNATURE_MISSING', message, {
    cure: 'write it anew with `millrace checkpoint convert … --accept-unsigned --signing-keys …`',
    details: { name: bare.name },
  })
}
