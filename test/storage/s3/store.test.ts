// What needs no real server: one that does not keep a promise. The store itself is tested in
// test/servers.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { it } from 'node:test'
import { folderOf, openBlobStore } from '../../../src/storage/open.ts'

it('refuses a server that overwrites what is there', async (t) => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { ETag: '"1"' }).end())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const credentials = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
  Object.assign(process.env, credentials)
  const store = await openBlobStore(`s3://jobs/a?endpoint=http://127.0.0.1:${address.port}`)
  const refused = { code: 'STORAGE_UNSUITABLE', message: /overwrites although told not to/ }
  await assert.rejects(store.putIfAbsent('chain/1', new Uint8Array(1)), refused)
  await store.close()
})

it('has its options at the end of the folders in it', () => {
  const root = 's3://jobs/savepoints/?region=x&timeout=1s'
  assert.equal(folderOf(root, ['a', 'b']), 's3://jobs/savepoints/a/b?region=x&timeout=1s')
  assert.equal(folderOf('/data/why?', ['a']), '/data/why?/a')
})
