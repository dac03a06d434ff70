import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseHBasePlace } from '../../../src/storage/hbase/place.ts'

describe('an hbase: URL', () => {
  it('names a server, a table and a folder', () => {
    assert.deepEqual(parseHBasePlace('hbase://localhost/checkpoints/jobs/orders/'), {
      location: 'hbase://localhost/checkpoints/jobs/orders/',
      servers: ['http://localhost:8080'],
      table: 'checkpoints',
      folder: 'jobs/orders',
      user: undefined,
      tokenFile: undefined,
      timeoutMs: 30_000,
      authorityFile: undefined,
      retryForMs: 60_000,
    })
    assert.equal(parseHBasePlace('hbase://a:1/b').folder, '')
    const own = parseHBasePlace('HBASE://a/b/c?user=me&token-file=t&timeout=1s&retry-for=0s')
    const { user, tokenFile, timeoutMs, retryForMs } = own
    assert.deepEqual([user, tokenFile, timeoutMs, retryForMs], ['me', 't', 1_000, 0])
  })

  it('names several servers, TLS and a namespace', () => {
    const { servers, table } = parseHBasePlace('hbase://a:9090,b,[::1]:1/own:jobs/c?tls')
    assert.deepEqual(servers, ['https://a:9090', 'https://b:8080', 'https://[::1]:1'])
    assert.equal(table, 'own:jobs')
  })

  it('that makes no sense is refused, and no secret in it is repeated', () => {
    const bad = [
      'hbase:table',
      'hbase://host',
      'hbase:///table',
      'hbase://host/../table',
      'hbase://host/table/../other',
      'hbase://host/table//b',
      'hbase://host/table/a!b',
      'hbase://host/a:b:c/d',
      'hbase://host/-table/d',
      'hbase://host,/table',
      'hbase://host:port/table',
      'hbase://host/table?color=red',
      'hbase://host/table?tls=perhaps',
      'hbase://me:secret@host/table',
    ]
    for (const location of bad) {
      assert.throws(
        () => parseHBasePlace(location),
        (error: Error) => {
          assert.equal(Reflect.get(error, 'code'), 'STORAGE_URL_UNKNOWN', location)
          assert.doesNotMatch(error.message, /secret/, location)
          return true
        },
      )
    }
    assert.throws(() => parseHBasePlace('hbase://a/b?timeout=soon'), { code: 'CONFIG_INVALID' })
  })
})
