/** Going back to an older checkpoint: output that is visible already is taken back, once. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isMillraceError, job, run, t } from 'millrace'
import { dataGenerator, fileSink, sink } from 'millrace/connectors'

const RECORDS = 30_000
const folder = mkdtempSync(join(tmpdir(), 'millrace-rollback-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const numbers = () =>
  dataGenerator({
    generate: (index) => index,
    count: RECORDS,
    ratePerSecond: 40_000,
    type: t.int32,
  })

function visibleLines(output: string): number[] {
  return readdirSync(output)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => readFileSync(join(output, name), 'utf8').trimEnd().split('\n'))
    .map(Number)
    .sort((a, b) => a - b)
}

test('output newer than the checkpoint that a job goes back to is moved aside', async () => {
  const output = join(folder, 'output')
  const files = job('rolled-back', (env) => {
    env.fromSource('numbers', numbers()).sinkTo('out', fileSink({ path: output, format: 'text' }))
  })
  const options = { directory: join(folder, 'a'), checkpointing: { interval: '1 h' } } as const
  await using first = await run(files, options)
  const { checkpointId } = await first.checkpoint()
  await setTimeout(200)
  await first.checkpoint()
  await first.stop()
  const before = visibleLines(output)

  await using second = await run(files, { ...options, from: String(checkpointId) })
  assert.equal(second.status.restoredFrom, checkpointId)
  assert.equal((await second.finished).outcome, 'finished')

  const aside = readdirSync(join(output, '.withdrawn'))
  assert.ok(aside.length > 0 && before.length > 0)
  assert.deepEqual(
    visibleLines(output),
    Array.from({ length: RECORDS }, (_, index) => index),
  )
})

test('an at-least-once sink lets a job go back; an unknown checkpoint is refused', async () => {
  const seen: number[] = []
  const pushed = job('not-withdrawable', (env) => {
    env
      .fromSource('numbers', numbers())
      .sinkTo('out', sink<number>({ write: (values) => void seen.push(...values) }))
  })
  const options = { directory: join(folder, 'b'), checkpointing: { interval: '1 h' } } as const
  await using first = await run(pushed, options)
  const { checkpointId } = await first.checkpoint()
  await first.checkpoint()
  await first.cancel()
  const from = String(checkpointId)
  // An at-least-once sink promises nothing that going back could break.
  await using second = await run(pushed, { ...options, from })
  assert.equal(second.status.restoredFrom, checkpointId)
  await second.cancel()
  await assert.rejects(
    run(pushed, { ...options, from: '4711' }),
    (error: unknown) => isMillraceError(error) && error.code === 'CHECKPOINT_NOT_FOUND',
  )
})
