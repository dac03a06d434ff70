// State in segments on real servers: in a bucket that speaks S3, and in full form in HDFS, too.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { after, describe, it } from 'node:test'
import { ColdBatch } from '../../src/state/cold-store.ts'
import { objectStore } from '../../src/state/object-store/index.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { LocalScratch } from '../../src/storage/scratch-local.ts'
import { newPlace, openObjects } from '../state/object-store/open.ts'
import { isFull, started } from './available.ts'
import { startHdfs } from './hdfs-server.ts'
import { remoteBackendSuite } from './remote-state-suite.ts'
import { CREDENTIALS, startS3Proxy } from './s3proxy.ts'

interface Place {
  readonly name: string
  /** A folder of that name. */
  readonly at: (folder: string) => string
  readonly environment?: Readonly<Record<string, string>>
}

const IDLE_MS = 1_000

function objectStoreSuite({ name, at, environment = {} }: Place): void {
  let folders = 0
  const newFolder = (): string => at(`folder-${++folders}`)
  const sizes = { writeBufferSize: '64 KB', cacheSize: '1 MB' } as const

  remoteBackendSuite({
    name: `object-store in ${name}`,
    url: at('jobs'),
    choose: () => objectStore({ location: newFolder(), ...sizes }),
    open: () => openObjects({ location: newFolder() }),
    scratch: () => new LocalScratch(newPlace()),
    environment,
  })

  describe(`rows of state in ${name}`, () => {
    const keyOf = (row: number): Buffer => Buffer.from(`\0\x01\0\x02\x01row ${row}`, 'latin1')
    const none = Buffer.from('\0\x01\0\x02\x01none', 'latin1')
    const batchOf = (rows: readonly number[]): ColdBatch => {
      const batch = new ColdBatch()
      for (const row of rows) batch.put(keyOf(row), Buffer.alloc(100, row))
      return batch
    }

    it('are read as they were written, and leave nothing behind', async () => {
      const rows = Array.from({ length: 2_000 }, (_, row) => row)
      const location = newFolder()
      const store = await openObjects({ location, bufferBytes: 1 << 16, cacheBytes: 1 })
      store.write(batchOf(rows))
      assert.deepEqual(store.getMany([none]), [undefined])
      const found = store.getMany(rows.map(keyOf))
      assert.ok(found.every((value, row) => value?.equals(Buffer.alloc(100, row))))
      await store.close()
      const left = await openBlobStore(location)
      assert.deepEqual(await left.list(''), [])
      await left.close()
    })

    it('cost no request while nobody asks for them', async () => {
      const location = newFolder()
      const store = await openObjects({ location, bufferBytes: 500, cacheBytes: 1 })
      store.write(batchOf([1, 2, 3]))
      // More than one segment takes: by then it is put, and rows are read from it.
      while (store.requests < 20) assert.equal(store.getMany([keyOf(1)])[0]?.length, 100)
      const { requests } = store
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
      // It tells the count, and is known to be missing without a request.
      assert.deepEqual(store.getMany([none]), [undefined])
      assert.equal(store.requests, requests)
      await store.close()
    })
  })
}

const s3 = await started('S3Proxy', startS3Proxy)
const hdfs = isFull ? await started('HDFS', startHdfs) : undefined
after(async () => {
  await s3?.close()
  await hdfs?.close()
})
if (s3 !== undefined) {
  Object.assign(process.env, CREDENTIALS)
  const at = (folder: string): string =>
    `s3://${s3.bucket}/state/${folder}?endpoint=http://127.0.0.1:${s3.port}`
  objectStoreSuite({ name: 'a bucket', at, environment: CREDENTIALS })
}
if (hdfs !== undefined) {
  const at = (folder: string): string =>
    `hdfs://127.0.0.1:${hdfs.rpcPort}/tests/state/${folder}?http-port=${hdfs.httpPort}`
  objectStoreSuite({ name: 'HDFS', at })
}
