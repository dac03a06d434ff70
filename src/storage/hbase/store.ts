/**
 * Blobs in a table of HBase, over its REST server. A region decides about each row by itself
 * (`checkAndPut`), so that of two that put the same name one is refused; what it has answered for
 * is in its log.
 */
import { systemClock, type Clock } from '../../util/clock.ts'
import { systemRandom, type Random } from '../../util/random.ts'
import type { BlobStore } from '../blob-store.ts'
import { ChunkedBlobStore } from '../remote/chunked-store.ts'
import { Retries } from '../remote/retries.ts'
import { HBaseBlobs } from './blobs.ts'
import { parseHBasePlace } from './place.ts'
import { HBaseRequests } from './requests.ts'

export interface HBaseStoreOptions {
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * Opens the store; nothing is asked of the server yet.
 *
 * @throws `STORAGE_URL_UNKNOWN`, `CONFIG_INVALID`.
 */
export function openHBaseStore(location: string, options: HBaseStoreOptions = {}): BlobStore {
  const { clock = systemClock, random = systemRandom() } = options
  const place = parseHBasePlace(location)
  const { timeoutMs, retryForMs } = place
  const retries = new Retries({ clock, random, timeoutMs, retryForMs })
  return new ChunkedBlobStore(new HBaseBlobs(new HBaseRequests(place, retries)), random)
}
