/** Reads a link of which a listing has told how long it is; both may be of different moments. */
import { isMillraceError } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'

/** Undefined if it has gone since it was listed. */
export async function readListed(
  store: BlobStore,
  name: string,
  listedBytes: number,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  try {
    // A blob beyond the limit is not read into memory; its first bytes give it a hash to follow.
    return await store.read(name, 0, Math.min(listedBytes, bytesMax))
  } catch (error) {
    const code = isMillraceError(error) ? error.code : undefined
    if (code === 'STORAGE_NOT_FOUND') return undefined
    if (code !== 'STORAGE_CORRUPT') throw error
    const { lengthBytes } = await store.stat(name)
    if (lengthBytes >= listedBytes) throw error
    // The job was cancelled, its chain deleted and begun anew: this is the link of another one.
    return await store.read(name, 0, lengthBytes)
  }
}
