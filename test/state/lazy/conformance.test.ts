// Backends whose state is looked up in runs, and not loaded before it is asked for, keep the
// contract of backends.
import { test } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { backendSuite } from '../../../src/testing/conformance/backend.ts'
import { LAZILY, LAZILY_OVER_STORE, lookups } from './runs.ts'

backendSuite({
  test,
  name: 'hashmap, restored lazily',
  choose: () => hashmap(),
  restoreOf: lookups,
  context: () => LAZILY,
  evicts: false,
})

backendSuite({
  test,
  name: 'rocksdb over the store in memory, restored lazily',
  choose: () => rocksdb(),
  other: () => hashmap(),
  restoreOf: lookups,
  context: LAZILY_OVER_STORE,
  evicts: true,
})
