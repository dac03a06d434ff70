/**
 * What encryption and the hashes of signed jobs cost the processor: a run of 300,000 small entries
 * written to the local disk and read again, plain, encrypted and with hashes, in turns. Processor
 * time of the whole process, not the time that passes, so that a busy machine can measure it; the
 * programs `encryption` and `signing` measure whole jobs by the clock, and need a quiet one.
 */
import { join } from 'node:path'
import { EncryptedBlobStore } from '../src/encryption/encrypted-store.ts'
import { KeyRing } from '../src/encryption/key-ring.ts'
import { LocalKeys } from '../src/encryption/local-keys.ts'
import { SignedBlobStore } from '../src/signing/signed-store.ts'
import type { Entry } from '../src/state/backend.ts'
import { beginRowKey, endScalarRowKey } from '../src/state/runs/entry.ts'
import { beginField, endField, writeHeader } from '../src/state/runs/entry-value.ts'
import type { RunMetadata } from '../src/state/runs/run-format.ts'
import { RunReader } from '../src/state/runs/run-reader.ts'
import { RunWriter } from '../src/state/runs/run-writer.ts'
import type { RunReference } from '../src/state/snapshot.ts'
import type { BlobStore } from '../src/storage/blob-store.ts'
import { LocalBlobStore } from '../src/storage/local.ts'
import { writeKey } from '../src/types/keys.ts'
import { ByteWriter } from '../src/util/bytes.ts'
import { benchmark, type Figure, inFolder, type Measures, median, type Rounds } from './lib.ts'

const ENTRIES = 300_000
const KEY_GROUPS = 128
const WARM_UPS = 3
const TIMES = 9
const NAME = 'runs/sealed'

const METADATA: RunMetadata = {
  jobName: 'bench',
  checkpointId: 1,
  leaderEpoch: 1,
  maxParallelism: KEY_GROUPS,
  keyGroups: { start: 0, end: KEY_GROUPS - 1 },
  operators: [],
}

/** The bytes are reused, as a table does. */
function* entries(): Generator<Entry> {
  const [key, value] = [new ByteWriter(), new ByteWriter()]
  for (let index = 0; index < ENTRIES; index++) {
    key.reset()
    beginRowKey(key, Math.floor((index * KEY_GROUPS) / ENTRIES), 1)
    writeKey(index, key)
    endScalarRowKey(key)
    value.reset()
    writeHeader(value, 0, 0)
    const start = beginField(value, 1)
    value.float64LE(index * 1.1)
    value.uint32LE(Math.imul(index, 2654435761))
    endField(value, start)
    yield { key: key.view(), value: value.view() }
  }
}

async function written(store: BlobStore): Promise<RunReference> {
  const writer = await RunWriter.create(store, NAME, METADATA)
  for (const entry of entries()) {
    writer.add(entry)
    const pause = writer.flushIfFull()
    if (pause !== undefined) await pause
  }
  return writer.close()
}

async function readAgain(store: BlobStore, run: RunReference): Promise<void> {
  let count = 0
  const reader = await RunReader.open(store, run)
  for await (const batch of reader.scan().batches()) count += batch.length
  if (count !== ENTRIES) throw new Error(`${count} entries were read`)
}

async function processorMs<R>(
  action: () => Promise<R>,
): Promise<{ readonly ms: number; result: R }> {
  const before = process.cpuUsage()
  const result = await action()
  const { user, system } = process.cpuUsage(before)
  return { ms: (user + system) / 1_000, result }
}

function measure(storeOver: (plain: BlobStore) => BlobStore): Promise<Measures> {
  return inFolder(async (folder) => {
    const store = storeOver(new LocalBlobStore(join(folder, 'store')))
    const writes: number[] = []
    const reads: number[] = []
    for (let time = -WARM_UPS; time < TIMES; time++) {
      const write = await processorMs(() => written(store))
      const read = await processorMs(() => readAgain(store, write.result))
      await store.delete(NAME)
      if (time < 0) continue
      writes.push(write.ms)
      reads.push(read.ms)
    }
    await store.close()
    return { writeMs: median(writes), readMs: median(reads) }
  })
}

function figures(rounds: Rounds): readonly Figure[] {
  const of = (measured: string, name: string): readonly Figure[] => {
    const plain = rounds.values('plain', measured)
    return [
      { name: `${name}, plain: processor`, values: plain, unit: 'ms' },
      ...['encrypted', 'hashed'].map((contender): Figure => {
        const values = rounds.values(contender, measured)
        const ratio = values.map((ms, round) => ms / (plain[round] ?? 1))
        return {
          name: `${name}, ${contender} to plain`,
          values: ratio,
          unit: '',
          target: { atMost: 1.1 },
        }
      }),
    ]
  }
  return [...of('writeMs', 'run written'), ...of('readMs', 'run read')]
}

const ring = new KeyRing(new LocalKeys(new Map([['bench', new Uint8Array(32).fill(3)]])))

await benchmark({
  contenders: {
    plain: () => measure((store) => store),
    encrypted: () => measure((store) => new EncryptedBlobStore(store, ring)),
    hashed: () => measure((store) => new SignedBlobStore(store)),
  },
  figures,
})
