// The store on S3 against a real server, by itself and behind a network that fails.
import assert from 'node:assert/strict'
import { after, describe, it, test } from 'node:test'
import { isMillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { blobStoreSuite } from '../../src/testing/conformance/blob-store.ts'
import { started } from './available.ts'
import { FaultyProxy } from './faulty-proxy.ts'
import { remoteJobSuite } from './remote-job-suite.ts'
import { remoteStoreSuite } from './remote-store-suite.ts'
import { tlsSuite } from './tls-suite.ts'
import { CREDENTIALS, startS3Proxy } from './s3proxy.ts'

const s3 = await started('S3Proxy', startS3Proxy)
if (s3 !== undefined) {
  Object.assign(process.env, CREDENTIALS)
  const proxy = new FaultyProxy({ port: () => s3.port })
  const proxyPort = await proxy.listen()
  after(async () => {
    await proxy.close()
    await s3.close()
  })

  const at = (place: string, port: number, more = ''): string =>
    `s3://${s3.bucket}/tests/${place}?endpoint=http://127.0.0.1:${port}${more}`
  const open = (place: string, more = ''): Promise<BlobStore> =>
    openBlobStore(at(place, s3.port, more))
  const openBehind = (place: string, more: string): Promise<BlobStore> =>
    openBlobStore(at(place, proxyPort, more))

  blobStoreSuite({ test, name: 's3', open })
  remoteStoreSuite({ name: 's3', open, openBehind, proxy, server: s3.server })
  remoteJobSuite({ name: 's3', place: (name) => at(name, s3.port), server: s3.server })

  tlsSuite({
    name: 's3',
    port: s3.port,
    place: (port) => `s3://${s3.bucket}/tests/tls?endpoint=https://127.0.0.1:${port}`,
    secret: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
  })

  describe('a bucket', () => {
    const MIB = 1024 * 1024

    /** Three parts, which differ everywhere. */
    const large = (): Buffer => {
      const bytes = Buffer.alloc(17 * MIB)
      for (let at = 0; at < bytes.length; at += 4)
        bytes.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at)
      return bytes
    }

    it('takes a large blob in parts, which are nothing until it is closed', async () => {
      const store = await open('parts')
      const bytes = large()
      const writer = await store.create('runs/large')
      for (let at = 0; at < bytes.length; at += MIB)
        await writer.write(bytes.subarray(at, at + MIB))
      assert.deepEqual(await store.list(''), [])
      await writer.close()
      assert.ok(bytes.equals(await store.read('runs/large')))
      const range = await store.read('runs/large', 8 * MIB - 3, 6)
      assert.ok(bytes.subarray(8 * MIB - 3, 8 * MIB + 3).equals(range))
      const second = await store.create('runs/large')
      for (let at = 0; at < 9; at++) await second.write(bytes.subarray(0, MIB))
      await assert.rejects(second.close(), { code: 'STORAGE_CONFLICT' })
      await second.abort()
      assert.ok(bytes.equals(await store.read('runs/large')))
      await store.close()
    })

    it('is cleaned of the parts of writers that died, and of no others', async () => {
      const [dead, owner] = [await open('dead'), await open('dead')]
      const [left, alive] = [await dead.create('runs/left'), await owner.create('runs/alive')]
      for (const writer of [left, alive]) await writer.write(large().subarray(0, 9 * MIB))
      assert.equal(await owner.cleanTemporary?.(), 1)
      await alive.close()
      assert.deepEqual(await owner.list(''), [{ name: 'runs/alive', lengthBytes: 9 * MIB }])
      assert.equal(await owner.cleanTemporary?.(), 0)
      await assert.rejects(left.close())
      await left.abort()
      for (const store of [dead, owner]) await store.close()
    })

    it('copies blobs of another folder by itself', async () => {
      const [from, to] = [await open('copy-from'), await open('copy-to')]
      await from.putIfAbsent('runs/a', Buffer.from('abc'))
      assert.equal(await to.linkFrom?.(from, 'runs/a', 'runs/b'), true)
      assert.equal(await to.linkFrom?.(from, 'runs/a', 'runs/b'), true)
      await from.delete('runs/a')
      assert.equal(Buffer.from(await to.read('runs/b')).toString(), 'abc')
      for (const store of [from, to]) await store.close()
    })

    it('that is missing is told from a blob that is missing, whatever is asked first', async () => {
      const location = `s3://no-such-bucket/jobs?endpoint=http://127.0.0.1:${s3.port}`
      const asks: readonly ((store: BlobStore) => Promise<unknown>)[] = [
        (store) => store.read('a'),
        (store) => store.stat('a'),
        (store) => store.list(''),
        (store) => store.putIfAbsent('a', Buffer.alloc(1)),
      ]
      for (const ask of asks) {
        const store = await openBlobStore(location)
        const cure = 'create the bucket no-such-bucket, or correct its name'
        await assert.rejects(ask(store), { code: 'STORAGE_BUCKET_MISSING', cure })
        await store.close()
      }
    })
  })

  describe('wrong credentials', () => {
    /** What a store that is opened with other variables fails with. */
    async function failureWith(variables: Readonly<Record<string, string>>): Promise<unknown> {
      const before = { ...process.env }
      Object.assign(process.env, variables)
      try {
        const store = await open('denied')
        try {
          return await store.list('').then(
            () => undefined,
            (error: unknown) => error,
          )
        } finally {
          await store.close()
        }
      } finally {
        process.env = before
      }
    }

    it('are a coded error that says what to correct and shows no secret', async () => {
      const secret = 'very-secret-4711'
      const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
        [{ AWS_SECRET_ACCESS_KEY: secret }, /AWS_SECRET_ACCESS_KEY/],
        [{ AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: secret }, /AWS_ACCESS_KEY_ID/],
      ]
      for (const [variables, cure] of wrong) {
        const error = await failureWith(variables)
        assert.ok(isMillraceError(error))
        assert.equal(error.code, 'STORAGE_DENIED')
        assert.match(error.cure, cure)
        assert.equal(error.retryable, false)
        const { inspect } = await import('node:util')
        assert.doesNotMatch(
          inspect(error, { depth: 9, showHidden: true }),
          /very-secret|Signature=/,
        )
      }
    })
  })
}
