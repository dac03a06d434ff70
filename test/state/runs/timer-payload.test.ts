// What timers carry, as bytes and back.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { readTimerPayload, writeTimerPayload } from '../../../src/state/runs/timer-payload.ts'
import { t } from '../../../src/types/t.ts'
import { ByteWriter } from '../../../src/util/bytes.ts'

test('what a timer carries outlives the bytes that it was read from', () => {
  const out = new ByteWriter()
  const type = t.bytes
  writeTimerPayload(out, Buffer.from('carried'), type)
  const bytes = out.copy()
  const payload = readTimerPayload(bytes, type)
  bytes.fill(0)
  assert.deepEqual(Buffer.from(payload as Uint8Array).toString(), 'carried')
})

test('bytes that are no payload, or more than one, are damage', () => {
  const out = new ByteWriter()
  writeTimerPayload(out, 'x', t.string)
  const bytes = out.copy()
  const damage = { code: 'STORAGE_CORRUPT' }
  assert.throws(() => readTimerPayload(Buffer.concat([bytes, bytes]), t.string), damage)
  assert.throws(() => readTimerPayload(Buffer.from(bytes).fill(7, 0, 1), t.string), damage)
  assert.equal(readTimerPayload(bytes.subarray(0, 0), t.string), undefined)
  assert.equal(readTimerPayload(bytes, undefined), undefined)
})
