/**
 * From what a user writes as checkpoint storage to the store: `file:` URLs, plain paths, buckets,
 * HDFS, HBase, Cassandra, and `memory:` with a name, which all who open it in this thread share.
 */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillraceError } from '../errors.ts'
import type { BlobStore } from './blob-store.ts'
import { LocalBlobStore, type LocalBlobStoreOptions } from './local.ts'
import { MemoryBlobStore, type MemoryBlobs } from './memory.ts'
import { openS3Store } from './s3/store.ts'

/** What the schemes mean; shown when another one is given. */
const SCHEMES = 'file:, s3:, hdfs:, webhdfs:, hbase:, cassandra:, memory: or a plain path'

/** Contents of the `memory:` stores of this thread, by location. */
const memories = new Map<string, MemoryBlobs>()

/**
 * Opens the store at `location`. Nothing is created before the first blob is. `options` are for
 * stores of files.
 * Throws `STORAGE_URL_UNKNOWN` for a scheme that there is no store for, `PACKAGE_UNAVAILABLE` for
 * one whose package is not installed.
 *
 * @example
 * const store = await openBlobStore('file:///var/lib/orders/checkpoints')
 */
export async function openBlobStore(
  location: string,
  options: LocalBlobStoreOptions = {},
): Promise<BlobStore> {
  // One letter and a colon is a drive of Windows.
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined && location !== '') return new LocalBlobStore(location, options)
  if (scheme === 'file') return new LocalBlobStore(filePath(location), options, location)
  if (scheme !== undefined && /^(hdfs|s?webhdfs)$/.test(scheme)) {
    // The HTTP of Node takes its time to load, which others need not wait for.
    const { openHdfsStore } = await import('./hdfs/store.ts')
    return await openHdfsStore(location)
  }
  if (scheme === 'hbase') {
    const { openHBaseStore } = await import('./hbase/store.ts')
    return openHBaseStore(location)
  }
  if (scheme === 'cassandra') {
    const { openCassandraStore } = await import('./cassandra/store.ts')
    return openCassandraStore(location)
  }
  if (scheme === 's3') return openS3Store(location)
  if (scheme === 'memory') {
    const blobs: MemoryBlobs = memories.get(location) ?? new Map()
    memories.set(location, blobs)
    return new MemoryBlobStore(location, blobs)
  }
  const shown = scheme === undefined ? 'an empty location' : `the scheme ${scheme}:`
  throw new MillraceError('STORAGE_URL_UNKNOWN', `there is no storage for ${shown}`, {
    cure: `use ${SCHEMES}`,
    details: { scheme },
  })
}

/** True if what is there is on the disks of this machine, as far as its name tells. */
export function isLocalDisk(location: string): boolean {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(location)?.[1]?.toLowerCase()
  return scheme === undefined || scheme === 'file'
}

/** The same place, said so that it is found from any working directory. */
export function absoluteLocation(location: string): string {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined) return resolve(location)
  return scheme === 'file' ? resolve(filePath(location)) : location
}

/** A folder in that place: the options of a URL stay at its end. */
export function folderOf(location: string, names: readonly string[]): string {
  const [place = '', ...options] = isLocalDisk(location) ? [location] : location.split('?')
  return [[place.replace(/\/+$/, ''), ...names].join('/'), ...options].join('?')
}

/** `file:///absolute` as the standard says; `file:relative` from the working directory. */
function filePath(location: string): string {
  const rest = location.slice('file:'.length)
  if (rest === '') throw new MillraceError('STORAGE_URL_UNKNOWN', `${location} names no folder`)
  try {
    return rest.startsWith('//') ? fileURLToPath(location) : decodeURIComponent(rest)
  } catch (cause) {
    throw new MillraceError('STORAGE_URL_UNKNOWN', `${location} is not the URL of a local folder`, {
      cause,
      cure: 'write it with three slashes: file:///path',
    })
  }
}
