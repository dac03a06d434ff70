/** A table in segments over stores and disks that a test makes worse than they are. */
import { Buffer } from 'node:buffer'
import { BlockCache } from '../../../src/state/object-store/block-cache.ts'
import { KEY_BYTES, SealedBlocks } from '../../../src/state/object-store/sealed-blocks.ts'
import { type SegmentSizes, SegmentStore } from '../../../src/state/object-store/segment-store.ts'
import { ObjectTable } from '../../../src/state/object-store/table.ts'
import type { BlobStore } from '../../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import type { Scratch } from '../../../src/storage/scratch.ts'
import { systemClock } from '../../../src/util/clock.ts'

const SMALL: SegmentSizes = { blockBytes: 150, segmentBytes: 700 }

export interface Opened {
  readonly table: ObjectTable
  readonly blobs: MemoryBlobStore
  readonly scratch: MemoryScratch
}

export interface OpenOptions {
  readonly store?: (inner: BlobStore) => BlobStore
  readonly disk?: (inner: Scratch) => Scratch
  readonly cacheBytes?: number
  readonly bufferBytes?: number
  readonly sizes?: SegmentSizes
}

export function openTable(options: OpenOptions = {}): Opened {
  const { store, disk, cacheBytes = 4_000, bufferBytes = 3_000, sizes = SMALL } = options
  const [blobs, scratch] = [new MemoryBlobStore(), new MemoryScratch()]
  const cache = new BlockCache(disk?.(scratch) ?? scratch, cacheBytes)
  const segments = new SegmentStore({
    store: store?.(blobs) ?? blobs,
    folder: '000000000001/a',
    cache,
    blocks: new SealedBlocks(new Uint8Array(KEY_BYTES)),
    clock: systemClock,
    sizes,
  })
  return { table: new ObjectTable(segments, bufferBytes, () => blobs.close()), blobs, scratch }
}

/** A store that does some things in its own way. */
export function storeWith(inner: BlobStore, own: Partial<BlobStore>): BlobStore {
  return {
    location: inner.location,
    create: (name) => inner.create(name),
    putIfAbsent: (name, bytes) => inner.putIfAbsent(name, bytes),
    read: (name, offsetBytes, lengthBytes) => inner.read(name, offsetBytes, lengthBytes),
    stat: (name) => inner.stat(name),
    list: (prefix) => inner.list(prefix),
    delete: (name) => inner.delete(name),
    close: () => inner.close(),
    ...own,
  }
}

/** A disk whose files do some things in their own way. */
export function diskWith(
  inner: Scratch,
  read: (bytes: Uint8Array) => Uint8Array,
  append: () => void = () => undefined,
): Scratch {
  return {
    directory: inner.directory,
    create(name) {
      const file = inner.create(name)
      return {
        get lengthBytes() {
          return file.lengthBytes
        },
        append(bytes) {
          append()
          file.append(bytes)
        },
        read: (offsetBytes, lengthBytes) => read(file.read(offsetBytes, lengthBytes)),
        delete: () => file.delete(),
      }
    },
    close: () => inner.close(),
  }
}

/** Of a key group, an operator and a section that is not that of rows. */
export function plainKey(text: string): Buffer {
  return Buffer.from(`\0\x01\0\x02\x01${text}`, 'latin1')
}
