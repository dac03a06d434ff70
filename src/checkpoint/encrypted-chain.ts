/** Whether checkpoints are encrypted, as far as it can be told without a key. */
import { isSealed } from '../encryption/blob-header.ts'
import { isMillraceError } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { CHAIN_PREFIX, sequenceOfLink } from './layout.ts'

const LOOKED_AT_BYTES = 16
const OPENING_BRACE = 0x7b

/**
 * True if a manifest is encrypted; undefined if there is none.
 *
 * @param store without encryption
 */
export async function hasEncryptedChain(store: BlobStore): Promise<boolean | undefined> {
  const found = await store.list(CHAIN_PREFIX)
  const links = found.filter(({ name }) => sequenceOfLink(name) !== undefined)
  let isThere = false
  for (const { name, lengthBytes } of links.toReversed()) {
    try {
      let begins = await beginning(store, name, lengthBytes)
      // What was read wrongly once is not taken for damage.
      if (begins === 'damaged') begins = await beginning(store, name, lengthBytes)
      if (begins === 'sealed') return true
      isThere ||= begins === 'plain'
    } catch (error) {
      // Deleted, or cut off, since it was listed.
      const code = isMillraceError(error) ? error.code : undefined
      if (code !== 'STORAGE_NOT_FOUND' && code !== 'STORAGE_CORRUPT') throw error
    }
  }
  return isThere ? false : undefined
}

async function beginning(
  store: BlobStore,
  name: string,
  lengthBytes: number,
): Promise<'sealed' | 'plain' | 'damaged'> {
  const bytes = await store.read(name, 0, Math.min(LOOKED_AT_BYTES, lengthBytes))
  if (isSealed(bytes)) return 'sealed'
  return bytes[0] === OPENING_BRACE ? 'plain' : 'damaged'
}
