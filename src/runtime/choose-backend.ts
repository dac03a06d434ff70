/**
 * The backend of a worker: the one the job brings along if the options name it, else one of the
 * built-in ones by name. RocksDB is loaded only when it is chosen.
 */
import type { WorkerSettings } from '../checkpoint/settings.ts'
import { MillraceError } from '../errors.ts'
import type { StateBackend } from '../state/backend.ts'
import { hashmap } from '../state/hashmap/index.ts'

/**
 * Begun while the master takes the lead, for loading RocksDB takes a while: a failure is told to
 * who awaits the choice, however much later.
 */
export function chooseBackend(...of: Parameters<typeof choose>): Promise<StateBackend> {
  const choice = choose(...of)
  choice.catch(() => undefined)
  return choice
}

async function choose(
  settings: WorkerSettings,
  ofJob: StateBackend | string | undefined,
): Promise<StateBackend> {
  const isEncrypted = settings.encryptionKeys !== undefined
  if (isEncrypted && settings.backend === 'rocksdb') throw keepsPlainState('rocksdb')
  if (typeof ofJob === 'object' && ofJob.name === settings.backend) {
    if (isEncrypted && ofJob.keepsPlainState === true) throw keepsPlainState(ofJob.name)
    return ofJob
  }
  const options = {
    ...(settings.blockCacheBytes === undefined ? {} : { blockCache: settings.blockCacheBytes }),
    ...(settings.writeBufferBytes === undefined
      ? {}
      : { writeBufferSize: settings.writeBufferBytes }),
  }
  if (settings.backend === 'hashmap') return hashmap()
  if (isEncrypted && settings.backend === 'auto') return hashmap()
  const { rocksdb, rocksdbIsAvailable } = await import('../state/rocksdb/index.ts')
  // Asked in any case: that loads its native code, before it is needed.
  const isAvailable = rocksdbIsAvailable()
  switch (settings.backend) {
    case 'rocksdb':
      return rocksdb(options)
    case 'auto':
      return isAvailable ? rocksdb(options) : hashmap()
    default:
      throw new MillraceError('CONFIG_INVALID', `there is no backend "${settings.backend}"`, {
        cure: 'use hashmap, rocksdb, or a backend object in the options of the job',
      })
  }
}

/** What such a backend writes goes past all that encrypts. */
function keepsPlainState(name: string): MillraceError {
  const where = name === 'rocksdb' ? 'on the local disk' : 'on its server'
  const message = `${name} keeps state ${where} as it is, and encryption.keys forbids that`
  return new MillraceError('ENCRYPTION_UNSUPPORTED', message, {
    cure: 'use hashmap(), which keeps it in memory, or leave out encryption.keys',
  })
}
