// Where state is encrypted, what a worker tells of a record does not name its key: neither an error
// that ends a task, nor one that is passed over.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { errorToData, isMillraceError, MillraceError } from '../../src/errors.ts'
import { encryptedWorkerHost } from '../../src/runtime/encryption.ts'
import { openKeys } from '../../src/runtime/host-embedded-keys.ts'
import { testWorkerHost } from './doubles.ts'

process.env['HIDDEN_TEST_KEY'] = Buffer.alloc(32, 1).toString('base64')
const KEY = '["ann", 7]'
const cause = new TypeError(`nothing is known of ${KEY}`)
const failure = new MillraceError('FUNCTION_FAILED', `counts, key ${KEY}: no such field`, {
  cause,
  details: { operator: 'counts', key: KEY },
})

it('tells of a record that was passed over, or parked, without its key', async () => {
  const host = testWorkerHost()
  const plain = await encryptedWorkerHost(host, undefined, { keys: undefined })
  plain.report('a key is parked', failure)
  assert.equal(host.reported.pop()?.error, failure)
  const opening = { ...host, openKeys }
  const hiding = await encryptedWorkerHost(opening, 'env:HIDDEN_TEST_KEY', { keys: undefined })
  hiding.report('a key is parked', failure)
  const { event, error } = host.reported.pop() ?? {}
  assert.equal(event, 'a key is parked')
  assert.ok(isMillraceError(error) && error.code === 'FUNCTION_FAILED')
  assert.match(error.message, /^counts, key \(not shown: encryption.keys\): no such field$/)
  assert.ok(!JSON.stringify(errorToData(error)).includes('ann'))
  const other = new Error('of no key')
  hiding.report('something else', other)
  assert.equal(host.reported.pop()?.error, other)
})
