/** State beyond memory in an object store: a bucket, HDFS, or what else checkpoints are put in. */
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { MillraceError } from '../../errors.ts'
import { folderOf } from '../../storage/open.ts'
import { parseSizeBytes, type Size } from '../../util/duration.ts'
import { entryUrl } from '../../util/entry-url.ts'
import type { BackendContext, StateBackend } from '../backend.ts'
import { openHelped } from '../remote/remote-backend.ts'
import { TableBackend } from '../table/table-backend.ts'
import type { ObjectTableOptions } from './open-table.ts'

export interface ObjectStoreOptions {
  /**
   * Where the rows are that memory has no room for: `s3://bucket/folder`, or any other URL that
   * checkpoints can be put at. Each job has a folder of its own there. Default: beside the job's
   * checkpoints.
   */
  readonly location?: string
  /** Local disk that each task may use for blocks that it has read or written. Default: 1 GB. */
  readonly cacheSize?: Size
  /**
   * Memory in which each task gathers rows before they are put; twice as much may be in use.
   * Default: an eighth of its share of `state.memory`, 16 MiB at most.
   */
  readonly writeBufferSize?: Size
}

const CACHE_BYTES = 1_000_000_000
const BUFFER_SHARE = 1 / 8
const BUFFER_BYTES_MAX = 16 << 20
const BUFFER_BYTES_MIN = 64 << 10
/** The tables keep at least this share, whatever the options say. */
const TABLES_SHARE_MIN = 0.25
/** The store gives up each request much earlier, but an answer may take many of them. */
const SILENCE_MS_MAX = 30 * 60_000
const FOLDER = 'spill'

/**
 * Holds keyed state in memory as far as it fits and the rest in an object store, in segments that
 * are written once, merged now and then, and read by blocks through a cache on the local disk. What
 * leaves memory is encrypted under a key that is in memory only. Checkpoints are written from
 * memory and hold everything, as with every backend: the segments are thrown away with the attempt,
 * so state can be restored under any other backend.
 *
 * @throws `CONFIG_INVALID` for a size that is none.
 *
 * @example
 * const backend = objectStore({ location: 's3://cold-rows/jobs', cacheSize: '20 GB' })
 * export default job('profiles', { backend }, (env) => { … })
 */
export function objectStore(options: ObjectStoreOptions = {}): StateBackend {
  const cacheBytes = sizeOf(options.cacheSize, 'cacheSize') ?? CACHE_BYTES
  const bufferBytes = sizeOf(options.writeBufferSize, 'writeBufferSize')
  return Object.freeze<StateBackend>({
    name: 'object-store',
    create(context: BackendContext) {
      const { memoryBytes, keyGroups, scratch, attempt } = context
      const byDefault = Math.min(BUFFER_BYTES_MAX, Math.floor(memoryBytes * BUFFER_SHARE))
      const ownBytes = bufferBytes ?? Math.max(BUFFER_BYTES_MIN, byDefault)
      const rest = memoryBytes - 2 * ownBytes
      return new TableBackend('object-store', context, {
        memoryBytes: Math.max(rest, memoryBytes * TABLES_SHARE_MIN),
        open: (opening) => {
          const table: ObjectTableOptions = {
            location: placeOf(options.location, context),
            leaderEpoch: attempt?.leaderEpoch ?? 0,
            sweeps: keyGroups.start === 0 && opening === 1,
            cacheDirectory: join(scratch.directory, `object-store-${opening}`),
            cacheBytes,
            bufferBytes: ownBytes,
          }
          const silenceMsMax = SILENCE_MS_MAX
          return openHelped(context, {
            module: entryUrl(import.meta.url, 'open-table').href,
            options: table,
            silenceMsMax,
          })
        },
      })
    },
  })
}

/** A folder that is this job's alone. */
function placeOf(location: string | undefined, { attempt }: BackendContext): string {
  if (attempt === undefined) {
    if (location !== undefined) return location
    throw new MillraceError('CONFIG_INVALID', 'objectStore() is told no location', {
      cure: 'say where: objectStore({ location })',
    })
  }
  const { storage, jobName } = attempt
  if (location === undefined) return folderOf(storage, [FOLDER])
  // Jobs of one name with other checkpoints are other jobs.
  const own = hash('sha256', storage).slice(0, 12)
  return folderOf(location, [`${jobName}-${own}`])
}

function sizeOf(size: Size | undefined, option: string): number | undefined {
  if (size === undefined) return undefined
  const bytes = parseSizeBytes(size, option)
  if (bytes > 0) return bytes
  throw new MillraceError('CONFIG_INVALID', `${option} of objectStore() is ${bytes} bytes`)
}
