// A function that keeps all the memory it can get: in real worker threads, on the heap and outside
// of it. Its worker ends and is replaced; the process, and what the job counts, are as ever.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { embedded } from '../../src/runtime/host-embedded.ts'
import { runOn } from '../../src/runtime/run-on.ts'

const module = new URL('./memory-job.ts', import.meta.url)
/** Of the machine, as the job sees it: a worker may hold 60 % of it. */
const MEMORY_BYTES = 400 * 1024 ** 2

interface Lost {
  readonly error: { readonly code: string; readonly message: string }
}

function world(test: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'mr-memory-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  const lost: Lost[] = []
  const onLost = (event: unknown): void => void lost.push(event as Lost) // as the channel has it
  subscribe('millrace:worker:lost', onLost)
  test.after(() => void unsubscribe('millrace:worker:lost', onLost))
  const output = join(folder, 'output')
  const start = (what: string, parallelism: number) =>
    runOn(embedded(MEMORY_BYTES), module, {
      directory: join(folder, 'millrace'),
      backend: 'hashmap',
      parallelism,
      restart: { strategy: 'fixed-delay', attempts: 3, delay: 10 },
      params: { marker: join(folder, 'marker'), output, what },
    })
  return { start, lost, output }
}

function linesOf(output: string): readonly { readonly key: string; readonly total: number }[] {
  return readdirSync(output, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.split('/').some((part) => part.startsWith('.')))
    .filter((name) => statSync(join(output, name)).isFile())
    .flatMap((name) => readFileSync(join(output, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as { key: string; total: number }) // as the job writes them
}

describe('a function that keeps all memory', { timeout: 240_000 }, () => {
  for (const [what, parallelism] of [
    ['buffers', 1],
    ['filled buffers', 2],
    ['heap', 2],
  ] as const) {
    it(`ends its worker and not the job: ${what}, parallelism ${parallelism}`, async (test) => {
      const { start, lost, output } = world(test)
      await using handle = await start(what, parallelism)
      assert.equal((await handle.finished).outcome, 'finished')
      const [event, ...others] = lost
      assert.deepEqual(others, [])
      assert.equal(event?.error.code, 'WORKER_OUT_OF_MEMORY')
      test.diagnostic(event.error.message)
      // The end may come before anybody could look: mostly that of the heap, and on a busy machine.
      const named = /^(totals, key "key 7", in .*memory-job\.ts.*: )?worker \d /
      assert.match(event.error.message, named)
      if (what !== 'heap') assert.match(event.error.message, /\d+ MiB outside of its heap/)
      const lines = linesOf(output)
      assert.equal(lines.length, 100)
      for (let n = 0; n < 10; n++) {
        const own = lines.filter(({ key }) => key === `key ${n}`).map(({ total }) => total)
        assert.equal(Math.max(...own), 450 + n * 10)
      }
    })
  }
})
