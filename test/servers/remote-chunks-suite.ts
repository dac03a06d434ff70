// What a store must stand that keeps large blobs in chunks: writers that are cleaned away, deletes
// and puts under faults by chance. What is there is whole, and of all else nothing is left.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { isFull } from './available.ts'
import type { Fault } from './faulty-proxy.ts'
import type { RemoteStoreSuite } from './remote-store-suite.ts'

export interface RemoteChunksSuite extends Pick<
  RemoteStoreSuite,
  'name' | 'open' | 'openBehind' | 'proxy'
> {
  /** How many rows there are of a place, whatever they are for. */
  readonly rowsOf: (place: string) => Promise<number>
}

const FAULTS: readonly Fault[] = ['busy', 'reset', 'lose answer', 'cut answer', 20]

export function remoteChunksSuite(suite: RemoteChunksSuite): void {
  const { name, open, openBehind, proxy, rowsOf } = suite
  describe(`${name}: large blobs`, () => {
    it('are whole or not there, and leave nothing behind', { timeout: 300_000 }, async () => {
      const first = Number(process.env['MILLRACE_TEST_SEED'] ?? 1)
      for (let seed = first; seed < first + (isFull ? 5 : 1); seed++) {
        const place = `large-${seed}`
        const random = new SeededRandom(seed)
        const stores = [
          await openBehind(place, '&timeout=2s'),
          await openBehind(place, ''),
        ] as const
        proxy.faultOf = () => (random.next() < 0.2 ? FAULTS[random.int(FAULTS.length)] : undefined)
        const there = await play(stores, random, `seed ${seed}`)
        proxy.faultOf = () => undefined
        for (const store of stores) await store.close()
        const owner = await open(place)
        await owner.cleanTemporary?.()
        for (const [blob, bytes] of there) {
          assert.ok(bytes.equals(await owner.read(blob)), `seed ${seed}: ${blob}`)
          await owner.delete(blob)
        }
        assert.equal(await rowsOf(place), 0, `seed ${seed}`)
        await owner.close()
      }
    })
  })
}

/** Does this and that; gives what is there then. */
async function play(
  stores: readonly [BlobStore, BlobStore],
  random: SeededRandom,
  seed: string,
): Promise<ReadonlyMap<string, Buffer>> {
  const there = new Map<string, Buffer>()
  for (let step = 0; step < 40; step++) {
    const said = `${seed}, step ${step}`
    const blob = `runs/${random.int(4)}`
    const [store, other] = random.next() < 0.5 ? stores : stores.toReversed()
    assert.ok(store !== undefined && other !== undefined)
    const choice = random.next()
    if (choice < 0.5) {
      const bytes = Buffer.alloc(70_000 + random.int(2_000_000), said)
      const isWritten = await write({ store, other, blob, bytes, random })
      if (isWritten) assert.ok(!there.has(blob), `${said}: one was overwritten`)
      if (isWritten) there.set(blob, bytes)
    } else if (choice < 0.7) {
      await store.delete(blob)
      there.delete(blob)
    } else if (choice < 0.8) {
      const listed = (await store.list('runs/')).map(({ name, lengthBytes }) => [name, lengthBytes])
      const expected = [...there].map(([name, { length }]) => [name, length] as const)
      assert.deepEqual(Object.fromEntries(listed), Object.fromEntries(expected), said)
    } else {
      const bytes = there.get(blob)
      const [start, length] = [random.int(bytes?.length ?? 1), 1]
      const read = store.read(blob, start, length)
      if (bytes === undefined) await assert.rejects(read, { code: 'STORAGE_NOT_FOUND' }, said)
      else assert.deepEqual([...(await read)], [...bytes.subarray(start, start + length)], said)
    }
  }
  return there
}

interface Writing {
  readonly store: BlobStore
  readonly other: BlobStore
  readonly blob: string
  readonly bytes: Buffer
  readonly random: SeededRandom
}

/** True if it is there then. It may also be left in the middle, thrown away or cleaned away. */
async function write({ store, other, blob, bytes, random }: Writing): Promise<boolean> {
  const writer = await store.create(blob)
  for (let at = 0; at < bytes.length; at += 300_000) {
    await writer.write(bytes.subarray(at, at + 300_000))
  }
  const choice = random.next()
  if (choice < 0.1) return false
  if (choice > 0.4) return closed()
  if (choice < 0.2) await writer.abort()
  else await other.cleanTemporary?.()
  return choice < 0.2 ? false : closed()

  async function closed(): Promise<boolean> {
    try {
      await writer.close()
      return true
    } catch (error) {
      if (!hasCode(error, 'STORAGE_CONFLICT') && !hasCode(error, 'STORAGE_NOT_FOUND')) throw error
      await writer.abort()
      return false
    }
  }
}
