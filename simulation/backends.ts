/** The state backends that simulated jobs change between, the native one over its double. */
import { hashmap } from '../src/state/hashmap/index.ts'
import { rocksdb } from '../src/state/rocksdb/index.ts'
import { MemoryStore } from '../src/testing/memory-store.ts'
import { cramped } from './cramped.ts'
import type { SeedOptions } from './seed.ts'

export const simulatedBackends: Pick<SeedOptions, 'backends' | 'nativeStore'> = {
  backends: [
    (random, needs) => cramped(hashmap(), random, needs),
    (random, needs) => cramped(rocksdb(), random, needs),
  ],
  nativeStore: async () => new MemoryStore(),
}
