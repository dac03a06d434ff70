// Who leads a job: what a process may do that led once and has been succeeded.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isMillraceError, job, run, t } from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'

const folder = mkdtempSync(join(tmpdir(), 'millrace-leadership-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Endless; fails at the first record that comes after `breaks` was set. */
function endless(state: { breaks: boolean }) {
  const generate = (index: number) => index
  return job('endless', (env) => {
    env
      .fromSource('numbers', dataGenerator({ generate, ratePerSecond: 1_000, type: t.int32 }))
      .map((value) => {
        if (!state.breaks) return value
        state.breaks = false
        throw new Error('broken')
      })
      .sinkTo('nowhere', sink({ write: () => undefined }))
  })
}

test('a former leader that restarts does not take the lead back', async () => {
  const storage = join(folder, 'checkpoints')
  const state = { breaks: false }
  const restart = { strategy: 'fixed-delay', delay: '300 ms' } as const
  const options = { checkpointing: { interval: '1 h', storage }, restart } as const
  const first = await run(endless(state), { ...options, directory: join(folder, 'a') })
  await first.checkpoint()
  state.breaks = true
  while (first.status.state !== 'restarting') await new Promise((resolve) => setTimeout(resolve, 5))

  await using second = await run(endless({ breaks: false }), {
    ...options,
    directory: join(folder, 'b'),
  })
  await assert.rejects(first.finished, (error) => {
    return isMillraceError(error) && error.code === 'LEADERSHIP_LOST'
  })
  await second.checkpoint()
  assert.equal(second.status.attempts, 1)
})
