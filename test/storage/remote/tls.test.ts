// Whom requests over TLS trust: the authorities of a file, and what is said when that is no help.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createPlain } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseCassandraPlace } from '../../../src/storage/cassandra/place.ts'
import { parseHBasePlace } from '../../../src/storage/hbase/place.ts'
import { findHdfsPlace } from '../../../src/storage/hdfs/place.ts'
import { authorityIn } from '../../../src/storage/remote/authority.ts'
import { HttpClient } from '../../../src/storage/remote/http.ts'
import { judgeConnection } from '../../../src/storage/remote/network.ts'
import { parseS3Place } from '../../../src/storage/s3/place.ts'
import { certificateFor } from '../../security/certificates.ts'

const authority = certificateFor('an authority')
const here = certificateFor('the server', authority)
const elsewhere = certificateFor('the server', authority, ['elsewhere.example'])

const servers: Server[] = []
after(() => {
  for (const server of servers) server.close()
})

async function portOf(server: Server): Promise<number> {
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // It listens at a port.
  return (server.address() as AddressInfo).port
}

/** What a request is answered, or what is said of its failure. */
async function askedOf(port: number, authorities?: string): Promise<string> {
  const client = new HttpClient(authorities)
  const attempt = { signal: new AbortController().signal, progress: () => undefined }
  try {
    const answer = await client.exchange('GET', new URL(`https://127.0.0.1:${port}/`), attempt)
    return answer.body.toString()
  } catch (error) {
    const { error: told, isPassing } = judgeConnection(error, 'read a of hbase://host/jobs', {})
    return `${told.code}, ${isPassing ? 'passing' : 'lasting'}: ${told.cure}`
  } finally {
    client.close()
  }
}

describe('requests over TLS', () => {
  const ports = { here: 0, elsewhere: 0, plain: 0 }
  before(async () => {
    const answering = ({ certificate: cert, key }: typeof here): Server =>
      createServer({ cert, key }, (_, answer) => answer.end('served'))
    ports.here = await portOf(answering(here))
    ports.elsewhere = await portOf(answering(elsewhere))
    ports.plain = await portOf(createPlain((_, answer) => answer.end('served')))
  })

  it('are served where the authority is trusted', async () => {
    assert.equal(await askedOf(ports.here, authority.certificate), 'served')
  })

  it('are not sent to whom nobody vouches for, and say what helps', async () => {
    const { certificate } = certificateFor('another authority')
    for (const authorities of [undefined, certificate]) {
      const told = await askedOf(ports.here, authorities)
      assert.match(told, /^STORAGE_FAILED, lasting: .*ca=… in the URL/)
    }
  })

  it('are not sent to another host than the certificate names', async () => {
    const told = await askedOf(ports.elsewhere, authority.certificate)
    assert.match(told, /^STORAGE_FAILED, lasting: name the server as its certificate does/)
  })

  it('are not sent to who does not speak TLS', async () => {
    const told = await askedOf(ports.plain, authority.certificate)
    assert.match(told, /^STORAGE_FAILED, lasting: see that this is the port where it speaks TLS/)
  })
})

describe('a file of authorities', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mr-authority-'))
  after(() => rmSync(folder, { recursive: true }))

  it('is read when a store is opened, and must have certificates', () => {
    const file = join(folder, 'authority.pem')
    assert.throws(() => authorityIn(file), { code: 'CONFIG_INVALID', message: /cannot read/ })
    writeFileSync(file, 'nothing')
    assert.throws(() => authorityIn(file), { code: 'CONFIG_INVALID', message: /no certificate/ })
    writeFileSync(file, authority.certificate)
    assert.equal(authorityIn(file), authority.certificate)
    assert.equal(authorityIn(undefined), undefined)
  })

  it('is named by each store, but not where nothing is encrypted', async () => {
    const files = [
      parseS3Place('s3://bucket/a?endpoint=https://host&ca=/a.pem', {}),
      parseS3Place('s3://bucket/a?ca=/a.pem', {}),
      parseHBasePlace('hbase://host/table?tls&ca=/a.pem'),
      parseCassandraPlace('cassandra://host/keyspace?tls&ca=/a.pem'),
      await findHdfsPlace('swebhdfs://host/a?ca=/a.pem', {}),
    ].map(({ authorityFile }) => authorityFile)
    assert.deepEqual(files, ['/a.pem', '/a.pem', '/a.pem', '/a.pem', '/a.pem'])
    const refused = { code: 'STORAGE_URL_UNKNOWN', message: /not over TLS/ }
    assert.throws(() => parseS3Place('s3://b.c/a?endpoint=http://host&ca=/a.pem', {}), refused)
    assert.throws(() => parseHBasePlace('hbase://host/table?ca=/a.pem'), refused)
    assert.throws(() => parseCassandraPlace('cassandra://host/keyspace?ca=/a.pem'), refused)
    await assert.rejects(findHdfsPlace('webhdfs://host/a?ca=/a.pem', {}), refused)
  })
})
