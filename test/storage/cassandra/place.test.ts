import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseCassandraPlace } from '../../../src/storage/cassandra/place.ts'

it('a cassandra: URL names nodes, keyspace, folder and options', () => {
  const location = 'cassandra://one,two:9999/jobs/orders/a/?datacenter=dc1&majority=cluster&tls'
  assert.deepEqual(parseCassandraPlace(location), {
    location,
    contactPoints: ['one:9042', 'two:9999'],
    keyspace: 'jobs',
    folder: 'orders/a',
    datacenter: 'dc1',
    majority: 'cluster',
    isTls: true,
    timeoutMs: 30_000,
    authorityFile: undefined,
    retryForMs: 60_000,
  })
  const plain = parseCassandraPlace('cassandra://[::1]/jobs')
  assert.deepEqual(plain.contactPoints, ['[::1]:9042'])
  const { folder, datacenter, majority, isTls } = plain
  assert.deepEqual([folder, datacenter, majority, isTls], ['', 'datacenter1', 'datacenter', false])
})

it('a cassandra: URL that makes no sense is refused', () => {
  const bad = [
    'cassandra:/a/b',
    'cassandra:///jobs',
    'cassandra://a',
    'cassandra://a/b-c/d',
    'cassandra://a/jobs/b c',
    'cassandra://a/jobs//b',
    'cassandra://a:b/jobs',
    'cassandra://a,,b/jobs',
    'cassandra://me@a/jobs',
    'cassandra://a/jobs?password=x',
    'cassandra://a/jobs?majority=some',
  ]
  for (const location of bad)
    assert.throws(() => parseCassandraPlace(location), { code: 'STORAGE_URL_UNKNOWN' }, location)
})
