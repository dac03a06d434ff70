/** Brings a blob from one store to another: as a link where they can share it, else in pieces. */
import { isMillraceError } from '../errors.ts'
import { blobExists } from './blob-exists.ts'
import type { BlobStore } from './blob-store.ts'

const PIECE_BYTES = 1024 * 1024

/**
 * Copies `name` of `from` to `target` of `to`; a target that exists is a former copy: it stays.
 *
 * @returns `there` if it was.
 * @throws the signal's reason between two pieces, if it is aborted; then nothing is there.
 */
export async function copyBlob(
  from: BlobStore,
  name: string,
  to: BlobStore,
  target: string,
  signal?: AbortSignal,
): Promise<'copied' | 'there'> {
  const { lengthBytes } = await from.stat(name)
  const writer = await to.create(target)
  try {
    for (let offset = 0; offset < lengthBytes; offset += PIECE_BYTES) {
      signal?.throwIfAborted()
      await writer.write(await from.read(name, offset, Math.min(PIECE_BYTES, lengthBytes - offset)))
    }
    await writer.close()
    return 'copied'
  } catch (error) {
    await writer.abort()
    if (isMillraceError(error) && error.code === 'STORAGE_CONFLICT') return 'there'
    throw error
  }
}

/**
 * As `copyBlob`, but without copying bytes where both stores are on one file system.
 *
 * @returns how: `there` if a former copy was found.
 */
export async function shareBlob(
  from: BlobStore,
  name: string,
  to: BlobStore,
  target: string,
  signal?: AbortSignal,
): Promise<'linked' | 'copied' | 'there'> {
  if (await blobExists(to, target)) return 'there'
  if ((await to.linkFrom?.(from, name, target)) === true) return 'linked'
  return await copyBlob(from, name, to, target, signal)
}
