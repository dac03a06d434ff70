/**
 * A store far away that keeps blobs in tables, of Cassandra or of HBase: the production store with
 * its chunks and its way to give names, over simulated servers. Chunks are small here, so that
 * nearly every run has several of them.
 */
import { MillraceError } from '../../src/errors.ts'
import type { BlobStore, BlobWriter } from '../../src/storage/blob-store.ts'
import { parseCassandraPlace } from '../../src/storage/cassandra/place.ts'
import { cassandraStoreOver } from '../../src/storage/cassandra/store.ts'
import { parseHBasePlace } from '../../src/storage/hbase/place.ts'
import { hbaseStoreOver } from '../../src/storage/hbase/store.ts'
import type { Scope } from '../scheduler.ts'
import { SimClock } from '../sim-clock.ts'
import { type BlobWatch, BlobTables } from '../tables/blob-tables.ts'
import { SimConnection } from '../tables/connection.ts'
import { Cluster, type LineWorld } from '../tables/line.ts'
import { RegionBlobs } from '../tables/region-blobs.ts'
import { SimRestLine } from '../tables/rest-line.ts'
import { FarDirectory } from './far-storage.ts'
import type { MachineWorld } from './machine.ts'

const TIMEOUT_MS = 150
const RETRY_FOR_MS = 500
const SIZES = { chunkBytes: 400, smallBytesMax: 150, atOnceMax: 8 }

/** Servers of one kind, and how a store on them is opened. */
type Open = (location: string, world: LineWorld) => BlobStore

export class TableStorage {
  readonly #world: MachineWorld
  readonly #directories = new Map<string, FarDirectory>()
  readonly #cluster = new Cluster()
  readonly #open: Open
  #opened = 0

  constructor(world: MachineWorld, kind: 'cassandra' | 'hbase') {
    this.#world = world
    const { scheduler } = world
    const watch: BlobWatch = {
      appeared: (folder, name, bytes) => this.directory(folder).put(name, bytes, scheduler.nowMs),
      disappeared: (folder, name) => this.directory(folder).delete(name, scheduler.nowMs),
    }
    this.#open = kind === 'hbase' ? hbaseOpener(watch) : cassandraOpener(watch)
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
    const of = { scheduler, scope, faults, cluster: this.#cluster }
    const store = this.#open(location, { ...of, ...limits, random })
    const create = store.create.bind(store)
    store.create = async (name) => {
      const isRun = scope.isWorker && name.startsWith('runs/')
      return failing(await create(name), () => isRun && faults.strikes('runError'))
    }
    return store
  }
}

function cassandraOpener(watch: BlobWatch): Open {
  const tables = new BlobTables(watch)
  return (location, of) => {
    const { timeoutMs, retryForMs } = of
    const place = { ...parseCassandraPlace('cassandra://sim/jobs'), timeoutMs, retryForMs }
    const connection = new SimConnection({ ...of, tables })
    const own = { ...place, location, folder: location }
    return cassandraStoreOver(connection, own, { ...engineOf(of), sizes: SIZES })
  }
}

function hbaseOpener(watch: BlobWatch): Open {
  const blobs = new RegionBlobs(watch)
  const { region } = blobs
  return (location, of) => {
    blobs.hasFolder(location)
    const { timeoutMs, retryForMs } = of
    const place = { ...parseHBasePlace('hbase://sim/jobs'), timeoutMs, retryForMs }
    const http = new SimRestLine({ ...of, region })
    const own = { ...place, location, folder: location }
    return hbaseStoreOver(own, { ...engineOf(of), http, sizes: SIZES })
  }
}

/** What the production code has of time and chance. */
function engineOf({ scheduler, scope, random }: LineWorld) {
  const clock = new SimClock(scheduler, scope, random.fork('clock'))
  return { clock, random: random.fork('ids') }
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
