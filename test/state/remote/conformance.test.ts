// The tables over a remote store keep the contract of backends.
import { test } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { remoteBackend } from '../../../src/state/remote/remote-backend.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { backendSuite } from '../../../src/testing/conformance/backend.ts'
import { MODULE } from './open.ts'

backendSuite({
  test,
  name: 'a remote table in memory',
  choose: () =>
    remoteBackend({ name: 'remote', module: MODULE, options: {}, silenceMsMax: 10_000 }),
  other: () => hashmap(),
  context: () => ({ scratch: new MemoryScratch() }),
  evicts: true,
})
