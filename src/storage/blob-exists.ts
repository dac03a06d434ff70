/** Whether a blob is there: asked by its name, which is never told wrongly, as a list may be. */
import { hasCode } from '../errors.ts'
import type { BlobStore } from './blob-store.ts'

/** Throws what the store throws, except that there is no such blob. */
export async function blobExists(store: BlobStore, name: string): Promise<boolean> {
  try {
    await store.stat(name)
    return true
  } catch (error) {
    if (hasCode(error, 'STORAGE_NOT_FOUND')) return false
    throw error
  }
}
