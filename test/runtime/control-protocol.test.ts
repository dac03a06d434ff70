// What comes over the control socket is not believed: neither what a client asks for, nor what
// answers on the socket of a job, which may be of another version or no job at all.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMillraceError } from '../../src/errors.ts'
import { parseAnswer, parseRequest } from '../../src/runtime/control-protocol.ts'

function errorIn(line: string): unknown {
  const answer = parseAnswer(line)
  return answer !== undefined && 'error' in answer ? answer.error : undefined
}

describe('an answer of a job', () => {
  it('is its error again, with its causes', () => {
    const cause = { code: 'STORAGE_FAILED', message: 'full', cause: { message: 'ENOSPC' } }
    const facts = { message: 'it failed', cure: 'again', retryable: true, details: { part: 3 } }
    const error = errorIn(JSON.stringify({ error: { code: 'CHECKPOINT_FAILED', ...facts, cause } }))
    assert.ok(isMillraceError(error) && isMillraceError(error.cause))
    const { code, cure, retryable, details } = error
    assert.deepEqual(
      { code, cure, retryable, details },
      { code: 'CHECKPOINT_FAILED', cure: 'again', retryable: true, details: { part: 3 } },
    )
    assert.equal(error.cause.code, 'STORAGE_FAILED')
    assert.match(String(error.cause.cause), /ENOSPC/)
  })

  it('of a later version is told with the code that is not known here', () => {
    const error = errorIn('{"error":{"code":"OF_A_LATER_VERSION","message":"it is late"}}')
    assert.ok(isMillraceError(error))
    assert.match(error.explanation, /it is late \(OF_A_LATER_VERSION\).*same version/)
  })

  it('is none if it is of another shape', () => {
    for (const line of ['', 'null', '[]', '{}', '{"error":null}', '{"error":{"code":5}}']) {
      assert.equal(parseAnswer(line), undefined, line)
    }
  })
})

describe('a request', () => {
  it('is refused without a method that is a text, however deep what stands there is', () => {
    const nested = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
    for (const method of ['{"toString":1}', 'null', nested, '"stopp"']) {
      const line = `{"method":${method}}`
      assert.throws(() => parseRequest(line), { code: 'CONTROL_BAD_REQUEST' })
    }
  })
})
