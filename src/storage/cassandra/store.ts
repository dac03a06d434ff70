/**
 * Blobs in tables of Cassandra. A lightweight transaction gives a name to a blob, which the nodes
 * decide together (`SERIAL`), so that of two that put the same name one is refused. What it has
 * decided, and what is in chunks, is on a majority of the replicas when it has answered.
 */
import { systemClock, type Clock } from '../../util/clock.ts'
import { systemRandom, type Random } from '../../util/random.ts'
import type { BlobStore } from '../blob-store.ts'
import { ChunkedBlobStore } from '../remote/chunked-store.ts'
import type { ChunkSizes } from '../remote/chunked.ts'
import { Retries } from '../remote/retries.ts'
import { CassandraBlobs, CHUNK_SIZES } from './blobs.ts'
import { type CassandraConnection, connectCassandra } from './driver.ts'
import { type CassandraPlace, parseCassandraPlace } from './place.ts'
import { CassandraRequests } from './requests.ts'

export interface CassandraStoreOptions {
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * Opens the store; nothing is asked of the cluster yet.
 *
 * @throws `PACKAGE_UNAVAILABLE`, `STORAGE_URL_UNKNOWN`, `CONFIG_INVALID`.
 */
export function openCassandraStore(
  location: string,
  options: CassandraStoreOptions = {},
): BlobStore {
  const { clock = systemClock, random = systemRandom() } = options
  const place = parseCassandraPlace(location)
  const connection = connectCassandra(place, process.env)
  return cassandraStoreOver(connection, place, { clock, random, sizes: CHUNK_SIZES })
}

/** The same over a connection that is there already. */
export function cassandraStoreOver(
  connection: CassandraConnection,
  place: CassandraPlace,
  world: Required<CassandraStoreOptions> & { readonly sizes: ChunkSizes },
): BlobStore {
  const { timeoutMs, retryForMs } = place
  const { clock, random, sizes } = world
  const retries = new Retries({ clock, random, timeoutMs, retryForMs })
  const requests = new CassandraRequests(place, connection, retries)
  return new ChunkedBlobStore(new CassandraBlobs(requests, sizes), random)
}
