import assert from 'node:assert/strict'
import { it } from 'node:test'
import { HdfsFailure, isOfAnotherNameNode, judgeHdfs } from '../../../src/storage/hdfs/errors.ts'

function answered(
  status: number,
  exception: string,
  message = 'the text\nand a stack',
): HdfsFailure {
  const told =
    exception === '' ? '<html>' : JSON.stringify({ RemoteException: { exception, message } })
  return new HdfsFailure({ status, location: undefined, body: Buffer.from(told) })
}

const judged = (error: unknown) => judgeHdfs(error, 'read a of hdfs://n/b', 'a')

it('what WebHDFS answers is told as what it means, and what passes is known', () => {
  const noNodes = 'File /a could only be written to 0 of the 1 minReplication nodes.'
  const cases: readonly (readonly [Error, string, boolean])[] = [
    [answered(404, 'FileNotFoundException'), 'STORAGE_NOT_FOUND', false],
    [answered(403, 'FileAlreadyExistsException'), 'STORAGE_CONFLICT', false],
    [
      answered(403, 'IOException', 'Offset=9 out of the range [0, 4); OPEN'),
      'STORAGE_CORRUPT',
      false,
    ],
    [answered(403, 'AccessControlException'), 'STORAGE_DENIED', false],
    [answered(403, 'InvalidToken'), 'STORAGE_DENIED', false],
    [answered(401, ''), 'STORAGE_DENIED', false],
    [answered(403, ''), 'STORAGE_DENIED', false],
    [answered(404, ''), 'STORAGE_UNSUITABLE', false],
    [answered(403, 'StandbyException'), 'STORAGE_FAILED', true],
    [answered(403, 'SafeModeException'), 'STORAGE_FAILED', true],
    [answered(403, 'RetriableException'), 'STORAGE_FAILED', true],
    [answered(403, 'IOException', noNodes), 'STORAGE_FAILED', true],
    [
      answered(403, 'IOException', 'Failed to find datanode, suggest to check cluster health.'),
      'STORAGE_FAILED',
      true,
    ],
    [answered(403, 'QuotaExceededException'), 'STORAGE_FAILED', false],
    [answered(503, ''), 'STORAGE_FAILED', true],
    [answered(500, 'RuntimeException'), 'STORAGE_FAILED', true],
    [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'STORAGE_FAILED', true],
    [Object.assign(new Error('no'), { code: 'UNABLE_TO_VERIFY' }), 'STORAGE_FAILED', false],
  ]
  for (const [cause, code, isPassing] of cases) {
    const { error, isPassing: passes } = judged(cause)
    assert.deepEqual([error.code, passes], [code, isPassing], error.message)
    assert.match(error.message, /^cannot read a of hdfs:\/\/n\/b: /)
    assert.doesNotMatch(error.message, /stack/)
  }
})

it('another NameNode is asked where this one is not the active one, or is gone', () => {
  assert.equal(isOfAnotherNameNode(answered(403, 'StandbyException')), true)
  assert.equal(isOfAnotherNameNode(Object.assign(new Error(), { code: 'ECONNREFUSED' })), true)
  assert.equal(isOfAnotherNameNode(answered(403, 'SafeModeException')), false)
  assert.equal(isOfAnotherNameNode(answered(404, 'FileNotFoundException')), false)
})
