// What needs no real server: one that does not keep a promise, and the package that is missing. The
// store itself is tested in test/servers.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { it } from 'node:test'
import { folderOf, openBlobStore } from '../../../src/storage/open.ts'
import { start, temporaryFolder } from '../../cli/cli.ts'

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

it('names the package that is missing', async (t) => {
  const folder = temporaryFolder()
  t.after(() => folder.remove())
  const hook = `import { registerHooks } from 'node:module'
    registerHooks({ resolve: (name, context, next) => {
      if (name !== '@aws-sdk/client-s3') return next(name, context)
      const message = "Cannot find module '" + name + "'"
      throw Object.assign(new Error(message), { code: 'MODULE_NOT_FOUND' })
    } })`
  const encoded = Buffer.from(hook).toString('base64')
  const environment = { NODE_OPTIONS: `--import=data:text/javascript;base64,${encoded}` }
  const args = ['checkpoint', 'ls', 's3://jobs/orders']
  const { code, err } = await start(folder.path, args, environment).ended
  assert.equal(code, 1)
  assert.match(err, /needs the package @aws-sdk\/client-s3, which is not installed/)
  assert.match(err, /npm install @aws-sdk\/client-s3[\s\S]*PACKAGE_UNAVAILABLE/)
})

it('has its options at the end of the folders in it', () => {
  const root = 's3://jobs/savepoints/?region=x&timeout=1s'
  assert.equal(folderOf(root, ['a', 'b']), 's3://jobs/savepoints/a/b?region=x&timeout=1s')
  assert.equal(folderOf('/data/why?', ['a']), '/data/why?/a')
})
