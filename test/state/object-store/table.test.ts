// Rows in segments, beside a plain model: whatever is being written, merged or deleted meanwhile.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import { ColdBatch } from '../../../src/state/cold-store.ts'
import type { ObjectTable } from '../../../src/state/object-store/table.ts'
import type { RemotePut } from '../../../src/state/remote/remote-table.ts'
import {
  beginRowKey,
  beginTimeKey,
  DOMAIN_EVENT_TIME,
  endOfPrefix,
  endScalarRowKey,
  endStateKey,
  SECTION_TIMERS,
} from '../../../src/state/runs/entry.ts'
import type { BlobStore } from '../../../src/storage/blob-store.ts'
import { MemoryStore } from '../../../src/testing/memory-store.ts'
import { writeKey } from '../../../src/types/keys.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'
import { systemClock } from '../../../src/util/clock.ts'
import { type Random, SeededRandom } from '../../../src/util/random.ts'
import { openTable, storeWith } from './world.ts'

const KEY_GROUPS = 2
const KEYS = 12

/** Whose answers take their time. */
function slow(inner: BlobStore, random: Random): BlobStore {
  const pause = async (): Promise<void> => {
    for (let turns = random.int(6); turns > 0; turns--) await systemClock.yield()
  }
  return storeWith(inner, {
    async create(name) {
      await pause()
      return await inner.create(name)
    },
    async read(name, offsetBytes, lengthBytes) {
      await pause()
      const bytes = await inner.read(name, offsetBytes, lengthBytes)
      await pause()
      return bytes
    },
    async delete(name) {
      await pause()
      await inner.delete(name)
    },
  })
}

const out = new ByteWriter()

/** The row of a key. */
function rowKey(keyGroup: number, key: number): Buffer {
  out.reset()
  beginRowKey(out, keyGroup, 2)
  writeKey(`key ${key}`, out)
  endScalarRowKey(out)
  return out.copy()
}

/** What the entries of a collection begin with. */
function collectionKey(keyGroup: number, key: number, stateId: number): Buffer {
  out.reset()
  beginRowKey(out, keyGroup, 2)
  writeKey(`key ${key}`, out)
  endStateKey(out, stateId)
  return out.copy()
}

function timerKey(keyGroup: number, timeMs: number): Buffer {
  out.reset()
  beginTimeKey(out, SECTION_TIMERS, keyGroup, 2, DOMAIN_EVENT_TIME, timeMs)
  writeKey('timer', out)
  out.uint8(0)
  return out.copy()
}

function someKey(random: Random): Buffer {
  const [keyGroup, key, kind] = [random.int(KEY_GROUPS), random.int(KEYS), random.int(8)]
  if (kind === 0) return timerKey(keyGroup, random.int(50))
  if (kind < 3) return rowKey(keyGroup, key)
  const collection = collectionKey(keyGroup, key, 1 + random.int(2))
  return Buffer.concat([collection, Buffer.from([random.int(30)])])
}

/** Of a collection, of some rows, or of timers. */
function someRange(random: Random): readonly [lower: Buffer, upper: Buffer] {
  const [keyGroup, key, kind] = [random.int(KEY_GROUPS), random.int(KEYS), random.int(6)]
  if (kind === 0) return [timerKey(keyGroup, random.int(20)), timerKey(keyGroup, 20)]
  if (kind === 1) return [rowKey(keyGroup, random.int(9)), rowKey(keyGroup, 9)]
  const prefix = collectionKey(keyGroup, key, 1 + random.int(2))
  const from = Buffer.concat([prefix, Buffer.from([random.int(30)])])
  return [kind < 4 ? prefix : from, endOfPrefix(prefix)]
}

/** What changes in a round: of each key once, as the contract has it. */
function somePuts(random: Random, round: number): readonly RemotePut[] {
  const puts = new Map<string, RemotePut>()
  for (let left = random.int(25); left > 0; left--) {
    const key = someKey(random)
    const isPut = random.int(4) > 0
    const value = isPut ? Buffer.from(`${round} `.repeat(random.int(8))) : undefined
    puts.set(key.toString('latin1'), { key, value })
  }
  return [...puts.values()]
}

async function compare(table: ObjectTable, model: MemoryStore, random: Random): Promise<void> {
  const keys = Array.from({ length: random.int(20) }, () => someKey(random))
  assert.deepEqual(await table.getMany(keys), model.getMany(keys))
  const [lower, upper] = someRange(random)
  const limit = 1 + random.int(40)
  const up = { lower, upper, limit, isDown: false }
  assert.deepEqual(await table.scan(up), model.scan(lower, upper, limit))
  const down = { ...up, isDown: true }
  assert.deepEqual(await table.scan(down), model.scanDown(lower, upper, limit))
}

describe('rows in an object store', () => {
  for (const seed of [1, 2, 3, 4]) {
    it(`are those of a model (seed ${seed})`, async () => {
      const random = new SeededRandom(seed)
      const chance = random.fork('store')
      const { table, blobs } = openTable({ store: (inner) => slow(inner, chance) })
      const model = new MemoryStore()
      let least = Number.POSITIVE_INFINITY
      for (let round = 0; round < 400; round++) {
        const batch = new ColdBatch()
        if (random.int(5) === 0) {
          const [lower, upper] = someRange(random)
          await table.deleteRange({ lower, upper })
          batch.deleteRange(lower, upper)
        }
        const puts = somePuts(random, round)
        await table.write(puts)
        for (const { key, value } of puts) {
          if (value === undefined) batch.delete(key)
          else batch.put(key, value)
        }
        model.write(batch)
        if (random.int(3) === 0) await compare(table, model, random)
        const { length } = await blobs.list('')
        if (round > 200) least = Math.min(least, length)
      }
      assert.ok(least > 2, 'nothing was put')
      assert.ok((await blobs.list('')).length < 400, 'what was merged is not deleted')
      await table.drop()
      assert.deepEqual(await blobs.list(''), [])
      await table.close()
    })
  }
})
