// State in a table of a real HBase.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { after, describe, it } from 'node:test'
import { ColdBatch } from '../../src/state/cold-store.ts'
import { hbase as backend } from '../../src/state/hbase/index.ts'
import { HBaseScopes } from '../../src/state/hbase/scopes.ts'
import { parseHBasePlace } from '../../src/storage/hbase/place.ts'
import { HBaseRequests } from '../../src/storage/hbase/requests.ts'
import { HttpClient } from '../../src/storage/remote/http.ts'
import { Retries } from '../../src/storage/remote/retries.ts'
import { systemClock } from '../../src/util/clock.ts'
import { systemRandom } from '../../src/util/random.ts'
import { startedIfRequired } from './available.ts'
import { startHBase } from './hbase-server.ts'
import { openRemoteStore, remoteBackendSuite } from './remote-state-suite.ts'

const hbase = await startedIfRequired('HBase', startHBase)
if (hbase !== undefined) {
  after(() => hbase.close())
  const url = `hbase://127.0.0.1:${hbase.port}/checkpoints/state`
  const suite = { name: 'hbase', url, choose: () => backend(url) }
  remoteBackendSuite(suite)

  const requestsTo = (): HBaseRequests => {
    const limits = { timeoutMs: 60_000, retryForMs: 60_000 }
    const retries = new Retries({ clock: systemClock, random: systemRandom(), ...limits })
    return new HBaseRequests(parseHBasePlace(url), retries, new HttpClient())
  }
  /** How many rows the table has from one on, by what the server says to anybody. */
  const rowsFrom = async (prefix: string): Promise<number> => {
    const query = new URLSearchParams({ startrow: prefix, endrow: `${prefix}~` })
    const server = `http://127.0.0.1:${hbase.port}/checkpoints/*?${query.toString()}`
    const answer = await fetch(server, { headers: { accept: 'application/json' } })
    // As HBase declares it.
    return ((await answer.json()) as { readonly Row: readonly unknown[] }).Row.length
  }
  const keys = (count: number): Buffer[] => {
    return Array.from({ length: count }, (_, at) => Buffer.from(`\0\x01\0\x02\0${at}+%/`))
  }
  const holding = async (scope: string, count: number) => {
    const store = await openRemoteStore(suite, scope)
    const batch = new ColdBatch()
    for (const key of keys(count)) batch.put(key, Buffer.from(`of ${key.toString()}`))
    store.write(batch)
    // Waits until they are there.
    assert.equal(
      store.scan(Buffer.from('\0\x01\0\x02\0'), Buffer.from('\0\x01\0\x03\0'), 1).length,
      2,
    )
    return store
  }

  describe('rows in HBase', () => {
    it('that are few are asked for at once, and never those that nobody wrote', async () => {
      const store = await holding('asked', 100)
      const { requests } = store
      const none = Array.from({ length: 20 }, (_, at) => Buffer.from(`\0\x01\0\x02\0none ${at}`))
      const asked = [...none, ...keys(100).toReversed()]
      const found = store.getMany(asked)
      assert.equal(found.filter((value) => value === undefined).length, none.length)
      assert.equal(String(found.at(-1)), `of ${String(asked.at(-1))}`)
      assert.equal(store.requests, requests + 1)
      await store.close()
    })

    it('are gone with the attempt if they are few', async () => {
      const store = await holding('leaving', 100)
      assert.equal(await rowsFrom('s!state$leaving!'), 100)
      assert.equal(await rowsFrom('u!state$leaving'), 1)
      await store.close()
      assert.equal(await rowsFrom('s!state$leaving!'), 0)
      assert.equal(await rowsFrom('u!state$leaving'), 0)
    })

    it('that are many are left to others, of whom one deletes them', async () => {
      await (await holding('many', 700)).close()
      assert.ok((await rowsFrom('s!state$many!')) > 0)
      const workers = [requestsTo(), requestsTo()].map((requests) => {
        return { requests, scopes: new HBaseScopes(requests, systemClock) }
      })
      for (const { scopes } of workers) {
        const found = (await scopes.scopes()).find(({ scope }) => scope === 'state/many')
        assert.equal(found?.seenMs, 0)
      }
      await Promise.all(workers.map(({ scopes }) => scopes.dropScope('state/many')))
      assert.equal(await rowsFrom('s!state$many!'), 0)
      assert.equal(await rowsFrom('u!state$many'), 0)
      const [least = 0, most = 0] = workers
        .map(({ requests }) => requests.count)
        .toSorted((a, b) => a - b)
      assert.ok(least <= 2 && most > 500, `${least} and ${most} requests`)
      for (const { requests } of workers) requests.close()
    })

    it('are all there when the server comes back from a kill', async () => {
      const store = await holding('killed', 300)
      await hbase.server.kill()
      await hbase.server.start()
      const found = store.getMany(keys(300)).map(String)
      assert.deepEqual(
        found,
        keys(300).map((key) => `of ${key.toString()}`),
      )
      await store.close()
    })

    it('keep what was written last, also when something older comes late', async () => {
      const requests = requestsTo()
      const asked = { action: 'write rows', name: '' }
      const put = (text: string, version: number): Promise<void> =>
        requests.putRows(asked, [{ row: 's!late!a', cells: { v: text } }], 2 ** 52 + version)
      await put('first', 1)
      await put('third', 3)
      await put('second', 2)
      const [row] = await requests.rows(asked, ['s!late!a'], 'v')
      assert.equal(row?.cells.get('v')?.toString(), 'third')
      requests.close()
    })
  })
}
