/** State beyond memory in tables of Cassandra. */
import { parseCassandraPlace } from '../../storage/cassandra/place.ts'
import { entryUrl } from '../../util/entry-url.ts'
import type { StateBackend } from '../backend.ts'
import { remoteBackend } from '../remote/remote-backend.ts'

/** A request may wait for one before it, and each may be repeated for as long as the URL says. */
const REQUESTS_AT_ONCE = 2
const MARGIN_MS = 60_000

/**
 * Holds keyed state in memory as far as it fits and the rest in tables of Cassandra, which are made
 * in the keyspace if they are not there. Reads of what is there are answered by a majority of the
 * replicas; a batch of records asks for all its keys at once. Checkpoints are written from memory
 * and hold everything, as with every backend: the tables are thrown away with the attempt, so state
 * can be restored under any other backend, and without Cassandra. Needs the package
 * `cassandra-driver`; without it opening fails with `PACKAGE_UNAVAILABLE`.
 *
 * @param url `cassandra://node1,node2:9042/keyspace?datacenter=dc1`, with the options that storages
 *   in Cassandra have. Who asks is told by `CASSANDRA_USERNAME` and `CASSANDRA_PASSWORD`.
 * @throws `STORAGE_URL_UNKNOWN` or `CONFIG_INVALID` for a URL that says something else.
 *
 * @example
 * export default job('profiles', { backend: cassandra('cassandra://node1/jobs') }, (env) => { … })
 */
export function cassandra(url: string): StateBackend {
  const { timeoutMs, retryForMs } = parseCassandraPlace(url)
  const silenceMsMax = REQUESTS_AT_ONCE * (timeoutMs + retryForMs) + MARGIN_MS
  return remoteBackend({
    name: 'cassandra',
    module: entryUrl(import.meta.url, 'table').href,
    options: { url },
    silenceMsMax,
  })
}
