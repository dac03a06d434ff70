/** The state backends that simulated jobs change between, the native one over its double,
 * the remote one over simulated nodes. */
import { cassandra } from '../src/state/cassandra/index.ts'
import { hashmap } from '../src/state/hashmap/index.ts'
import { rocksdb } from '../src/state/rocksdb/index.ts'
import { MemoryStore } from '../src/testing/memory-store.ts'
import { cramped } from './cramped.ts'
import type { SeedOptions } from './seed.ts'

/** Requests take less than a millisecond, and are given up soon. */
const TABLE_URL = 'cassandra://sim/jobs/state?timeout=200ms&retry-for=600ms'

export const simulatedBackends: Pick<SeedOptions, 'backends' | 'nativeStore' | 'remote'> = {
  backends: [
    (random, needs) => cramped(hashmap(), random, needs),
    (random, needs) => cramped(rocksdb(), random, needs),
  ],
  nativeStore: async () => new MemoryStore(),
  remote: (random, needs) => cramped(cassandra(TABLE_URL), random, needs),
}
