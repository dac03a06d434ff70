/** The state backends that simulated jobs change between, the native one over its double,
 * the remote ones over simulated servers. */
import { cassandra } from '../src/state/cassandra/index.ts'
import { hashmap } from '../src/state/hashmap/index.ts'
import { hbase } from '../src/state/hbase/index.ts'
import { objectStore } from '../src/state/object-store/index.ts'
import { rocksdb } from '../src/state/rocksdb/index.ts'
import { MemoryStore } from '../src/testing/memory-store.ts'
import type { Random } from '../src/util/random.ts'
import { cramped } from './cramped.ts'
import type { SeedOptions } from './seed.ts'
import type { BackendNeeds } from './theme.ts'

/** Requests take less than a millisecond, and are given up soon. */
const LIMITS = 'timeout=200ms'
const TABLE_URL = `cassandra://sim/jobs/state?${LIMITS}`
const REGION_URL = `hbase://sim/jobs/state?${LIMITS}`
const BUCKET_URL = `s3://sim-bucket/state?${LIMITS}`
/** In one of so many starts hardly any request is repeated: then a write alone may fail. */
const GIVES_UP_OF = 3
/** In one of so many starts with segments or with HBase there may be room in memory for all. */
const ROOM_OF = 4
/** Of starts with a store below memory. */
const TABLES_OF = 6
const BUCKETS_OF = 8
const REGIONS_OF = 8
/** A few rows are gathered before they are put, and the cache has room for a few blocks. */
const BUFFER_BYTES_MIN = 50
const BUFFER_BYTES_MORE = 1_000
const CACHE_BYTES_MIN = 200
const CACHE_BYTES_MORE = 8_000

export const simulatedBackends: Pick<SeedOptions, 'backends' | 'nativeStore' | 'remotes'> = {
  backends: [
    (random, needs) => cramped(hashmap(), random, needs),
    (random, needs) => cramped(rocksdb(), random, needs),
  ],
  nativeStore: async () => new MemoryStore(),
  remotes: [
    {
      name: 'remote',
      of: TABLES_OF,
      make: (random, needs) => {
        return cramped(cassandra(`${TABLE_URL}&${retriesOf(random)}`), random, needs)
      },
    },
    {
      name: 'bucket',
      of: BUCKETS_OF,
      make: (random, needs) => {
        const sizes = random.fork('sizes of segments')
        const backend = objectStore({
          location: `${BUCKET_URL}&${retriesOf(random)}`,
          writeBufferSize: BUFFER_BYTES_MIN + sizes.int(BUFFER_BYTES_MORE),
          cacheSize: CACHE_BYTES_MIN + sizes.int(CACHE_BYTES_MORE),
        })
        return cramped(backend, random, withoutRoom(random, needs))
      },
    },
    {
      name: 'regions',
      of: REGIONS_OF,
      make: (random, needs) => {
        const backend = hbase(`${REGION_URL}&${retriesOf(random)}`)
        return cramped(backend, random, withoutRoom(random, needs))
      },
    },
  ],
}

/** What has room in memory asks no server: of these backends most have none. */
function withoutRoom(random: Random, needs: BackendNeeds = {}): BackendNeeds {
  if (random.fork('room').int(ROOM_OF) === 0) return needs
  return { ...needs, growsOften: true, hasNoRoom: true }
}

function retriesOf(random: Random): string {
  const givesUp = random.fork('gives up').int(GIVES_UP_OF) === 0
  return `retry-for=${givesUp ? '60ms' : '600ms'}`
}
