import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { LocalBlobStore } from '../../src/storage/local.ts'
import { MemoryBlobStore, type MemoryBlobs } from '../../src/storage/memory.ts'
import { blobStoreSuite } from '../../src/testing/conformance/blob-store.ts'
import { FaultyBlobStore } from '../../src/testing/faulty-store.ts'
import { SeededRandom } from '../../src/util/random.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-stores-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const memories = new Map<string, MemoryBlobs>()

function memory(place: string): MemoryBlobStore {
  const blobs = memories.get(place) ?? new Map()
  memories.set(place, blobs)
  return new MemoryBlobStore('memory:', blobs)
}

blobStoreSuite({ test, name: 'memory', open: memory })
blobStoreSuite({ test, name: 'local', open: (place) => new LocalBlobStore(join(folder, place)) })
blobStoreSuite({
  test,
  name: 'faulty without faults',
  open: (place) => new FaultyBlobStore(memory(`faulty-${place}`), { random: new SeededRandom(1) }),
})
