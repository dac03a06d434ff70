// A function that does not return: found in a real worker thread, named, ended and restarted; one
// that is only slow is left alone.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { run, type StuckWorker } from 'millrace'

const module = new URL('./stuck-job.ts', import.meta.url)

function world(test: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'mr-stuck-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  const found: (StuckWorker & { readonly at: number })[] = []
  const lost: unknown[] = []
  const onStuck = (event: unknown): void => {
    found.push({ ...(event as StuckWorker), at: Date.now() }) // as the channel has it
  }
  const onLost = (event: unknown): void => void lost.push(event)
  subscribe('millrace:worker:stuck', onStuck)
  subscribe('millrace:worker:lost', onLost)
  test.after(() => {
    unsubscribe('millrace:worker:stuck', onStuck)
    unsubscribe('millrace:worker:lost', onLost)
  })
  const [marker, output] = [join(folder, 'marker'), join(folder, 'output')]
  const start = (slowMs: number, records: number, parallelism: number) =>
    run(module, {
      directory: join(folder, 'millrace'),
      backend: 'hashmap',
      parallelism,
      callTimeout: '2 s',
      restart: { strategy: 'fixed-delay', attempts: 3, delay: 10 },
      params: { marker, output, slowMs, records },
    })
  return { start, found, lost, marker, output }
}

/** The last total of each key. */
function totalsOf(output: string): Record<string, unknown> {
  const totals: Record<string, unknown> = {}
  for (const { key, total } of linesOf(output)) totals[key] = total
  return totals
}

function linesOf(output: string): readonly { readonly key: string; readonly total: number }[] {
  return readdirSync(output, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.split('/').some((part) => part.startsWith('.')))
    .filter((name) => statSync(join(output, name)).isFile())
    .toSorted()
    .flatMap((name) => readFileSync(join(output, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as { key: string; total: number }) // as the job writes them
    .toSorted((a, b) => a.total - b.total)
}

describe('a call that does not return', () => {
  for (const parallelism of [1, 2]) {
    it(`is named, and its worker replaced, at parallelism ${parallelism}`, async (test) => {
      const { start, found, lost, marker, output } = world(test)
      await using handle = await start(0, 100, parallelism)
      const { outcome } = await handle.finished
      assert.equal(outcome, 'finished')
      const [stuck, ...others] = found
      assert.deepEqual(others, [])
      assert.equal(stuck?.operator, 'totals')
      assert.equal(stuck?.key, '"key 7"')
      assert.match(stuck?.code ?? '', /^neverEnding \(.*stuck-job\.ts:10\)$/)
      assert.match(stuck?.place ?? '', parallelism === 1 ? /numbers|\d/ : /record \d+ since/)
      const foundMs = (stuck?.at ?? 0) - Number(readFileSync(marker, 'utf8'))
      // 2 s on a quiet machine.
      assert.ok(foundMs < 15_000, `found after ${foundMs} ms`)
      test.diagnostic(`found after ${foundMs} ms`)
      const [event] = lost as readonly { readonly error: { code: string; message: string } }[]
      assert.equal(event?.error.code, 'FUNCTION_STUCK')
      assert.match(event?.error.message ?? '', /totals, key "key 7", in neverEnding .*not returned/)
      assert.equal(handle.status.lastError?.code, 'FUNCTION_STUCK')
      assert.deepEqual(handle.status.stuck, [])
      const wanted = Object.fromEntries(
        Array.from({ length: 10 }, (_, n) => [`key ${n}`, 450 + n * 10]),
      )
      assert.deepEqual(totalsOf(output), wanted)
      assert.equal(linesOf(output).length, 100)
    })
  }

  it('is not one that is slow at each of many records', async (test) => {
    const { start, found, lost, output } = world(test)
    await using handle = await start(40, 90, 1)
    assert.equal((await handle.finished).outcome, 'finished')
    assert.deepEqual([found, lost], [[], []])
    assert.equal(linesOf(output).length, 90)
  })
})
