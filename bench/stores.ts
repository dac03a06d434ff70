/**
 * What do checkpoints cost that lie elsewhere? 200 MB of state become about 155 MB of runs, which
 * are written to each store and read back at a restore. Beside them the plain client of the store
 * sends as many bytes and fetches them again: with the same replication, made beforehand and thrown
 * away as they come. So the engine's part is in the ratio as well: to encode and compress what is
 * kept, to verify, decode and load it, and `run()` starts workers first; `file` tells how much that
 * is. The copies that a job keeps on the local disk for its next restore are off.
 *
 * The servers are real ones on this machine, of which they take their share, and need Java 17 and
 * Maven; `STORES=s3,hdfs` for some.
 */
import { randomFillSync } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { run } from 'millrace'
import { CHANNEL } from './jobs/stores.ts'
import { Listener } from './jobs/probe.ts'
import { benchmark, type Figure, inFolder, type Measures, type Rounds, until } from './lib.ts'
import { openCassandra } from './stores/cassandra.ts'
import { openFile } from './stores/file.ts'
import { openHBase } from './stores/hbase.ts'
import { openHdfs } from './stores/hdfs.ts'
import type { Place } from './stores/place.ts'
import { openS3 } from './stores/s3.ts'

const START_MS = 600_000
/** So that no server does for the first time what is measured. */
const WARM_BYTES = 64 * 1024 ** 2
const TARGET = 1.3

const stores: Readonly<Record<string, (signal: AbortSignal) => Promise<Place>>> = {
  file: openFile,
  s3: openS3,
  hdfs: openHdfs,
  hbase: openHBase,
  cassandra: openCassandra,
}

interface Completed {
  readonly bytes: number
  readonly initMs: number
  readonly prepareMs: number
  readonly confirmMs: number
}

/** The next event of a kind that names its type; call the answer to have it. */
function nextEvent<Event>(channel: string): () => Promise<Event> {
  const events: Event[] = []
  const listen = (event: unknown): void => void events.push(event as Event)
  subscribe(channel, listen)
  return async () => {
    await until(() => events.length > 0)
    unsubscribe(channel, listen)
    return events[0] as Event // it has come
  }
}

const start = (directory: string, storage: string) =>
  run(new URL('./jobs/stores.ts', import.meta.url), {
    directory,
    backend: 'hashmap',
    memory: '2 GB',
    checkpointing: { interval: '1 h', storage },
    // A copy on the local disk would be read in place of the store.
    state: { localRecovery: 'off' },
  })

async function checkpoint(
  directory: string,
  location: string,
): Promise<Completed & { ms: number }> {
  const read = new Listener<string>(CHANNEL)
  const handle = await start(directory, location)
  await until(() => read.messages.length > 0)
  read.close()
  const completed = nextEvent<Completed>('millrace:checkpoint:completed')
  await handle.checkpoint()
  const event = await completed()
  await handle.cancel()
  return { ...event, ms: event.initMs + event.prepareMs + event.confirmMs }
}

/** From the start of the job until all of its state is loaded. */
async function restore(directory: string, location: string): Promise<number> {
  const loaded = nextEvent<object>('millrace:state:loaded')
  const begunAtMs = performance.now()
  const handle = await start(directory, location)
  await loaded()
  const ms = performance.now() - begunAtMs
  await handle.cancel()
  return ms
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begunAtMs = performance.now()
  await work()
  return performance.now() - begunAtMs
}

function measure(store: string): Promise<Measures> {
  return inFolder(async (directory) => {
    const open = stores[store]
    if (open === undefined) throw new Error(`there is no store ${store}`)
    const place = await open(AbortSignal.timeout(START_MS))
    try {
      const warm = randomFillSync(new Uint8Array(WARM_BYTES))
      await place.upload('warm', warm)
      await place.download('warm', WARM_BYTES)
      const { ms: writeMs, bytes } = await checkpoint(directory, place.location)
      const raw = randomFillSync(new Uint8Array(bytes))
      const uploadMs = await timed(() => place.upload('raw', raw))
      const readMs = await restore(directory, place.location)
      const downloadMs = await timed(async () => {
        const came = await place.download('raw', bytes)
        if (came !== bytes) throw new Error(`${came} bytes came back, not ${bytes}`)
      })
      const ratios = { write: writeMs / uploadMs, read: readMs / downloadMs }
      return { bytes, writeMs, uploadMs, readMs, downloadMs, ...ratios }
    } finally {
      await place.close()
    }
  })
}

const chosen = process.env['STORES']?.split(',') ?? Object.keys(stores)

function figures(rounds: Rounds): readonly Figure[] {
  return chosen.flatMap((store) => {
    const of = (name: string, measured: string, unit: string, atMost?: number): Figure => ({
      name: `${store}: ${name}`,
      values: rounds.values(store, measured),
      unit,
      ...(atMost === undefined ? {} : { target: { atMost } }),
    })
    return [
      of('bytes of the checkpoint', 'bytes', 'B'),
      of('checkpoint', 'writeMs', 'ms'),
      of('raw upload', 'uploadMs', 'ms'),
      of('checkpoint to upload', 'write', '', TARGET),
      of('run() to all loaded', 'readMs', 'ms'),
      of('raw download', 'downloadMs', 'ms'),
      of('restore to download', 'read', '', TARGET),
    ]
  })
}

await benchmark({
  contenders: Object.fromEntries(chosen.map((store) => [store, () => measure(store)])),
  figures,
})
