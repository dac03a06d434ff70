// The store on HDFS against a real NameNode and DataNode, and behind a network that fails.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { blobStoreSuite } from '../../src/testing/conformance/blob-store.ts'
import { isFull, started } from './available.ts'
import { FaultyProxy } from './faulty-proxy.ts'
import { startHdfs } from './hdfs-server.ts'
import { freePorts } from './process.ts'
import { remoteJobSuite } from './remote-job-suite.ts'
import { remoteStoreSuite } from './remote-store-suite.ts'
import { TOLD_BY_TOKEN, tlsSuite } from './tls-suite.ts'

const hdfs = await started('HDFS', startHdfs)
if (hdfs !== undefined) {
  let dataNodePort = 0
  const proxy = new FaultyProxy({
    // Only requests to DataNodes name the NameNode's address.
    port: ({ url = '' }) => (url.includes('namenoderpcaddress=') ? dataNodePort : hdfs.httpPort),
    rewritten: (text) =>
      text.replace(
        /(http:\/\/[\w.]+:)(\d+)(\/webhdfs\/)/,
        (_, host: string, port, path: string) => {
          dataNodePort = Number(port)
          return `${host}${proxyPort}${path}`
        },
      ),
  })
  const proxyPort = await proxy.listen()
  /** The same, for who has come by TLS. */
  const tlsProxy = new FaultyProxy({
    port: ({ url = '' }) => (url.includes('namenoderpcaddress=') ? dataNodePort : hdfs.httpPort),
    rewritten: (text) =>
      text.replace(
        /http:\/\/([\w.]+):(\d+)(\/webhdfs\/)/,
        (_, host: string, port, path: string) => {
          dataNodePort = Number(port)
          return `https://${host}:${tlsPort}${path}`
        },
      ),
  })
  let tlsPort = 0
  const tlsProxyPort = await tlsProxy.listen()
  after(async () => {
    await proxy.close()
    await tlsProxy.close()
    await hdfs.close()
  })

  const at = (place: string, more = ''): string =>
    `hdfs://127.0.0.1:${hdfs.rpcPort}/tests/${place}?http-port=${hdfs.httpPort}${more}`
  const open = (place: string, more = ''): Promise<BlobStore> => openBlobStore(at(place, more))
  const openBehind = (place: string, more: string): Promise<BlobStore> =>
    openBlobStore(`webhdfs://127.0.0.1:${proxyPort}/tests/${place}?${more.slice(1)}`)
  const text = async (store: BlobStore, name: string): Promise<string> =>
    Buffer.from(await store.read(name)).toString()

  blobStoreSuite({ test, name: 'hdfs', open })
  remoteStoreSuite({ name: 'hdfs', open, openBehind, proxy, server: hdfs.server })
  remoteJobSuite({ name: 'hdfs', place: at, server: hdfs.server })

  // Through two proxies to two servers it takes long; S3 has it in each run.
  if (isFull) {
    tlsSuite({
      name: 'hdfs',
      port: tlsProxyPort,
      place: (port) => `swebhdfs://127.0.0.1:${port}/tests/tls?timeout=20s`,
      frontIs: (port) => (tlsPort = port),
      ...TOLD_BY_TOKEN,
    })
  }

  /** Of all files in a folder, also those that have no name of their own yet. */
  const lengthsIn = async (folder: string): Promise<readonly number[]> => {
    const url = `http://127.0.0.1:${hdfs.httpPort}/webhdfs/v1/tests/${folder}?op=LISTSTATUS`
    // As HDFS declares it.
    const { FileStatuses } = (await (await fetch(url)).json()) as {
      readonly FileStatuses?: { readonly FileStatus: readonly { readonly length: number }[] }
    }
    return (FileStatuses?.FileStatus ?? []).map(({ length }) => length)
  }

  describe('a folder in HDFS', () => {
    it('is known again as ours when the answer to the rename is lost', async () => {
      const [ours, theirs] = [await openBehind('rename', ''), await open('rename')]
      for (const isTheirs of [false, true]) {
        let left = 1
        proxy.faultOf = ({ url = '' }) => {
          return url.includes('op=RENAME') && left-- > 0 ? 'lose answer' : undefined
        }
        const name = `chain/${isTheirs}`
        if (isTheirs) await theirs.putIfAbsent(name, Buffer.from('theirs'))
        assert.equal(await ours.putIfAbsent(name, Buffer.from('ours')), !isTheirs)
        assert.equal(await text(theirs, name), isTheirs ? 'theirs' : 'ours')
      }
      proxy.faultOf = () => undefined
      assert.equal(await theirs.cleanTemporary?.(), 0)
      for (const store of [ours, theirs]) await store.close()
    })

    it('takes a large blob in parts, and is cleaned of those of the dead', async () => {
      const [dead, owner] = [await open('parts'), await open('parts')]
      const mebibyte = Buffer.alloc(1024 * 1024, 'abcdefg')
      const [left, writer] = [await dead.create('runs/left'), await owner.create('runs/large')]
      for (let count = 0; count < 17; count++) await left.write(mebibyte)
      // It is on its way while others are gathered; only then the writer may be gone.
      while (!(await lengthsIn('parts/runs')).includes(16 * 1024 ** 2)) await setTimeout(10)
      for (let count = 0; count < 33; count++) await writer.write(mebibyte)
      assert.equal(await owner.cleanTemporary?.(), 1)
      await writer.close()
      assert.deepEqual(await owner.list(''), [{ name: 'runs/large', lengthBytes: 33 * 1024 ** 2 }])
      const range = await owner.read('runs/large', 16 * 1024 ** 2 - 2, 4)
      assert.equal(Buffer.from(range).toString(), `${mebibyte.subarray(-2).toString()}ab`)
      await assert.rejects(left.close(), { code: 'STORAGE_NOT_FOUND' })
      await left.abort()
      for (const store of [dead, owner]) await store.close()
    })

    it('is found by what hdfs-site.xml says, and by any NameNode that is active', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-hadoop-'))
      const standby = createServer((request, response) => {
        const told = { exception: 'StandbyException', message: 'not supported in state standby' }
        request.resume()
        response.writeHead(403).end(JSON.stringify({ RemoteException: told }))
      })
      await once(standby.listen(0, '127.0.0.1'), 'listening')
      const address = standby.address()
      assert.ok(address !== null && typeof address === 'object')
      const [dead] = await freePorts(1)
      const property = (name: string, value: string): string =>
        `<property>\n<name>dfs.${name}</name><value>${value}</value></property>`
      const nodes = [`127.0.0.1:${dead}`, `127.0.0.1:${address.port}`, `127.0.0.1:${hdfs.httpPort}`]
      const properties = [
        property('namenode.http-address', `0.0.0.0:${hdfs.httpPort}`),
        property('ha.namenodes.pair', 'a, b, c'),
        ...['a', 'b', 'c'].map((node, index) =>
          property(`namenode.http-address.pair.${node}`, nodes[index] ?? ''),
        ),
      ]
      writeFileSync(join(folder, 'hdfs-site.xml'), `<configuration>${properties.join('\n')}`)
      process.env['HADOOP_CONF_DIR'] = folder
      const one = await openBlobStore(`hdfs://127.0.0.1:${hdfs.rpcPort}/flink/checkpoints`)
      assert.equal(await one.putIfAbsent('a', Buffer.from('as written')), true)
      const pair = await openBlobStore('hdfs://pair/flink/checkpoints')
      assert.equal(await text(pair, 'a'), 'as written')
      delete process.env['HADOOP_CONF_DIR']
      const listed = await openBlobStore(`webhdfs://${nodes.join(',')}/flink/checkpoints`)
      assert.equal(await text(listed, 'a'), 'as written')
      for (const store of [one, pair, listed]) await store.close()
      standby.close()
      rmSync(folder, { recursive: true })
    })

    it('is denied to others, and to tokens that are none, by a coded error', async () => {
      const owner = await open('denied')
      await owner.putIfAbsent('a', Buffer.from('a'))
      const stranger = await openBlobStore(at('denied', '&user=stranger'))
      assert.equal(await text(stranger, 'a'), 'a')
      const denied = { code: 'STORAGE_DENIED', message: /stranger/, retryable: false }
      await assert.rejects(stranger.putIfAbsent('b', Buffer.from('b')), denied)
      const nobody = await openBlobStore(at('denied', '&token-file=no-such-file'))
      await assert.rejects(nobody.list(''), { code: 'STORAGE_DENIED', message: /no-such-file/ })
      for (const store of [owner, stranger, nobody]) await store.close()
    })

    it('is asked with the token in place of the user, which no error shows', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-token-'))
      const tokenFile = join(folder, 'token')
      writeFileSync(tokenFile, 'SECRETtoken-4711\n')
      const urls: string[] = []
      proxy.faultOf = ({ url = '' }) => {
        urls.push(url)
        return urls.length > 2 ? 'busy' : undefined
      }
      const store = await openBehind('token', `&retry-for=0s&token-file=${tokenFile}`)
      await store.list('')
      const busy = await store.list('').then(
        () => undefined,
        (error: Error) => error,
      )
      proxy.faultOf = () => undefined
      assert.ok(urls.length > 0 && urls.every((url) => url.includes('delegation=SECRETtoken-4711')))
      assert.ok(!urls.some((url) => url.includes('user.name')))
      if (busy !== undefined) assert.doesNotMatch(JSON.stringify(busy) + busy.stack, /SECRET/)
      await store.close()
      rmSync(folder, { recursive: true })
    })

    it('is not taken for one where another port answers', async () => {
      const store = await openBlobStore(`webhdfs://127.0.0.1:${hdfs.rpcPort}/a?retry-for=0s`)
      const cure = /http-port/
      await assert.rejects(store.list(''), { code: 'STORAGE_UNSUITABLE', cure })
      await store.close()
    })
  })
}
