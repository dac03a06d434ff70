// What the store makes of answers that a real server does not give when it is asked to: whoever
// answers here is a gateway that wants a token, or a server whose region cannot be read.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { inspect } from 'node:util'
import { openBlobStore } from '../../../src/storage/open.ts'

interface Answer {
  readonly status: number
  readonly body: string | Buffer
}

/** Calls `body` with the address of a server that answers so. */
async function serving(
  answer: (request: IncomingMessage) => Answer,
  body: (host: string) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const { status, body: sent } = answer(request)
      response.writeHead(status).end(sent)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  try {
    await body(`127.0.0.1:${address.port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const rows = (key: string, cells: Readonly<Record<string, string>>): Answer => {
  const Cell = Object.entries(cells).map(([column, value]) => {
    return { column: base64(`b:${column}`), timestamp: 1, $: base64(value) }
  })
  return { status: 200, body: JSON.stringify({ Row: [{ key: base64(key), Cell }] }) }
}

it('a cell that is said to be missing is looked for where failures are not hidden', async () => {
  const asked: string[] = []
  const answer = ({ url = '' }: IncomingMessage): Answer => {
    asked.push(url)
    if (!url.includes('/*')) return { status: 404, body: 'Not found\r\n' }
    const isChunk = url.includes('startrow=c')
    if (isChunk) return rows('c!!0123456789abcdef!000000', { 0: 'abc' })
    return rows('n!a', { id: '0123456789abcdef', length: '3', chunk: '8' })
  }
  await serving(answer, async (host) => {
    const store = await openBlobStore(`hbase://${host}/jobs`)
    assert.equal(Buffer.from(await store.read('a')).toString(), 'abc')
    assert.equal(asked.length, 3)
    await store.close()
  })
})

it('bytes that are gone are damage; rows that cannot be read are asked for again', async () => {
  let isBroken = true
  const answer = ({ method, url = '' }: IncomingMessage): Answer => {
    if (method === 'PUT') return { status: 304, body: '' }
    if (!url.includes('/*')) return { status: 404, body: 'Not found\r\n' }
    if (url.includes('startrow=c')) return { status: 200, body: '{"Row":[]}' }
    isBroken = !isBroken
    if (!isBroken) return { status: 500, body: '{"message":"Request failed."}' }
    return rows('n!a', { id: '0123456789abcdef', length: '3', chunk: '8' })
  }
  await serving(answer, async (host) => {
    const store = await openBlobStore(`hbase://${host}/jobs`)
    await assert.rejects(store.read('a'), { code: 'STORAGE_CORRUPT', message: /has lost bytes/ })
    await store.close()
  })
})

it('a gateway is shown the token of the file, which no error shows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-token-'))
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, 'SECRET.token-4711\n')
  const shown: (string | undefined)[] = []
  const answer = ({ headers }: IncomingMessage): Answer => {
    shown.push(headers.authorization)
    return shown.length === 1 ? { status: 200, body: '{"Row":[]}' } : { status: 401, body: 'no' }
  }
  await serving(answer, async (host) => {
    const store = await openBlobStore(`hbase://${host}/jobs?token-file=${tokenFile}`)
    assert.deepEqual(await store.list(''), [])
    await assert.rejects(store.list(''), (error: Error) => {
      assert.equal(Reflect.get(error, 'code'), 'STORAGE_DENIED')
      assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /SECRET/)
      return true
    })
    assert.deepEqual(
      shown,
      Array.from({ length: 2 }, () => 'Bearer SECRET.token-4711'),
    )
    await store.close()
    const nobody = await openBlobStore(`hbase://${host}/jobs?token-file=no-such-file`)
    await assert.rejects(nobody.list(''), { code: 'STORAGE_DENIED', message: /no-such-file/ })
    await nobody.close()
  })
  rmSync(folder, { recursive: true })
})

it('another program that answers there is not taken for HBase', async () => {
  for (const [status, code] of [
    [200, 'STORAGE_FAILED'],
    [404, 'STORAGE_UNSUITABLE'],
  ] as const) {
    await serving(
      () => ({ status, body: '<html>' }),
      async (host) => {
        const store = await openBlobStore(`hbase://${host}/jobs?retry-for=0s`)
        await assert.rejects(store.list(''), { code, cure: /port of the REST server/ })
        await store.close()
      },
    )
  }
})
