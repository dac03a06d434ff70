/**
 * The servers that state may lie on, and how the production code opens its tables there: with the
 * options that the backend gives, over simulated lines, in virtual time.
 */
import { openCassandraTable } from '../../src/state/cassandra/table.ts'
import { openHBaseTable } from '../../src/state/hbase/table.ts'
import {
  openObjectTable,
  type ObjectTableOptions,
} from '../../src/state/object-store/open-table.ts'
import { KEY_BYTES } from '../../src/state/object-store/sealed-blocks.ts'
import type { RemoteTable } from '../../src/state/remote/remote-table.ts'
import { parseCassandraPlace } from '../../src/storage/cassandra/place.ts'
import { parseHBasePlace } from '../../src/storage/hbase/place.ts'
import { parseS3Place } from '../../src/storage/s3/place.ts'
import { s3StoreOver } from '../../src/storage/s3/store.ts'
import type { Random } from '../../src/util/random.ts'
import type { Scheduler } from '../scheduler.ts'
import { SimClock } from '../sim-clock.ts'
import { Bucket, SimBucketConnection } from './bucket.ts'
import { CacheDisk } from './cache-disk.ts'
import { SimConnection } from './connection.ts'
import type { Opening } from './helper-messages.ts'
import { Cluster, type ServerFaults } from './line.ts'
import { Region } from './region.ts'
import { SimRestLine } from './rest-line.ts'
import { StateTables } from './state-tables.ts'

/** A block has a few rows, a segment some blocks. */
const BLOCK_BYTES_MIN = 40
const BLOCK_BYTES_MORE = 300
const BLOCKS_MORE = 4

/** Who asks, in the world of one store. */
export interface End {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly faults: ServerFaults
}

/** The servers of one world: they outlive whoever has asked them. */
export class Servers {
  readonly #nodes = { cluster: new Cluster(), tables: new StateTables() }
  readonly #buckets = { cluster: new Cluster(), bucket: new Bucket() }
  readonly #regions = { cluster: new Cluster(), region: new Region() }

  /** What opens the table that a backend has asked for. */
  opener({ module, options, scope }: Opening, end: End): () => Promise<RemoteTable> {
    const kind = /state\/([a-z-]+)\/[a-z-]+\.ts$/.exec(module)?.[1] ?? ''
    switch (kind) {
      case 'cassandra':
        // As `cassandra()` gives them; and so with the others.
        return this.#nodesOf((options as { readonly url: string }).url, scope, end)
      case 'object-store':
        return this.#bucketOf(options as ObjectTableOptions, scope, end)
      case 'hbase':
        return this.#regionOf((options as { readonly url: string }).url, scope, end)
      default:
        throw new Error(`nobody simulates the server of ${module}`)
    }
  }

  #nodesOf(url: string, scope: string, end: End): () => Promise<RemoteTable> {
    const { scheduler, random } = end
    const place = parseCassandraPlace(url)
    const { timeoutMs, retryForMs } = place
    const limits = { scope: scheduler.world, timeoutMs, retryForMs }
    const connection = new SimConnection({ ...end, ...limits, ...this.#nodes })
    const clock = new SimClock(scheduler, scheduler.world, random.fork('clock'))
    const world = { clock, random: random.fork('retries'), connection }
    return () => openCassandraTable(place, scope, world)
  }

  #regionOf(url: string, scope: string, end: End): () => Promise<RemoteTable> {
    const { scheduler, random } = end
    const place = parseHBasePlace(url)
    const { timeoutMs, retryForMs } = place
    const limits = { scope: scheduler.world, timeoutMs, retryForMs }
    const http = new SimRestLine({ ...end, ...limits, ...this.#regions })
    const clock = new SimClock(scheduler, scheduler.world, random.fork('clock'))
    const world = { clock, random: random.fork('retries'), http }
    return () => openHBaseTable(place, scope, world)
  }

  #bucketOf(given: ObjectTableOptions, scope: string, end: End): () => Promise<RemoteTable> {
    const { scheduler, random, faults } = end
    const place = parseS3Place(given.location, {})
    const { timeoutMs, retryForMs } = place
    const limits = { scope: scheduler.world, timeoutMs, retryForMs }
    const connection = new SimBucketConnection({ ...end, ...limits, ...this.#buckets })
    const clock = new SimClock(scheduler, scheduler.world, random.fork('clock'))
    const store = s3StoreOver(connection, place, { clock, random: random.fork('retries') })
    const scratch = new CacheDisk(faults, random.fork('cache'))
    const key = Uint8Array.from({ length: KEY_BYTES }, () => random.int(256))
    const sizes = random.fork('sizes')
    const blockBytes = BLOCK_BYTES_MIN + sizes.int(BLOCK_BYTES_MORE)
    const segmentBytes = blockBytes * (1 + sizes.int(BLOCKS_MORE))
    const options = { ...given, sizes: { blockBytes, segmentBytes } }
    return async () => openObjectTable(options, scope, { clock, store, scratch, key })
  }
}
