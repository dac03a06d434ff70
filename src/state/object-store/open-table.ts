/**
 * Opens the rows of one subtask and attempt on a blob store. Blobs are called
 * `epoch/scope/number`: what belongs to leaderships before this one is of nobody any more, and the
 * first subtask deletes it. Blobs that are called otherwise are not touched.
 */
import { unsyncedFiles } from '../../storage/local-files.ts'
import { openBlobStore } from '../../storage/open.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { eachOf } from '../../storage/remote/each.ts'
import { LocalScratch } from '../../storage/scratch-local.ts'
import type { OpenRemoteTable } from '../remote/remote-table.ts'
import { BlockCache } from './block-cache.ts'
import { type SegmentSizes, SegmentStore } from './segment-store.ts'
import { ObjectTable } from './table.ts'

export interface ObjectTableOptions {
  readonly location: string
  /** Of the leadership that the attempt is under. */
  readonly leaderEpoch: number
  /** Whether it deletes what earlier leaderships have left. */
  readonly sweeps: boolean
  /** A folder of its own. */
  readonly cacheDirectory: string
  readonly cacheBytes: number
  readonly bufferBytes: number
  /** Of blocks and segments; small ones in tests. */
  readonly sizes?: SegmentSizes
}

const EPOCH_DIGITS = 12
const NAME = /^(\d{12})\/[0-9a-z-]+\/\d+$/
const DELETES_AT_ONCE = 8

const openTable: OpenRemoteTable<ObjectTableOptions> = async (options, scope) => {
  const { location, leaderEpoch, cacheDirectory, cacheBytes, bufferBytes, sweeps } = options
  const store = await openBlobStore(location, { files: unsyncedFiles })
  const scratch = new LocalScratch(cacheDirectory)
  const folder = `${String(leaderEpoch).padStart(EPOCH_DIGITS, '0')}/${scope}`
  const cache = new BlockCache(scratch, cacheBytes)
  const segments = new SegmentStore(store, folder, cache, options.sizes)
  // That it fails is no harm: the next start does it.
  if (sweeps) void sweep(store, leaderEpoch).catch(() => undefined)
  return new ObjectTable(segments, bufferBytes, async () => {
    scratch.close()
    await store.close()
  })
}

export default openTable

async function sweep(store: BlobStore, leaderEpoch: number): Promise<void> {
  const names = (await store.list('')).map(({ name }) => name)
  const left = names.filter((name) => Number(NAME.exec(name)?.[1] ?? leaderEpoch) < leaderEpoch)
  await eachOf(left, DELETES_AT_ONCE, (name) => store.delete(name))
}
