// RocksDB keeps the contract of backends, and so do the tables over its double.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { rocksdb, rocksdbIsAvailable } from '../../../src/state/rocksdb/index.ts'
import { LocalScratch } from '../../../src/storage/scratch-local.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { backendSuite } from '../../../src/testing/conformance/backend.ts'
import { openMemoryStore } from '../../../src/testing/memory-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-rocksdb-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let scratches = 0

backendSuite({
  test,
  name: 'rocksdb over the store in memory',
  choose: () => rocksdb(),
  other: () => hashmap(),
  context: () => ({ nativeStore: openMemoryStore, scratch: new MemoryScratch() }),
  evicts: true,
})

if (rocksdbIsAvailable()) {
  backendSuite({
    test,
    name: 'rocksdb',
    choose: () => rocksdb(),
    other: () => hashmap(),
    context: () => ({ scratch: new LocalScratch(join(folder, `scratch-${++scratches}`)) }),
    evicts: true,
  })
} else test('rocksdb has no code for this platform', { skip: true })
