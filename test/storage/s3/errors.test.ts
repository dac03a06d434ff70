import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { it } from 'node:test'
import { judgeS3 } from '../../../src/storage/s3/errors.ts'

/** An error as the package makes it. */
function thrown(name: string, status: number, more: object = {}): Error {
  const request = { headers: { authorization: 'Credential=very-secret' } }
  const facts = { name, $metadata: { httpStatusCode: status }, $response: request, ...more }
  return Object.assign(new Error('the text'), facts)
}

const judged = (error: unknown) => judgeS3(error, 'read a of s3://b', 'b', 'a')

it('what S3 answers is told as what it means, and what passes is known', () => {
  const cases: readonly (readonly [Error, string, boolean])[] = [
    [thrown('NoSuchBucket', 404), 'STORAGE_BUCKET_MISSING', false],
    [thrown('NoSuchKey', 404), 'STORAGE_NOT_FOUND', false],
    [thrown('NoSuchUpload', 404), 'STORAGE_NOT_FOUND', false],
    [thrown('PreconditionFailed', 412), 'STORAGE_CONFLICT', false],
    [thrown('InvalidRange', 416), 'STORAGE_CORRUPT', false],
    [thrown('AccessDenied', 403), 'STORAGE_DENIED', false],
    [thrown('SignatureDoesNotMatch', 403), 'STORAGE_DENIED', false],
    [thrown('ExpiredToken', 400), 'STORAGE_DENIED', false],
    [thrown('Unknown', 403), 'STORAGE_DENIED', false],
    [thrown('PermanentRedirect', 301), 'STORAGE_FAILED', false],
    [thrown('NotImplemented', 501), 'STORAGE_UNSUITABLE', false],
    [thrown('InvalidArgument', 400), 'STORAGE_FAILED', false],
    [thrown('SlowDown', 503), 'STORAGE_FAILED', true],
    [thrown('InternalError', 500), 'STORAGE_FAILED', true],
    [thrown('RequestTimeout', 400), 'STORAGE_FAILED', true],
    [thrown('ConditionalRequestConflict', 409), 'STORAGE_FAILED', true],
    [thrown('TooManyRequests', 429), 'STORAGE_FAILED', true],
    [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'STORAGE_FAILED', true],
    [Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'STORAGE_FAILED', true],
    [Object.assign(new Error('no host'), { code: 'ENOTFOUND' }), 'STORAGE_FAILED', false],
    [Object.assign(new Error('no'), { code: 'CERT_HAS_EXPIRED' }), 'STORAGE_FAILED', false],
    [new Error('Region is missing'), 'STORAGE_FAILED', false],
    [
      Object.assign(new Error('none'), { name: 'CredentialsProviderError' }),
      'STORAGE_DENIED',
      false,
    ],
  ]
  for (const [cause, code, isPassing] of cases) {
    const verdict = judged(cause)
    assert.equal(verdict.error.code, code, cause.name + cause.message)
    assert.equal(verdict.isPassing, isPassing, cause.name + cause.message)
    assert.match(verdict.error.message, /^cannot read a of s3:\/\/b: /)
    assert.doesNotMatch(inspect(verdict.error, { depth: 9 }), /very-secret/)
  }
})

it('whether a job may try again is told by whether somebody must do something', () => {
  assert.equal(judged(thrown('SlowDown', 503)).error.retryable, true)
  assert.equal(judged(thrown('NoSuchBucket', 404)).error.retryable, false)
  assert.equal(judged(thrown('AccessDenied', 403)).error.retryable, false)
  assert.equal(judged(new Error('Region is missing')).error.retryable, false)
})
