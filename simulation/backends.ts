/** The state backends that simulated jobs change between, the native one over its double,
 * the remote one over simulated nodes. */
import { cassandra } from '../src/state/cassandra/index.ts'
import { hashmap } from '../src/state/hashmap/index.ts'
import { rocksdb } from '../src/state/rocksdb/index.ts'
import { MemoryStore } from '../src/testing/memory-store.ts'
import { cramped } from './cramped.ts'
import type { SeedOptions } from './seed.ts'

/** Requests take less than a millisecond, and are given up soon. */
const TABLE_URL = 'cassandra://sim/jobs/state?timeout=200ms'
/** In one of so many starts hardly any request is repeated: then a write alone may fail. */
const GIVES_UP_OF = 3

export const simulatedBackends: Pick<SeedOptions, 'backends' | 'nativeStore' | 'remote'> = {
  backends: [
    (random, needs) => cramped(hashmap(), random, needs),
    (random, needs) => cramped(rocksdb(), random, needs),
  ],
  nativeStore: async () => new MemoryStore(),
  remote: (random, needs) => {
    const givesUp = random.fork('gives up').int(GIVES_UP_OF) === 0
    const url = `${TABLE_URL}&retry-for=${givesUp ? '60ms' : '600ms'}`
    return cramped(cassandra(url), random, needs)
  },
}
