// Backends whose entries were sealed in their runs keep the contract of backends.
import { test } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { backendSuite } from '../../../src/testing/conformance/backend.ts'
import { LAZILY_OVER_STORE } from '../lazy/runs.ts'
import { sealedLookups, sealedStream, subjectOf } from './subjects.ts'

backendSuite({
  test,
  name: 'hashmap, sealed',
  choose: () => hashmap(),
  restoreOf: sealedStream,
  shredBy: subjectOf,
  evicts: false,
})

// What lies between runs and a store below is the same for all of them.
backendSuite({
  test,
  name: 'a store below, sealed and looked up',
  choose: () => rocksdb(),
  other: () => hashmap(),
  restoreOf: sealedLookups,
  context: LAZILY_OVER_STORE,
  shredBy: subjectOf,
  evicts: true,
})
