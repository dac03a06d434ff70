// Regions of real jobs in threads: one task throws, or its thread ends, or the process is killed in
// the middle of the restart; the others read nothing twice, and the output is exact.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import { linesOf, placeFor } from './helpers.ts'

const RECORDS = 6_000
const forwardingJob = new URL('./forwarding-job.ts', import.meta.url)
const all = Array.from({ length: RECORDS }, (_, index) => `${index}`).toSorted()

/** Per thread, how many records it has seen, and how many of them more than once. */
function seenBy(notes: string) {
  return readdirSync(notes)
    .filter((name) => name.startsWith('thread-'))
    .map((name) => {
      const lines = readFileSync(join(notes, name), 'utf8').trim().split('\n')
      return { lines, twice: lines.length - new Set(lines).size }
    })
}

describe('a job without exchanges at parallelism 2', () => {
  for (const trouble of ['throw', 'exit'] as const) {
    it(`goes on in one thread while the other has its ${trouble} mended`, async (context) => {
      const { options, output, directory } = placeFor(context)
      const notes = join(directory, 'notes')
      mkdirSync(notes)
      const params = { output, notes, records: RECORDS, trouble }
      const handle = await run(forwardingJob, { ...options, parallelism: 2, params })
      assert.equal((await handle.finished).outcome, 'finished')
      assert.deepEqual(linesOf(output).toSorted(), all)
      const { attempts, regions } = handle.status
      assert.equal(attempts, 1, 'the job was not restarted')
      assert.deepEqual([regions.count, regions.failed.length], [2, 1])
      const [failed] = regions.failed
      assert.deepEqual([failed?.state, failed?.restarts], ['running', 1])
      const code = trouble === 'throw' ? 'FUNCTION_FAILED' : 'WORKER_LOST'
      assert.equal(failed?.lastError.code, code)
      const struck = `${RECORDS / 2}`
      const calm = seenBy(notes).filter(({ lines }) => !lines.includes(struck))
      assert.equal(calm.length, 1)
      assert.equal(calm[0]?.twice, 0, 'the thread that did not fail read each record once')
    })
  }

  it('is exact when the process is killed in the middle of the restart', async (context) => {
    const { options, output, directory } = placeFor(context)
    const notes = join(directory, 'notes')
    mkdirSync(notes)
    const params = { output, notes, records: RECORDS, trouble: 'throw' }
    const runOptions = { ...options, parallelism: 2, params }
    const program = `import('millrace').then(async ({ run }) => {
      const handle = await run(
        new URL(${JSON.stringify(forwardingJob.href)}),
        ${JSON.stringify(runOptions)},
      )
      await handle.finished
    })`
    const args = ['--conditions=millrace-source', '--eval', program]
    const env = { ...process.env, MILLRACE_TEST_KILL_AT: 'region-deployed' }
    const child = spawn(process.execPath, args, { stdio: 'inherit', env, cwd: import.meta.dirname })
    const exit: readonly unknown[] = await once(child, 'exit')
    assert.equal(exit[1], 'SIGKILL')
    const handle = await run(forwardingJob, runOptions)
    assert.equal((await handle.finished).outcome, 'finished')
    assert.deepEqual(linesOf(output).toSorted(), all)
  })
})
