/** State beyond memory in a table of HBase. */
import { parseHBasePlace } from '../../storage/hbase/place.ts'
import { entryUrl } from '../../util/entry-url.ts'
import type { StateBackend } from '../backend.ts'
import { remoteBackend } from '../remote/remote-backend.ts'

/** A request may wait for others before it; each may be repeated for as long as the URL says. */
const REQUESTS_AT_ONCE = 3
const MARGIN_MS = 60_000

/**
 * Holds keyed state in memory as far as it fits and the rest in a table of HBase, which must be
 * there and have the family `b`, as for checkpoints; one table may hold both. A batch of records
 * asks for all its keys at once. Checkpoints are written from memory and hold everything, as with
 * every backend: the rows are thrown away with the attempt, so state can be restored under any
 * other backend, and without HBase. Needs no package; HBase is asked by its REST server.
 *
 * @param url `hbase://host1,host2:8080/table/folder`, with the options that storages in HBase have.
 * @throws `STORAGE_URL_UNKNOWN` or `CONFIG_INVALID` for a URL that says something else.
 *
 * @example
 * export default job('profiles', { backend: hbase('hbase://host:8080/jobs') }, (env) => { … })
 */
export function hbase(url: string): StateBackend {
  const { timeoutMs, retryForMs } = parseHBasePlace(url)
  const silenceMsMax = REQUESTS_AT_ONCE * (timeoutMs + retryForMs) + MARGIN_MS
  return remoteBackend({
    name: 'hbase',
    module: entryUrl(import.meta.url, 'table').href,
    options: { url },
    silenceMsMax,
  })
}
