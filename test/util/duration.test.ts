// Durations and sizes as text: what is taken, and that nothing else becomes a number.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDurationMs, parseSignedDurationMs, parseSizeBytes } from '../../src/util/duration.ts'

describe('a duration or size', () => {
  it('is a number with a unit, or a number', () => {
    assert.equal(parseDurationMs('1.5 s', 'it'), 1_500)
    assert.equal(parseDurationMs('2h', 'it'), 7_200_000)
    assert.equal(parseSignedDurationMs('-5 min', 'it'), -300_000)
    assert.equal(parseSizeBytes('2 GiB', 'it'), 2 * 1024 ** 3)
    assert.equal(parseSizeBytes('1kB', 'it'), 1024)
    assert.equal(parseSizeBytes(7.9, 'it'), 7)
  })

  it('is refused with a unit that there is not, also one that every object has', () => {
    for (const text of ['5', '5 x', '5 constructor', 's', '', '-5s', '1e3s', NaN, -1, null]) {
      assert.throws(() => parseDurationMs(text, 'it'), { code: 'CONFIG_INVALID' }, String(text))
    }
    for (const text of ['5 tostring', '5 constructor', 'x', '', '-5', Infinity]) {
      assert.throws(() => parseSizeBytes(text, 'it'), { code: 'CONFIG_INVALID' }, String(text))
    }
  })

  it('is refused when no number is so large', () => {
    const digits = '9'.repeat(400)
    assert.throws(() => parseDurationMs(`${digits}ms`, 'it'), { code: 'CONFIG_INVALID' })
    assert.throws(() => parseSizeBytes(digits, 'it'), { code: 'CONFIG_INVALID' })
  })
})
