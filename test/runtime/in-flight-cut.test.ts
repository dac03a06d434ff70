import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { InFlightCut } from '../../src/runtime/in-flight-cut.ts'

test('a cut that nobody waits for may be given up: the worker lives on', async (context) => {
  const unhandled: unknown[] = []
  const listen = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  context.after(() => process.off('unhandledRejection', listen))
  const cut = new InFlightCut(3, undefined, [])
  cut.abandon()
  await setImmediate()
  await setImmediate()
  assert.deepEqual(unhandled, [])
  await assert.rejects(cut.captured, { code: 'CHECKPOINT_FAILED' })
})
