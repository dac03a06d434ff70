import assert from 'node:assert/strict'
import { it } from 'node:test'
import { HBaseFailure, isOfAnotherServer, judgeHBase } from '../../../src/storage/hbase/errors.ts'

/** An answer as the REST server words it, with the stack of the exception. */
function answered(status: number, exception: string): HBaseFailure {
  const stack = `org.apache.hadoop.hbase.${exception}: the text\r\n\tat the.Stack(Trace.java:1)`
  return new HBaseFailure(status, Buffer.from(exception === '' ? '' : `Not found\r\n${stack}\r\n`))
}

const place = { table: 'jobs', user: undefined, tokenFile: undefined }
const judged = (error: unknown) => judgeHBase(error, 'read a of hbase://h/jobs', place, 'a')

it('what HBase answers is told as what it means, and what passes is known', () => {
  const wrapped = `client.RetriesExhaustedWithDetailsException: of org.x.TableNotEnabledException`
  const cases: readonly (readonly [Error, string, boolean])[] = [
    [answered(404, 'TableNotFoundException'), 'STORAGE_BUCKET_MISSING', false],
    [answered(503, 'NamespaceNotFoundException'), 'STORAGE_BUCKET_MISSING', false],
    [answered(404, 'NoSuchColumnFamilyException'), 'STORAGE_UNSUITABLE', false],
    [answered(403, 'security.AccessDeniedException'), 'STORAGE_DENIED', false],
    [answered(503, 'security.AccessDeniedException'), 'STORAGE_DENIED', false],
    [answered(401, ''), 'STORAGE_DENIED', false],
    [answered(403, ''), 'STORAGE_DENIED', false],
    [answered(404, ''), 'STORAGE_UNSUITABLE', false],
    [answered(405, ''), 'STORAGE_UNSUITABLE', false],
    [answered(400, 'IllegalArgumentException'), 'STORAGE_FAILED', false],
    [answered(429, ''), 'STORAGE_FAILED', true],
    [answered(500, ''), 'STORAGE_FAILED', true],
    [answered(503, wrapped), 'STORAGE_FAILED', true],
    [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'STORAGE_FAILED', true],
    [Object.assign(new Error('no'), { code: 'UNABLE_TO_VERIFY' }), 'STORAGE_FAILED', false],
  ]
  for (const [cause, code, isPassing] of cases) {
    const { error, isPassing: passes } = judged(cause)
    assert.deepEqual([error.code, passes], [code, isPassing], error.message)
    assert.match(error.message, /^cannot read a of hbase:\/\/h\/jobs: /)
    assert.doesNotMatch(error.message, /Trace/)
  }
  assert.match(judged(answered(503, wrapped)).error.cure, /enable 'jobs'/)
})

it('another server is asked where this one is gone or can do nothing', () => {
  assert.equal(isOfAnotherServer(answered(503, '')), true)
  assert.equal(isOfAnotherServer(Object.assign(new Error(), { code: 'ECONNRESET' })), true)
  assert.equal(isOfAnotherServer(answered(403, '')), false)
})
