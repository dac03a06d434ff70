// What the table makes of answers that a real server does not give when it is asked to: here a
// region cannot be read, and named rows are said to be missing.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { it } from 'node:test'
import openTable from '../../../src/state/hbase/table.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

it('a row that is said to be missing is asked for where failures are not hidden', async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request
    if (method === 'GET') asked.push(url)
    const key = new URL(url, 'http://any').searchParams.get('startrow') ?? ''
    const cells = [{ column: base64('b:v'), timestamp: 1, $: base64('\x01found') }]
    const found = JSON.stringify({ Row: [{ key: base64(key), Cell: cells }] })
    request.resume().on('end', () => {
      if (url.includes('/multiget')) response.writeHead(404).end('No rows found.\r\n')
      else response.writeHead(200).end(url.includes('/*') ? found : '')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const table = await openTable({ url: `hbase://127.0.0.1:${address.port}/jobs` }, 'scope')
  const key = Buffer.from('\0\x01\0\x02\0a')
  const values = await table.getMany([key, key])
  assert.deepEqual(values.map(String), ['found', 'found'])
  assert.equal(asked.length, 2)
  assert.equal(table.requests, 3)
  await table.close()
  server.closeAllConnections()
  server.close()
})

it('a key that no row can have is refused before anything is sent', async () => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200).end())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const table = await openTable({ url: `hbase://127.0.0.1:${address.port}/jobs` }, 'scope')
  const { requests } = table
  const puts = [{ key: Buffer.alloc(40_000), value: Buffer.from('x') }]
  await assert.rejects(table.write(puts), { code: 'STORAGE_UNSUITABLE', retryable: false })
  assert.equal(table.requests, requests)
  await table.close()
  server.closeAllConnections()
  server.close()
})
