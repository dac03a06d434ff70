// A checkpoint that cannot be completed says which task, which phase, why, and what to do.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isMillraceError, job, run } from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'
import { until } from './doubles.ts'

const directory = mkdtempSync(join(tmpdir(), 'millrace-slow-'))
after(() => rmSync(directory, { recursive: true, force: true }))

test('a blocked sink is named in status, event and error; the job goes on', async () => {
  let isBlocked = true
  const stuck = job('stuck', (env) => {
    env
      .fromSource('ticks', dataGenerator({ generate: (index) => index, ratePerSecond: 1_000 }))
      .sinkTo(
        'out',
        sink<number>({
          name: 'out',
          write: async () => {
            while (isBlocked) await new Promise((resolve) => setTimeout(resolve, 10))
          },
        }),
      )
  })
  const told: unknown[] = []
  const onSlow = (message: unknown): void => void told.push(message)
  subscribe('millrace:checkpoint:slow', onSlow)
  await using handle = await run(stuck, {
    directory,
    checkpointing: { interval: '1 h', timeout: '1500 ms' },
  })
  // Released first, whatever fails: a job does not end while a writer is in the middle of a call.
  using released = { [Symbol.dispose]: () => void (isBlocked = false) }
  assert.ok(released)
  await until(() => handle.status.recordsIn > 0)
  const taken = handle.checkpoint()
  taken.catch(() => undefined) // looked at below
  const reason = /^ticks.*\[0\] waits for .* until sink "out" has made its output safe$/
  await until(() => reason.test(handle.status.checkpoints.underWay[0]?.reasons[0] ?? ''))
  const [underWay] = handle.status.checkpoints.underWay
  assert.deepEqual([underWay?.phase, underWay?.acknowledged, underWay?.tasks], ['prepare', 0, 1])
  await assert.rejects(taken, (error: unknown) => {
    assert.ok(isMillraceError(error))
    assert.equal(error.code, 'CHECKPOINT_FAILED')
    assert.match(error.message, /took over 1500 ms in phase prepare, 0 of 1 .*sink "out"/)
    assert.match(error.cure, /see why the sink is slow/)
    return true
  })
  unsubscribe('millrace:checkpoint:slow', onSlow)
  const [event] = told as readonly { job: string; phase: string; reasons: readonly string[] }[]
  assert.deepEqual([event?.job, event?.phase], ['stuck', 'prepare'])
  assert.match(event?.reasons[0] ?? '', reason)
  assert.match(handle.status.checkpoints.lastFailure?.message ?? '', /sink "out"/)
  isBlocked = false
  await handle.checkpoint()
  assert.deepEqual(handle.status.checkpoints.underWay, [])
})
