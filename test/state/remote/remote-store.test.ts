// What a remote store promises besides the contract of cold stores.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import { ColdBatch } from '../../../src/state/cold-store.ts'
import { MemoryStore } from '../../../src/testing/memory-store.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { openRemote } from './open.ts'

const key = (text: string): Buffer => Buffer.from(`\0\x01\0\x02\0${text}`, 'latin1')
const put = (text: string, value: string): ColdBatch => {
  const batch = new ColdBatch()
  batch.put(key(text), Buffer.from(value))
  return batch
}

describe('a remote store', () => {
  it('asks the server for nothing that was never written', async () => {
    const store = await openRemote({})
    store.write(put('a', '1'))
    assert.deepEqual(store.getMany([key('a')]), [Buffer.from('1')])
    const { requests } = store
    for (let at = 0; at < 100; at++) {
      assert.deepEqual(store.getMany([key(`x${at}`), key(`y${at}`)]), [undefined, undefined])
    }
    assert.ok(store.requests <= requests + 3, `${store.requests - requests} requests for nothing`)
    await store.close()
  })

  it('asks once for many keys, whatever is among them', async () => {
    const store = await openRemote({})
    const batch = new ColdBatch()
    const keys = Array.from({ length: 500 }, (_, at) => key(`k${at}`))
    for (const [at, each] of keys.entries()) batch.put(each, Buffer.from(`${at}`))
    store.write(batch)
    store.scan(key(''), key('\xff'), 1)
    const { requests } = store
    const found = store.getMany([key('none'), ...keys.toReversed(), key('k1')])
    assert.deepEqual(found.slice(0, 2).map(String), ['undefined', '499'])
    assert.equal(String(found.at(-1)), '1')
    assert.equal(store.requests, requests + 1)
    await store.close()
  })

  it('reads what is still on its way to a slow server, and does not wait for writes', async () => {
    const store = await openRemote({ latencyMs: 50 })
    const startMs = performance.now()
    for (let at = 0; at < 100; at++) store.write(put(`k${at}`, `${at}`))
    assert.deepEqual(store.getMany([key('k99')]).map(String), ['99'])
    assert.ok(performance.now() - startMs < 2_500, 'a hundred writes wait for each other')
    const batch = new ColdBatch()
    batch.deleteRange(key(''), key('\xff'))
    batch.put(key('later'), Buffer.from('!'))
    store.write(batch)
    const values = store.getMany([key('k99'), key('later')]).map((value) => value?.toString())
    assert.deepEqual(values, [undefined, '!'])
    await store.close()
  })

  it('holds no more on its way than has room, and says meanwhile that it lives', async () => {
    let beats = 0
    const store = await openRemote({ latencyMs: 300 }, { alive: () => beats++ })
    const large = 'x'.repeat(1 << 20)
    for (let at = 0; at < 20; at++) store.write(put(`k${at}`, large))
    assert.ok(beats > 0, 'it waited without a word')
    assert.equal(store.getMany([key('k0')])[0]?.length, large.length)
    await store.close()
  })

  it('says of what failed on its way at the next call, and at every later one', async () => {
    const store = await openRemote({ failsAfter: 2 })
    store.write(put('a', '1'))
    assert.equal(String(store.getMany([key('a')])[0]), '1')
    const failed = { code: 'STORAGE_FAILED', message: 'the server is gone', cure: 'start it again' }
    assert.throws(() => {
      for (let at = 0; at < 50; at++) {
        store.write(put(`b${at}`, '2'))
        store.scan(key('a'), key('b'), 1)
      }
    }, failed)
    assert.throws(() => store.getMany([key('a')]), failed)
    assert.throws(() => store.write(put('c', '3')), failed)
    await assert.rejects(store.close(), failed)
  })

  for (const seed of [1, 2, 3]) {
    it(`reads what was written last, whatever is under way (seed ${seed})`, async () => {
      const random = new SeededRandom(seed)
      const [store, model] = [await openRemote({ jitter: { seed, ms: 4 } }), new MemoryStore()]
      const some = (): Buffer => key(`k${random.int(30)}`)
      for (let round = 0; round < 150; round++) {
        const batch = new ColdBatch()
        for (let left = random.int(8); left > 0; left--) {
          const [lower, upper] = [some(), some()].toSorted((a, b) => a.compare(b))
          const kind = random.int(12)
          if (kind === 0 && lower !== undefined && upper !== undefined) {
            batch.deleteRange(lower, upper)
          } else if (kind < 4) batch.delete(some())
          else batch.put(some(), Buffer.from(`${round}`.repeat(random.int(3))))
        }
        store.write(batch)
        model.write(batch)
        const keys = Array.from({ length: random.int(10) }, some)
        if (random.int(2) === 0) assert.deepEqual(store.getMany(keys), model.getMany(keys))
        const [lower, upper, limit] = [key('k1'), key('k3'), 1 + random.int(20)] as const
        if (random.int(6) === 0) {
          assert.deepEqual(store.scan(lower, upper, limit), model.scan(lower, upper, limit))
          assert.deepEqual(store.scanDown(lower, upper, limit), model.scanDown(lower, upper, limit))
        }
      }
      await store.close()
    })
  }

  it('says why a table cannot be opened', async () => {
    const denied = { code: 'STORAGE_DENIED', message: 'the table is not yours' }
    await assert.rejects(openRemote({ refusesToOpen: true }), denied)
  })

  it('does not wait for a helper thread that is gone', async () => {
    const store = await openRemote({ diesAt: 1 }, { silenceMsMax: 1_000 })
    store.write(put('a', '1'))
    assert.throws(() => store.scan(key('a'), key('b'), 1), { code: 'STORAGE_FAILED' })
    await assert.rejects(store.close(), { code: 'STORAGE_FAILED' })
  })
})
