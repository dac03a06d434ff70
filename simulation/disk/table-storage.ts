/**
 * A store far away that keeps blobs in tables of Cassandra: the production store with its chunks
 * and its commit by transaction, over simulated nodes. Chunks are small here, so that nearly every
 * run has several of them.
 */
import { MillraceError } from '../../src/errors.ts'
import type { BlobStore, BlobWriter } from '../../src/storage/blob-store.ts'
import { parseCassandraPlace } from '../../src/storage/cassandra/place.ts'
import { cassandraStoreOver } from '../../src/storage/cassandra/store.ts'
import type { Scope } from '../scheduler.ts'
import { SimClock } from '../sim-clock.ts'
import { BlobTables } from '../tables/blob-tables.ts'
import { SimConnection } from '../tables/connection.ts'
import { Cluster } from '../tables/line.ts'
import { FarDirectory } from './far-storage.ts'
import type { MachineWorld } from './machine.ts'

const TIMEOUT_MS = 150
const RETRY_FOR_MS = 500
const SIZES = { chunkBytes: 400, smallBytesMax: 150, atOnceMax: 8 }

export class TableStorage {
  readonly #world: MachineWorld
  readonly #directories = new Map<string, FarDirectory>()
  readonly #cluster = new Cluster()
  readonly #tables: BlobTables
  #opened = 0

  constructor(world: MachineWorld) {
    this.#world = world
    const { scheduler } = world
    this.#tables = new BlobTables({
      appeared: (folder, name, bytes) => this.directory(folder).put(name, bytes, scheduler.nowMs),
      disappeared: (folder, name) => this.directory(folder).delete(name, scheduler.nowMs),
    })
  }

  directory(location: string): FarDirectory {
    const directory =
      this.#directories.get(location) ?? new FarDirectory(location, this.#world.keys)
    this.#directories.set(location, directory)
    return directory
  }

  /** A store as one process or worker sees it. */
  open(location: string, scope: Scope): BlobStore {
    const { scheduler, faults } = this.#world
    const random = this.#world.random.fork(`store ${this.#opened++}`)
    const { slowness } = scheduler.scale
    const limits = { timeoutMs: TIMEOUT_MS * slowness, retryForMs: RETRY_FOR_MS * slowness }
    const of = { scheduler, scope, faults, cluster: this.#cluster, tables: this.#tables }
    const connection = new SimConnection({ ...of, ...limits, random })
    const clock = new SimClock(scheduler, scope, random.fork('clock'))
    const place = { ...parseCassandraPlace('cassandra://sim/jobs'), ...limits }
    const world = { clock, random: random.fork('ids'), sizes: SIZES }
    const store = cassandraStoreOver(connection, { ...place, location, folder: location }, world)
    const create = store.create.bind(store)
    store.create = async (name) => {
      const isRun = scope.isWorker && name.startsWith('runs/')
      return failing(await create(name), () => isRun && faults.strikes('runError'))
    }
    return store
  }
}

/** A writer that cannot write to its end. */
function failing(writer: BlobWriter, fails: () => boolean): BlobWriter {
  const close = writer.close.bind(writer)
  writer.close = async () => {
    if (fails()) throw new MillraceError('STORAGE_FAILED', 'injected: a run cannot be written')
    await close()
  }
  return writer
}
