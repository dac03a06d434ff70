/** The commit point of a savepoint that is written by a program: its one manifest. */
import { appendLink, EMPTY_HEAD, type LinkBody, wasAppended } from '../checkpoint/chain.ts'
import { occupied } from '../checkpoint/savepoint.ts'
import type { BlobStore } from '../storage/blob-store.ts'

/**
 * Puts the manifest over the files that are written.
 *
 * @param names of these files. When this throws, those that are still in it are the writer's to
 *   delete; none are if the manifest may be there all the same, for then the files are its.
 * @throws `STORAGE_CONFLICT` if another one was first; what the store throws.
 */
export async function completeSavepoint(
  store: BlobStore,
  body: LinkBody,
  names: Set<string>,
): Promise<void> {
  try {
    if ((await appendLink(store, EMPTY_HEAD, body)) !== 'lost') return
  } catch (error) {
    if ((await wasAppended(store, EMPTY_HEAD)) !== false) names.clear()
    throw error
  }
  throw occupied(store)
}
