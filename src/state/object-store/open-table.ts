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
import type { Scratch } from '../../storage/scratch.ts'
import { type Clock, systemClock } from '../../util/clock.ts'
import { systemEntropy } from '../../util/random.ts'
import type { OpenRemoteTable, RemoteTable } from '../remote/remote-table.ts'
import { BlockCache } from './block-cache.ts'
import { KEY_BYTES, SealedBlocks } from './sealed-blocks.ts'
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

/** What the table reaches the world by. */
export interface ObjectTableWorld {
  readonly clock: Clock
  readonly store: BlobStore
  /** Where blocks are cached. */
  readonly scratch: Scratch
  /** What blocks are sealed with; of nobody else. */
  readonly key: Uint8Array
}

const openTable: OpenRemoteTable<ObjectTableOptions> = async (options, scope) => {
  const store = await openBlobStore(options.location, { files: unsyncedFiles })
  const scratch = new LocalScratch(options.cacheDirectory)
  const key = systemEntropy(KEY_BYTES)
  return openObjectTable(options, scope, { clock: systemClock, store, scratch, key })
}

export default openTable

export function openObjectTable(
  options: ObjectTableOptions,
  scope: string,
  { clock, store, scratch, key }: ObjectTableWorld,
): RemoteTable {
  const { leaderEpoch, cacheBytes, bufferBytes, sweeps, sizes } = options
  const folder = `${String(leaderEpoch).padStart(EPOCH_DIGITS, '0')}/${scope}`
  const cache = new BlockCache(scratch, cacheBytes)
  const blocks = new SealedBlocks(key)
  const segments = new SegmentStore({ store, folder, cache, blocks, clock, sizes })
  // That it fails is no harm: the next start does it.
  if (sweeps) void sweep(store, leaderEpoch).catch(() => undefined)
  return new ObjectTable(segments, bufferBytes, async () => {
    scratch.close()
    await store.close()
  })
}

async function sweep(store: BlobStore, leaderEpoch: number): Promise<void> {
  const names = (await store.list('')).map(({ name }) => name)
  const left = names.filter((name) => Number(NAME.exec(name)?.[1] ?? leaderEpoch) < leaderEpoch)
  await eachOf(left, DELETES_AT_ONCE, (name) => store.delete(name))
}
