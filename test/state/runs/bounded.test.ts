import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, zstdCompressSync } from 'node:zlib'
import type { Entry } from '../../../src/state/backend.ts'
import { mergeEntries } from '../../../src/state/runs/merge.ts'
import { CODEC_ZSTD, type BlockInfo } from '../../../src/state/runs/block-index.ts'
import { writeFooter } from '../../../src/state/runs/run-format.ts'
import { writeTrailer } from '../../../src/state/runs/run-trailer.ts'
import { RunReader } from '../../../src/state/runs/run-reader.ts'
import { RunWriter } from '../../../src/state/runs/run-writer.ts'
import type { RunReference } from '../../../src/state/snapshot.ts'
import type { BlobStore } from '../../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { METADATA, rowKey } from './entries.ts'

const ENTRIES = 200_000
const VALUE_BYTES = 200

/** Values that do not shrink, so that the file is some 40 MB. */
function* noise(offset: number): Generator<Entry> {
  const random = new SeededRandom(offset)
  const value = Buffer.alloc(VALUE_BYTES)
  for (let index = 0; index < ENTRIES; index++) {
    for (let at = 4; at < VALUE_BYTES; at += 4) value.writeUInt32LE(random.uint32(), at)
    yield { key: rowKey(1, index * 2 + offset), value }
  }
}

/** A store as near as a disk, which remembers the largest chunk and range it was asked for. */
function watched(inner: MemoryBlobStore): { store: BlobStore; largest: () => number } {
  let largest = 0
  const store: BlobStore = {
    location: inner.location,
    async create(name) {
      const writer = await inner.create(name)
      return {
        write(chunk) {
          largest = Math.max(largest, chunk.length)
          return writer.write(chunk)
        },
        close: () => writer.close(),
        abort: () => writer.abort(),
      }
    },
    putIfAbsent: (name, bytes) => inner.putIfAbsent(name, bytes),
    async read(name, offsetBytes, lengthBytes) {
      const bytes = await inner.read(name, offsetBytes, lengthBytes)
      largest = Math.max(largest, bytes.length)
      return bytes
    },
    readSync: inner.readSync.bind(inner),
    stat: (name) => inner.stat(name),
    list: (prefix) => inner.list(prefix),
    delete: (name) => inner.delete(name),
    close: () => inner.close(),
  }
  return { store, largest: () => largest }
}

test('runs of 200,000 entries are written, merged and read in small pieces', async () => {
  const { store, largest } = watched(new MemoryBlobStore())
  const references: RunReference[] = []
  for (const offset of [0, 1]) {
    const writer = await RunWriter.create(store, `run-${offset}`, METADATA)
    for (const entry of noise(offset)) {
      writer.add(entry)
      await writer.flushIfFull()
    }
    references.push(await writer.close())
  }
  assert.ok(references.every((reference) => reference.lengthBytes > ENTRIES * VALUE_BYTES))
  const streams = []
  for (const reference of references) streams.push((await RunReader.open(store, reference)).scan())
  let entries = 0
  let batchMax = 0
  for await (const batch of mergeEntries(streams, { dropTombstones: true }).batches()) {
    entries += batch.length
    batchMax = Math.max(batchMax, batch.length)
  }
  assert.equal(entries, 2 * ENTRIES)
  assert.ok(batchMax <= 512)
  assert.ok(largest() <= (1 << 20) + (1 << 16), `${largest()} bytes at once`)
})

/** A run whose frame is sound and whose only block is described as `info` says. */
async function forged(stored: Uint8Array, info: Partial<BlockInfo>) {
  const store = new MemoryBlobStore()
  const file = new ByteWriter()
  file.raw(stored)
  const footer = new ByteWriter()
  const block: BlockInfo = {
    firstKey: rowKey(1, 1),
    offsetBytes: 0,
    storedBytes: stored.length,
    rawBytes: 1 << 20,
    codec: CODEC_ZSTD,
    entries: 1,
    keyBytes: 16,
    checksum: crc32(stored),
    ...info,
  }
  const { entries } = block
  writeFooter(footer, {
    metadata: METADATA,
    entries,
    lastKey: rowKey(1, 1),
    blocks: [block],
    filters: [],
    rangeTombstones: [],
  })
  file.raw(footer.view())
  const footerChecksum = writeTrailer(file, stored.length, footer.view())
  await store.putIfAbsent('forged', file.copy())
  const { keyGroups } = METADATA
  return {
    store,
    reference: { name: 'forged', lengthBytes: file.length, footerChecksum, entries, keyGroups },
  }
}

async function readForged(stored: Uint8Array, info: Partial<BlockInfo>): Promise<void> {
  const { store, reference } = await forged(stored, info)
  const reader = await RunReader.open(store, reference)
  await reader.verify()
}

test('a block that unfolds into more than it says is refused before it does', async () => {
  const bomb = zstdCompressSync(Buffer.alloc(64 << 20))
  const refused = { code: 'STORAGE_CORRUPT' }
  await assert.rejects(readForged(bomb, {}), refused)
  await assert.rejects(readForged(bomb, { rawBytes: 2 ** 40 }), refused)
  await assert.rejects(readForged(bomb, { keyBytes: 2 ** 40 }), refused)
  await assert.rejects(readForged(bomb, { storedBytes: 2 ** 40 }), refused)
  await assert.rejects(readForged(bomb, { codec: 7 }), refused)
})

test('keys that repeat one another without end are refused', async () => {
  const raw = new ByteWriter()
  const first = Buffer.alloc(1 << 19, 7)
  for (const field of [0, first.length, 1]) raw.varuint(field)
  raw.raw(first)
  raw.uint8(0)
  for (let index = 0; index < 1000; index++) {
    for (const field of [first.length, 0, 1]) raw.varuint(field)
    raw.uint8(0)
  }
  const stored = zstdCompressSync(raw.view())
  const info = { rawBytes: raw.length, entries: 1001, firstKey: first }
  const refused = { code: 'STORAGE_CORRUPT' }
  await assert.rejects(readForged(stored, { ...info, keyBytes: first.length * 1001 }), refused)
  await assert.rejects(readForged(stored, { ...info, keyBytes: first.length * 3 }), refused)
})

test('a footer that counts more than it holds is refused', async () => {
  const raw = Buffer.concat([Buffer.from([0, 16, 1]), rowKey(1, 1), Buffer.from([0])])
  const info = { rawBytes: raw.length, codec: 0, keyBytes: rowKey(1, 1).length }
  const block = Buffer.from(raw).fill(rowKey(1, 1).length, 1, 2)
  await readForged(block, { ...info, entries: 1 })
  await assert.rejects(readForged(block, { ...info, entries: 2 }), { code: 'STORAGE_CORRUPT' })
  await assert.rejects(readForged(block, { ...info, keyBytes: 3 }), { code: 'STORAGE_CORRUPT' })
})
