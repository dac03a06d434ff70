// The store on HBase against a real one, by itself and behind a network that fails.
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { after, describe, it, test } from 'node:test'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { blobStoreSuite } from '../../src/testing/conformance/blob-store.ts'
import { startedIfRequired } from './available.ts'
import { FaultyProxy } from './faulty-proxy.ts'
import { startHBase } from './hbase-server.ts'
import { freePorts } from './process.ts'
import { remoteChunksSuite } from './remote-chunks-suite.ts'
import { remoteJobSuite } from './remote-job-suite.ts'
import { remoteStoreSuite } from './remote-store-suite.ts'
import { TOLD_BY_TOKEN, tlsSuite } from './tls-suite.ts'

const hbase = await startedIfRequired('HBase', startHBase)
if (hbase !== undefined) {
  const proxy = new FaultyProxy({ port: () => hbase.port })
  const proxyPort = await proxy.listen()
  after(async () => {
    await proxy.close()
    await hbase.close()
  })

  const at = (place: string, more = '', port = hbase.port): string =>
    `hbase://127.0.0.1:${port}/checkpoints/tests/${place}${more.replace('&', '?')}`
  const open = (place: string, more = ''): Promise<BlobStore> => openBlobStore(at(place, more))
  const openBehind = (place: string, more: string): Promise<BlobStore> =>
    openBlobStore(at(place, more, proxyPort))
  const text = async (store: BlobStore, name: string): Promise<string> =>
    Buffer.from(await store.read(name)).toString()

  blobStoreSuite({ test, name: 'hbase', open })
  remoteStoreSuite({ name: 'hbase', open, openBehind, proxy, server: hbase.server })
  remoteJobSuite({ name: 'hbase', place: at, server: hbase.server })

  tlsSuite({
    name: 'hbase',
    port: hbase.port,
    place: (port) => `hbase://127.0.0.1:${port}/checkpoints/tests/tls?tls`,
    ...TOLD_BY_TOKEN,
  })

  const mebibyte = Buffer.alloc(1024 * 1024, 'abcdefg')
  const write = async (store: BlobStore, name: string, mebibytes: number) => {
    const writer = await store.create(name)
    for (let count = 0; count < mebibytes; count++) await writer.write(mebibyte)
    return writer
  }
  /** Rows that the table has of a folder, of names and of all else. */
  const rowsOf = async (place: string): Promise<number> => {
    let count = 0
    for (const kind of ['n', 'p', 'c']) {
      const query = `startrow=${kind}!tests!${place}!&endrow=${kind}!tests!${place}%22`
      const url = `http://127.0.0.1:${hbase.port}/checkpoints/*?${query}&filter=KeyOnlyFilter()`
      const answer = await fetch(url, { headers: { accept: 'application/json' } })
      // As HBase declares it.
      count += ((await answer.json()) as { readonly Row: readonly unknown[] }).Row.length
    }
    return count
  }
  remoteChunksSuite({ name: 'hbase', open, openBehind, proxy, rowsOf })

  /** Whoever asks for that is told that the server is busy, until all is well again. */
  const refuse = (is: (request: IncomingMessage) => boolean): void => {
    proxy.faultOf = (request) => (is(request) ? 'busy' : undefined)
  }

  describe('a folder in HBase', () => {
    it('takes a name again as soon as it is free, however fast', async () => {
      const store = await open('again')
      for (let round = 0; round < 40; round++) {
        assert.equal(await store.putIfAbsent('lease', Buffer.from(`round ${round}`)), true)
        assert.equal(await text(store, 'lease'), `round ${round}`)
        await store.delete('lease')
        assert.deepEqual(await store.list(''), [])
      }
      await store.close()
    })

    it('takes a large blob in chunks, and is cleaned of those of the dead', async () => {
      const [dead, owner] = [await open('chunks'), await open('chunks')]
      const left = await write(dead, 'runs/left', 3)
      const writer = await write(owner, 'runs/large', 33)
      assert.equal(await owner.cleanTemporary?.(), 1)
      await writer.close()
      assert.deepEqual(await owner.list(''), [{ name: 'runs/large', lengthBytes: 33 * 1024 ** 2 }])
      const range = await owner.read('runs/large', 16 * 1024 ** 2 - 2, 4)
      assert.equal(Buffer.from(range).toString(), `${mebibyte.subarray(-2).toString()}ab`)
      const all = await owner.read('runs/large')
      for (let start = 0; start < all.length; start += mebibyte.length) {
        assert.ok(mebibyte.equals(all.subarray(start, start + mebibyte.length)))
      }
      await assert.rejects(left.close(), { code: 'STORAGE_NOT_FOUND' })
      await left.abort()
      assert.equal(await owner.putIfAbsent('chain/1', mebibyte), true)
      assert.equal(await dead.putIfAbsent('chain/1', Buffer.alloc(1024 ** 2)), false)
      assert.ok(mebibyte.equals(await dead.read('chain/1')))
      for (const name of ['runs/large', 'chain/1']) await owner.delete(name)
      assert.equal(await rowsOf('chunks'), 0)
      for (const store of [dead, owner]) await store.close()
    })

    it('gives a whole blob its name when its writer died just before', async () => {
      const [dead, owner] = [await openBehind('sealed', '&retry-for=0s'), await open('sealed')]
      const writers = [await write(dead, 'runs/a', 1), await write(dead, 'runs/b', 1)]
      refuse(({ url = '' }) => url.includes('/n!') && url.includes('check=put'))
      for (const writer of writers) await assert.rejects(writer.close(), /503/)
      await owner.putIfAbsent('runs/b', Buffer.from('of another'))
      assert.equal(await owner.cleanTemporary?.(), 1)
      proxy.faultOf = () => undefined
      assert.ok(mebibyte.equals(await owner.read('runs/a')))
      assert.equal(await text(owner, 'runs/b'), 'of another')
      assert.equal(await owner.cleanTemporary?.(), 0)
      assert.equal(await rowsOf('sealed'), 3)
      for (const store of [dead, owner]) await store.close()
    })

    it('loses no chunk to a delete that was cut off, and keeps what has its name', async () => {
      const [dead, owner] = [await openBehind('going', '&retry-for=0s'), await open('going')]
      for (const name of ['a', 'b']) await (await write(owner, name, 1)).close()
      refuse(({ method, url = '' }) => method === 'DELETE' && url.includes('/c!'))
      await assert.rejects(dead.delete('a'), /503/)
      refuse(({ url = '' }) => url.includes('check=delete'))
      await assert.rejects(dead.delete('b'), /503/)
      proxy.faultOf = () => undefined
      assert.equal(await owner.cleanTemporary?.(), 1)
      await assert.rejects(owner.read('a'), { code: 'STORAGE_NOT_FOUND' })
      assert.ok(mebibyte.equals(await owner.read('b')))
      assert.equal(await rowsOf('going'), 2)
      for (const store of [dead, owner]) await store.close()
    })

    it('is found by any server that answers, and in a namespace', async () => {
      const [gone] = await freePorts(1)
      const servers = `127.0.0.1:${gone},127.0.0.1:${hbase.port}`
      const store = await openBlobStore(`hbase://${servers}/own:jobs`)
      assert.equal(await store.putIfAbsent('a/b', Buffer.from('found')), true)
      const below = await openBlobStore(`hbase://${servers}/own:jobs/a?user=somebody`)
      assert.equal(await text(below, 'b'), 'found')
      for (const opened of [store, below]) await opened.close()
    })
  })

  describe('a table of HBase', () => {
    const asks: readonly ((store: BlobStore) => Promise<unknown>)[] = [
      (store) => store.list(''),
      (store) => store.read('a'),
      (store) => store.putIfAbsent('a', Buffer.alloc(1)),
      (store) => store.putIfAbsent('a', Buffer.alloc(100_000)),
      (store) => store.delete('a'),
    ]
    const failing = async (table: string, expected: object): Promise<void> => {
      for (const ask of asks) {
        const store = await openBlobStore(`hbase://127.0.0.1:${hbase.port}/${table}/a?retry-for=0s`)
        await assert.rejects(ask(store), expected)
        await store.close()
      }
    }

    it('that is missing is told from a blob that is missing, whatever is asked first', async () => {
      const code = 'STORAGE_BUCKET_MISSING'
      await failing('none', { code, cure: /create 'none', 'b'/ })
      await failing('nowhere:none', { code, cure: /create 'nowhere:none'/ })
    })

    it('of others is denied, by a coded error', async () => {
      await failing('foreign', { code: 'STORAGE_DENIED', cure: /grant/, retryable: false })
    })

    it('without the family is told what it lacks', async () => {
      await failing('others', { code: 'STORAGE_UNSUITABLE', cure: /alter 'others', 'b'/ })
    })
  })
}
