// The store on Cassandra against a real node, by itself and behind a network that fails. It takes
// much memory, so that `npm test` leaves it out: `npm run test:servers -- --only cassandra`.
import assert from 'node:assert/strict'
import { after, describe, it, test } from 'node:test'
import { inspect } from 'node:util'
import { isMillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { shardOf } from '../../src/storage/cassandra/tables.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { blobStoreSuite } from '../../src/testing/conformance/blob-store.ts'
import { startedIfRequired } from './available.ts'
import { KEYSPACE, makeKeyspace, plainClient } from './cassandra-plain.ts'
import { CREDENTIALS, startCassandra } from './cassandra-server.ts'
import { FaultyCql } from './faulty-cql.ts'
import { remoteChunksSuite } from './remote-chunks-suite.ts'
import { remoteJobSuite } from './remote-job-suite.ts'
import { remoteStoreSuite } from './remote-store-suite.ts'
import { tlsSuite } from './tls-suite.ts'

const KIB = 1024
/** The ring of a cluster reaches from its negative to this. */
const TOKEN_MAX = 2n ** 63n - 1n
/** A node's answer to a read over more marks of what was deleted than it may see at once. */
const READ_FAILURE = 0x1300

const cassandra = await startedIfRequired('Cassandra', startCassandra)
if (cassandra !== undefined) {
  Object.assign(process.env, CREDENTIALS)
  await makeKeyspace(cassandra.port)
  const proxy = new FaultyCql(cassandra.port)
  const proxyPort = await proxy.listen()
  /** Closed at the end, also by tests that fail: else their connections keep the process. */
  const opened: BlobStore[] = []
  after(async () => {
    for (const store of opened) await store.close()
    await proxy.close()
    await cassandra.close()
  })

  const at = (place: string, port: number, more = ''): string =>
    `cassandra://127.0.0.1:${port}/${KEYSPACE}/tests/${place}${more.replace('&', '?')}`
  const openAt = async (location: string): Promise<BlobStore> => {
    const store = await openBlobStore(location)
    opened.push(store)
    return store
  }
  const open = (place: string, more = ''): Promise<BlobStore> =>
    openAt(at(place, cassandra.port, more))
  const openBehind = (place: string, more: string): Promise<BlobStore> =>
    openAt(at(place, proxyPort, more))

  tlsSuite({
    name: 'cassandra',
    port: cassandra.port,
    place: (port) => `${at('tls', port)}?tls`,
    secret: 'very-secret-4711',
    shows: () => {
      process.env['CASSANDRA_PASSWORD'] = 'very-secret-4711'
      return ''
    },
    hides: () => Object.assign(process.env, CREDENTIALS),
  })
  blobStoreSuite({ test, name: 'cassandra', open })
  remoteStoreSuite({ name: 'cassandra', open, openBehind, proxy, server: cassandra.server })
  remoteJobSuite({
    name: 'cassandra',
    place: (name) => at(name, cassandra.port),
    server: cassandra.server,
  })

  /** Partition keys of the tables. */
  const TABLES = {
    millrace_blobs: 'folder, name',
    millrace_chunks: 'folder, name, id, bucket',
    millrace_names: 'folder, shard',
  } as const

  /** Rows of a table that belong to a folder of the tests. */
  const rowsOf = async (table: keyof typeof TABLES, place: string): Promise<number> => {
    const client = plainClient(cassandra.port)
    const token = `token(${TABLES[table]})`
    /** In a part of the ring; in halves where a node refuses to read over all that was deleted. */
    const count = async (above: bigint, upTo: bigint): Promise<number> => {
      const inPart = `${token} > ${above} AND ${token} <= ${upTo}`
      const query = `SELECT folder FROM ${KEYSPACE}.${table} WHERE ${inPart}`
      try {
        const { rows } = await client.execute(query)
        return rows.filter(({ folder }) => folder === `tests/${place}`).length
      } catch (error) {
        const isRefused = error instanceof Error && 'code' in error && error.code === READ_FAILURE
        if (!isRefused || upTo - above < 2n) throw error
        const middle = (above + upTo) / 2n
        return (await count(above, middle)) + (await count(middle, upTo))
      }
    }
    try {
      return await count(-TOKEN_MAX, TOKEN_MAX)
    } finally {
      await client.shutdown()
    }
  }

  const rowsOfAll = async (place: string): Promise<number> => {
    let rows = 0
    for (const table of ['millrace_blobs', 'millrace_chunks', 'millrace_names'] as const)
      rows += await rowsOf(table, place)
    return rows
  }

  remoteChunksSuite({ name: 'cassandra', open, openBehind, proxy, rowsOf: rowsOfAll })

  describe('a folder in a keyspace', () => {
    it('takes a large blob in chunks, and leaves nothing when it is deleted', async () => {
      const store = await open('chunks')
      const bytes = Buffer.alloc(20 * KIB * KIB + 5)
      for (let offset = 0; offset < bytes.length - 4; offset += 4)
        bytes.writeUInt32LE((offset * 2_654_435_761) % 2 ** 32, offset)
      const writer = await store.create('runs/large')
      for (let offset = 0; offset < bytes.length; offset += 700_001)
        await writer.write(bytes.subarray(offset, offset + 700_001))
      assert.deepEqual(await store.list(''), [])
      await writer.close()
      assert.ok(bytes.equals(await store.read('runs/large')))
      const range = await store.read('runs/large', 256 * KIB - 3, 256 * KIB + 6)
      assert.ok(bytes.subarray(256 * KIB - 3, 512 * KIB + 3).equals(range))
      const second = await store.create('runs/large')
      await second.write(bytes.subarray(0, 300 * KIB))
      await assert.rejects(second.close(), { code: 'STORAGE_CONFLICT' })
      await second.abort()
      await store.delete('runs/large')
      assert.equal(await rowsOfAll('chunks'), 0)
      await store.close()
    })

    it('is cleaned of what the dead have left, which is not published any more', async () => {
      const [dead, owner] = [await open('dead'), await open('dead')]
      const [left, alive] = [await dead.create('runs/left'), await owner.create('runs/alive')]
      for (const writer of [left, alive]) await writer.write(Buffer.alloc(600 * KIB, 'a'))
      assert.equal(await owner.cleanTemporary?.(), 1)
      await alive.close()
      await assert.rejects(left.close(), { code: 'STORAGE_NOT_FOUND' })
      await left.abort()
      assert.deepEqual(await owner.list(''), [{ name: 'runs/alive', lengthBytes: 600 * KIB }])
      assert.equal(await owner.cleanTemporary?.(), 0)
      assert.equal(await rowsOf('millrace_chunks', 'dead'), 3)
      for (const store of [dead, owner]) await store.close()
    })

    it('puts again what was cleaned away while it was put', async () => {
      const [store, owner] = [await openBehind('cleaned', ''), await open('cleaned')]
      await store.putIfAbsent('warm', Buffer.from('abc'))
      const bytes = Buffer.alloc(100 * KIB, 'a')
      let writes = 0
      const begun = new Promise<void>((resolve) => {
        proxy.faultOf = ({ method }) => {
          if (method !== 'PUT' || ++writes !== 3) return undefined
          // That its blob is begun is said, and its one chunk is on the way.
          resolve()
          return 3_000
        }
      })
      const put = store.putIfAbsent('chain/1', bytes)
      await begun
      assert.equal(await owner.cleanTemporary?.(), 1)
      assert.equal(await put, true)
      proxy.faultOf = () => undefined
      assert.ok(bytes.equals(await owner.read('chain/1')))
      assert.equal(await rowsOf('millrace_chunks', 'cleaned'), 1)
      for (const each of [store, owner]) await each.close()
    })

    it('lists what a writer has published that died before it could say so', async () => {
      const store = await open('unsaid')
      await store.putIfAbsent('chain/1', Buffer.from('abc'))
      const client = plainClient(cassandra.port)
      const unsay = `DELETE FROM ${KEYSPACE}.millrace_names
        WHERE folder = ? AND shard = ? AND name = ? AND stage = 1`
      const row = ['tests/unsaid', shardOf('chain/1'), 'chain/1']
      await client.execute(unsay, row, { prepare: true })
      const listed = [{ name: 'chain/1', lengthBytes: 3 }]
      assert.deepEqual(await store.list(''), listed)
      assert.equal(await store.cleanTemporary?.(), 0)
      assert.deepEqual(await store.list('chain/'), listed)
      await client.shutdown()
      await store.close()
    })

    it('is listed after so many deletes that no node reads over the marks of all', async () => {
      const store = await open('deleted')
      await store.putIfAbsent('chain/1', Buffer.from('abc'))
      // The server of these tests reads over 300 marks of deletes at most.
      const names = Array.from({ length: 1_000 }, (_, index) => `chain/gone-${index}`)
      for (let done = 0; done < names.length; done += 50)
        await Promise.all(names.slice(done, done + 50).map((name) => store.delete(name)))
      assert.deepEqual(await store.list('chain/'), [{ name: 'chain/1', lengthBytes: 3 }])
      await store.close()
    })

    it('does not list what was put and deleted again', async () => {
      const store = await open('again')
      for (let round = 0; round < 3; round++) {
        assert.equal(await store.putIfAbsent('a', Buffer.from(`round ${round}`)), true)
        assert.equal((await store.list('')).length, 1)
        await store.delete('a')
        assert.deepEqual(await store.list(''), [])
      }
      await store.close()
    })
  })

  describe('what is wrong with the place', () => {
    /** What a store there fails with. */
    async function failureOf(location: string): Promise<unknown> {
      const store = await openBlobStore(location)
      try {
        return await store.list('').then(
          () => undefined,
          (error: unknown) => error,
        )
      } finally {
        await store.close()
      }
    }

    it('is told: a keyspace that is missing, a datacenter that is another one', async () => {
      const missing = await failureOf(`cassandra://127.0.0.1:${cassandra.port}/nothing/a`)
      assert.ok(isMillraceError(missing))
      assert.equal(missing.code, 'STORAGE_BUCKET_MISSING')
      assert.match(missing.cure, /keyspace nothing/)
      const elsewhere = await failureOf(at('a', cassandra.port, '&datacenter=mars'))
      assert.ok(isMillraceError(elsewhere))
      assert.equal(elsewhere.code, 'STORAGE_FAILED')
      assert.match(elsewhere.cure, /datacenter=/)
    })

    it('is told of wrong credentials without showing them', async () => {
      process.env['CASSANDRA_PASSWORD'] = 'very-secret-4711'
      const denied = await failureOf(at('a', cassandra.port))
      Object.assign(process.env, CREDENTIALS)
      assert.ok(isMillraceError(denied))
      assert.equal(denied.code, 'STORAGE_DENIED')
      assert.match(denied.cure, /CASSANDRA_PASSWORD/)
      assert.equal(denied.retryable, false)
      assert.doesNotMatch(inspect(denied, { depth: 9, showHidden: true }), /very-secret/)
    })
  })
}
