/**
 * Blobs in a table of HBase, over its REST server. A region decides about each row by itself
 * (`checkAndPut`), so that of two that put the same name one is refused; what it has answered for
 * is in its log.
 */
import { systemClock, type Clock } from '../../util/clock.ts'
import { systemRandom, type Random } from '../../util/random.ts'
import type { BlobStore } from '../blob-store.ts'
import { authorityIn } from '../remote/authority.ts'
import { ChunkedBlobStore } from '../remote/chunked-store.ts'
import type { ChunkSizes } from '../remote/chunked.ts'
import { HttpClient, type HttpLine } from '../remote/http.ts'
import { Retries } from '../remote/retries.ts'
import { CHUNK_SIZES, HBaseBlobs } from './blobs.ts'
import { type HBasePlace, parseHBasePlace } from './place.ts'
import { HBaseRequests } from './requests.ts'

export interface HBaseStoreOptions {
  readonly clock?: Clock
  readonly random?: Random
}

/** What the store reaches the world by. */
export interface HBaseWorld extends Required<HBaseStoreOptions> {
  readonly http: HttpLine
  readonly sizes: ChunkSizes
}

/**
 * Opens the store; nothing is asked of the server yet.
 *
 * @throws `STORAGE_URL_UNKNOWN`, `CONFIG_INVALID`.
 */
export function openHBaseStore(location: string, options: HBaseStoreOptions = {}): BlobStore {
  const { clock = systemClock, random = systemRandom() } = options
  const place = parseHBasePlace(location)
  const http = new HttpClient(authorityIn(place.authorityFile))
  const world = { clock, random, http, sizes: CHUNK_SIZES }
  return hbaseStoreOver(place, world)
}

/** The same over a line that is there already. */
export function hbaseStoreOver(place: HBasePlace, world: HBaseWorld): BlobStore {
  const { timeoutMs, retryForMs } = place
  const { clock, random, http, sizes } = world
  const retries = new Retries({ clock, random, timeoutMs, retryForMs })
  const requests = new HBaseRequests(place, retries, http)
  return new ChunkedBlobStore(new HBaseBlobs(requests, sizes), random)
}
