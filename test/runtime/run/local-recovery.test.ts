// A job whose checkpoints are not in a folder: its worker keeps copies of its runs on the local
// disk, restores from them, and is exact whatever becomes of them.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { job, type JobHandle, run, t } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'
import { until } from '../doubles.ts'
import { assertCounted, placeFor, untilCheckpoints } from './helpers.ts'

const RECORDS = 3_000
const KEYS = 500

const counting = job('copied', { params: { output: t.string } }, (env, { output }) => {
  const numbers = dataGenerator({
    generate: (index) => index,
    count: RECORDS,
    splits: 2,
    ratePerSecond: 3_000,
  })
  env
    .fromSource('numbers', numbers)
    .keyBy((index) => index % KEYS)
    .count('counts')
    .map(({ key, value }) => `${key} ${value}`)
    .sinkTo('out', fileSink({ path: output, format: 'text' }))
})

let places = 0

function copiedJob(context: TestContext, localRecovery: 'auto' | 'off' = 'auto') {
  const { directory, output, options } = placeFor(context)
  const storage = `memory:local-recovery-${++places}`
  const warnings: string[] = []
  const write = (_fields: object, message = ''): void => void warnings.push(message)
  const silent = (): void => undefined
  const logger = { debug: silent, info: silent, warn: write, error: write, child: () => logger }
  const start = (): Promise<JobHandle> =>
    run(counting, {
      ...options,
      logger,
      checkpointing: { interval: 50, storage },
      state: { localRecovery },
      params: { output },
    })
  const copies = join(directory, 'jobs', 'copied', 'copies')
  return { start, copies, output, warnings }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Stops in the middle, so that there is state to restore. */
async function runHalf(start: () => Promise<JobHandle>): Promise<void> {
  const handle = await start()
  await untilCheckpoints(handle, 2)
  await until(() => handle.status.recordsIn > 500, 'some records')
  await handle.stop()
}

async function runToEnd(start: () => Promise<JobHandle>, output: string): Promise<void> {
  const handle = await start()
  assert.ok((handle.status.restoredFrom ?? 0) > 0)
  assert.equal((await handle.finished).outcome, 'finished')
  assertCounted(output, RECORDS, KEYS)
}

describe('a job whose checkpoints are far away', () => {
  it('has copies of what a restore needs, and no others', async (context) => {
    const { start, copies, output, warnings } = copiedJob(context)
    await runHalf(start)
    const files = filesIn(copies)
    assert.ok(files.some((file) => /copies\/\w+\/worker-0\/runs\/[^/]+\.run$/.test(file)))
    assert.ok(files.length < 40, `${files.length} files`)
    await runToEnd(start, output)
    assert.deepEqual(warnings, [])
  })

  it('is restored from its storage where a copy is damaged, and says so', async (context) => {
    const { start, copies, output, warnings } = copiedJob(context)
    await runHalf(start)
    for (const file of filesIn(copies)) {
      const bytes = readFileSync(file)
      bytes[bytes.length >>> 1] = (bytes[bytes.length >>> 1] ?? 0) ^ 1
      writeFileSync(file, bytes)
    }
    await runToEnd(start, output)
    assert.ok(warnings.length > 0)
    assert.ok(warnings.every((warning) => warning.startsWith('local-copy-damaged')))
  })

  it('does without copies that are gone', async (context) => {
    const { start, copies, output, warnings } = copiedJob(context)
    await runHalf(start)
    rmSync(copies, { recursive: true })
    await runToEnd(start, output)
    assert.deepEqual(warnings, [])
  })

  it('goes on where no copy can be written', async (context) => {
    const { start, copies, output, warnings } = copiedJob(context)
    await runHalf(start)
    rmSync(copies, { recursive: true })
    writeFileSync(copies, 'a file where a folder should be')
    await runToEnd(start, output)
    assert.ok(warnings.some((warning) => warning.startsWith('local-copy-failed')))
  })

  it('keeps none when it is told not to', async (context) => {
    const { start, copies, output } = copiedJob(context, 'off')
    await runHalf(start)
    assert.throws(() => filesIn(copies), { code: 'ENOENT' })
    await runToEnd(start, output)
  })
})
