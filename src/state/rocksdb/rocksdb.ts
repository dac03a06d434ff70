/** State beyond memory: the tables of every backend as a write-back cache over RocksDB. */
import { join } from 'node:path'
import { MillraceError } from '../../errors.ts'
import { parseSizeBytes, type Size } from '../../util/duration.ts'
import type { BackendContext, StateBackend } from '../backend.ts'
import { TableBackend } from '../table/table-backend.ts'
import { openRocksDb } from './binding.ts'

export interface RocksDbOptions {
  /** Memory for blocks that were read from disk. Default: a quarter of the backend's share. */
  readonly blockCache?: Size
  /** Memory for what is not on disk yet. Default: a quarter of the backend's share. */
  readonly writeBufferSize?: Size
}

const DEFAULT_SHARE = 0.25
const DEFAULT_BYTES_MAX = 256 << 20
const DEFAULT_BYTES_MIN = 64 << 10
/** The tables keep at least this share, whatever the options say. */
const TABLES_SHARE_MIN = 0.25

/**
 * Holds keyed state in memory as far as it fits and the rest in RocksDB. The local database is
 * thrown away with the attempt; checkpoints are written from memory. Needs the package
 * `@nxtedition/rocksdb`; without it opening fails with `BACKEND_UNAVAILABLE`.
 *
 * @example
 * export default job('sessions', { backend: rocksdb({ blockCache: '64 MB' }) }, (env) => { … })
 */
export function rocksdb(options: RocksDbOptions = {}): StateBackend {
  const blockCache = sizeOf(options.blockCache, 'blockCache')
  const writeBuffer = sizeOf(options.writeBufferSize, 'writeBufferSize')
  return Object.freeze<StateBackend>({
    name: 'rocksdb',
    keepsPlainState: true,
    create(context: BackendContext) {
      const { memoryBytes, scratch } = context
      const byDefault = Math.min(
        DEFAULT_BYTES_MAX,
        Math.max(DEFAULT_BYTES_MIN, Math.floor(memoryBytes * DEFAULT_SHARE)),
      )
      const blockCacheBytes = blockCache ?? byDefault
      const writeBufferBytes = writeBuffer ?? byDefault
      const rest = memoryBytes - blockCacheBytes - writeBufferBytes
      const open = context.nativeStore ?? openRocksDb
      return new TableBackend('rocksdb', context, {
        memoryBytes: Math.max(rest, memoryBytes * TABLES_SHARE_MIN),
        open: (attempt) => {
          const directory = join(scratch.directory, `rocksdb-${attempt}`)
          return open({ directory, blockCacheBytes, writeBufferBytes })
        },
      })
    },
  })
}

function sizeOf(size: Size | undefined, option: string): number | undefined {
  if (size === undefined) return undefined
  const bytes = parseSizeBytes(size, option)
  if (bytes > 0) return bytes
  throw new MillraceError('CONFIG_INVALID', `${option} of rocksdb() is ${bytes} bytes`)
}
