/** Copies a blob between stores, a piece at a time. */
import { isMillraceError } from '../errors.ts'
import type { BlobStore } from './blob-store.ts'

const PIECE_BYTES = 1024 * 1024

/** Copies `name` of `from` to `target` of `to`; a target that exists is a former copy: it stays. */
export async function copyBlob(
  from: BlobStore,
  name: string,
  to: BlobStore,
  target: string,
): Promise<void> {
  const { lengthBytes } = await from.stat(name)
  const writer = await to.create(target)
  try {
    for (let offset = 0; offset < lengthBytes; offset += PIECE_BYTES) {
      await writer.write(await from.read(name, offset, Math.min(PIECE_BYTES, lengthBytes - offset)))
    }
    await writer.close()
  } catch (error) {
    await writer.abort()
    if (isMillraceError(error) && error.code === 'STORAGE_CONFLICT') return
    throw error
  }
}
