// RocksDB, a remote store behind its helper thread, and the double for both.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openRocksDb, rocksdbIsAvailable } from '../../src/state/rocksdb/binding.ts'
import { openMemoryStore } from '../../src/testing/memory-store.ts'
import { coldStoreSuite } from './cold-store-suite.ts'
import { openObjects } from './object-store/open.ts'
import { openRemote } from './remote/open.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-cold-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let stores = 0
const options = () => ({
  directory: join(folder, `db-${++stores}`),
  blockCacheBytes: 1 << 20,
  writeBufferBytes: 1 << 20,
})

coldStoreSuite({
  name: 'RocksDB',
  skip: !rocksdbIsAvailable(),
  open: () => openRocksDb(options()),
})
coldStoreSuite({ name: 'the store in memory', open: openMemoryStore })
coldStoreSuite({ name: 'a remote store, its table in memory', open: () => openRemote({}) })
coldStoreSuite({ name: 'an object store in a folder', open: () => openObjects() })
coldStoreSuite({
  name: 'an object store in memory, without a cache',
  open: () => openObjects({ location: 'memory:', cacheBytes: 0 }),
})
