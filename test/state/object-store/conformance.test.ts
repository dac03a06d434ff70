// The tables over an object store keep the contract of backends.
import { test } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { objectStore } from '../../../src/state/object-store/index.ts'
import { LocalScratch } from '../../../src/storage/scratch-local.ts'
import { backendSuite } from '../../../src/testing/conformance/backend.ts'
import { newPlace } from './open.ts'

backendSuite({
  test,
  name: 'objectStore()',
  choose: () => objectStore({ location: newPlace(), writeBufferSize: '4 KB', cacheSize: '64 KB' }),
  other: () => hashmap(),
  context: () => ({ scratch: new LocalScratch(newPlace()) }),
  evicts: true,
})
