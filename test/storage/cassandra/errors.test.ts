import assert from 'node:assert/strict'
import { it } from 'node:test'
import { judgeCassandra } from '../../../src/storage/cassandra/errors.ts'
import { parseCassandraPlace } from '../../../src/storage/cassandra/place.ts'

const place = parseCassandraPlace('cassandra://n/jobs/a')

const LATE = 'The host 127.0.0.1:9042 did not reply before timeout 200 ms'

function failure(name: string, facts: object = {}, message = 'the text'): Error {
  return Object.assign(new Error(message), { name, ...facts })
}

it('what the server and the driver say is told as what it means, and what passes is known', () => {
  const missing = "Keyspace 'jobs' does not exist"
  const datacenter = "localDataCenter was configured as 'a', but only found hosts in 'b'"
  const refused = failure('Error', { code: 'ECONNREFUSED' })
  const denied = failure('AuthenticationError')
  const unknown = failure('Error', { code: 'ENOTFOUND' })
  const left = failure('Error', {}, 'No connection available')
  const nodes = (...errors: readonly unknown[]): Error =>
    failure('NoHostAvailableError', { innerErrors: Object.assign({}, errors) })
  const cases: readonly (readonly [Error, string, boolean])[] = [
    [failure('ResponseError', { code: 0x1100 }), 'STORAGE_FAILED', true],
    [failure('ResponseError', { code: 0x1001 }), 'STORAGE_FAILED', true],
    [failure('ResponseError', { code: 0x1000 }), 'STORAGE_FAILED', true],
    [failure('ResponseError', { code: 0x2000 }), 'STORAGE_FAILED', false],
    [failure('ResponseError', { code: 0x2200 }, missing), 'STORAGE_BUCKET_MISSING', false],
    [failure('ResponseError', { code: 0x2100 }), 'STORAGE_DENIED', false],
    [failure('OperationTimedOutError'), 'STORAGE_FAILED', true],
    [failure('Error', { isSocketError: true }), 'STORAGE_FAILED', true],
    [failure('ArgumentError', {}, datacenter), 'STORAGE_FAILED', false],
    [nodes(), 'STORAGE_FAILED', true],
    [nodes(null, refused), 'STORAGE_FAILED', true],
    [nodes(left), 'STORAGE_FAILED', true],
    [nodes('Host considered as DOWN. Last use …'), 'STORAGE_FAILED', true],
    [nodes(unknown), 'STORAGE_FAILED', false],
    [nodes(unknown, refused), 'STORAGE_FAILED', true],
    [nodes(refused, denied), 'STORAGE_DENIED', false],
    [failure('Error', { code: 'CERT_HAS_EXPIRED' }), 'STORAGE_FAILED', false],
  ]
  for (const [cause, code, isPassing] of cases) {
    const { error, isPassing: passes } = judgeCassandra(cause, 'read a of n', place, 'a')
    assert.deepEqual([error.code, passes], [code, isPassing], error.message)
    assert.match(error.message, /^cannot read a of n: /)
  }
})

it('who does not answer in time is told of as by other storages', () => {
  const late = failure('OperationTimedOutError', {}, LATE)
  const { error } = judgeCassandra(late, 'read a of n', place, 'a')
  assert.match(error.message, /^cannot read a of n: no answer within 200 ms \(/)
})
