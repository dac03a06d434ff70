/** Keys of encryption and of signatures, from the places that options can name. */
import type { KeyProvider } from '../encryption/key-provider.ts'
import { KeyRing } from '../encryption/key-ring.ts'
import { LocalKeys, parseKeys } from '../encryption/local-keys.ts'
import { MillraceError } from '../errors.ts'
import { LocalSigners, parseSigners } from '../signing/local-signers.ts'
import type { SignatureProvider } from '../signing/signature-provider.ts'
import { SignatureRing } from '../signing/signature-ring.ts'
import { hasFunctions, readPlace } from './host-embedded-places.ts'

/**
 * @throws `KEY_NOT_FOUND` if there is nothing, `KEY_INVALID` if it is no key or others can read it,
 *   `CONFIG_INVALID` if it is no place.
 */
export async function openKeys(place: string): Promise<KeyRing> {
  const found = await readPlace(place, 'encryption.keys')
  if (found.kind === 'text') return new KeyRing(new LocalKeys(parseKeys(found.text, found.source)))
  if (isKeyProvider(found.value)) return new KeyRing(found.value)
  throw new MillraceError(
    'KEY_INVALID',
    `${found.path} (encryption.keys) exports no key provider by default`,
    {
      cure: 'write: export default { current, wrap, unwrap } satisfies KeyProvider',
      details: { file: found.path },
    },
  )
}

/** Throws as `openKeys`. */
export async function openSignatures(place: string): Promise<SignatureRing> {
  const found = await readPlace(place, 'signing.keys')
  if (found.kind === 'text') {
    return new SignatureRing(new LocalSigners(parseSigners(found.text, found.source)))
  }
  if (isSignatureProvider(found.value)) return new SignatureRing(found.value)
  throw new MillraceError(
    'KEY_INVALID',
    `${found.path} (signing.keys) exports no provider of signatures by default`,
    {
      cure: 'write: export default { current, sign, verify } satisfies SignatureProvider',
      details: { file: found.path },
    },
  )
}

function isKeyProvider(value: unknown): value is KeyProvider {
  return hasFunctions(value, ['current', 'wrap', 'unwrap'])
}

function isSignatureProvider(value: unknown): value is SignatureProvider {
  return hasFunctions(value, ['current', 'sign', 'verify'])
}
