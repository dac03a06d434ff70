// State in segments in a bucket of a real server that speaks S3.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { after, describe, it } from 'node:test'
import { ColdBatch } from '../../src/state/cold-store.ts'
import { objectStore } from '../../src/state/object-store/index.ts'
import { openBlobStore } from '../../src/storage/open.ts'
import { LocalScratch } from '../../src/storage/scratch-local.ts'
import { newPlace, openObjects } from '../state/object-store/open.ts'
import { started } from './available.ts'
import { remoteBackendSuite } from './remote-state-suite.ts'
import { CREDENTIALS, startS3Proxy } from './s3proxy.ts'

const s3 = await started('S3Proxy', startS3Proxy)
if (s3 !== undefined) {
  Object.assign(process.env, CREDENTIALS)
  after(() => s3.close())
  let places = 0
  const place = (name: string): string =>
    `s3://${s3.bucket}/state/${name}?endpoint=http://127.0.0.1:${s3.port}`
  const newFolder = (): string => place(`folder-${++places}`)
  const sizes = { writeBufferSize: '64 KB', cacheSize: '1 MB' } as const

  remoteBackendSuite({
    name: 'object-store',
    url: place('jobs'),
    choose: () => objectStore({ location: newFolder(), ...sizes }),
    open: () => openObjects({ location: newFolder() }),
    scratch: () => new LocalScratch(newPlace()),
    environment: CREDENTIALS,
  })

  describe('a bucket with rows of state', () => {
    const keyOf = (row: number): Buffer => Buffer.from(`\0\x01\0\x02\x01row ${row}`, 'latin1')
    const rows = Array.from({ length: 2_000 }, (_, row) => row)

    it('is asked little, not at all by who is idle, and is left empty', async () => {
      const location = newFolder()
      const store = await openObjects({ location, bufferBytes: 1 << 16, cacheBytes: 1 })
      const batch = new ColdBatch()
      for (const row of rows) batch.put(keyOf(row), Buffer.alloc(100, row))
      store.write(batch)
      // Answered when all of it was taken.
      assert.equal(store.getMany([keyOf(0)])[0]?.length, 100)
      const { requests } = store
      assert.ok(requests > 0)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      assert.deepEqual(store.getMany([Buffer.from('\0\x01\0\x02\x01none', 'latin1')]), [undefined])
      const found = store.getMany(rows.map(keyOf))
      assert.ok(found.every((value, row) => value?.equals(Buffer.alloc(100, row))))
      await store.close()
      const left = await openBlobStore(location)
      assert.deepEqual(await left.list(''), [])
      await left.close()
    })
  })
}
