// The live line and what stands in it; the entry's refusal of a Node that is too old.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { StatusLine, withProgress } from '../../src/cli/progress.ts'
import { statusLine, summaryOf } from '../../src/cli/run-progress.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { JobProgress } from '../../src/runtime/job-status.ts'

function recorder(changes: Partial<Terminal> = {}): { terminal: Terminal; text: () => string } {
  let written = ''
  const terminal: Terminal = {
    out: () => undefined,
    err: (text) => void (written += text),
    beforeOut: () => () => undefined,
    outIsTty: true,
    errIsTty: true,
    columns: 40,
    color: false,
    environment: {},
    workingDirectory: '/',
    ...changes,
  }
  return { terminal, text: () => written }
}

test('the status line is overwritten, cut to the width, and logs go above it', () => {
  const { terminal, text } = recorder()
  const line = new StatusLine(terminal)
  line.show('x'.repeat(100))
  assert.equal(text(), `\r\u001B[K${'x'.repeat(39)}`)
  line.show('x'.repeat(100))
  line.above('a log line')
  line.clear()
  line.clear()
  const again = `\r\u001B[K${'x'.repeat(39)}`
  assert.equal(text(), `${again}\r\u001B[Ka log line\n${again}\r\u001B[K`)
})

test('progress of long work is shown on a terminal only', async () => {
  const work = () => new Promise<number>((resolve) => setTimeout(() => resolve(7), 900))
  const watched = recorder()
  const piped = recorder({ errIsTty: false })
  const results = await Promise.all([
    withProgress(watched.terminal, 'stopping', work()),
    withProgress(piped.terminal, 'stopping', work()),
  ])
  assert.deepEqual(results, [7, 7])
  assert.match(watched.text(), /stopping … \d+/)
  assert.ok(watched.text().endsWith('\r\u001B[K'))
  assert.equal(piped.text(), '')
})

function progressOf(changes: Partial<JobProgress>): JobProgress {
  const progress = new JobProgress(0)
  progress.state = 'running'
  progress.jobName = 'words'
  progress.location = '.millrace/words/checkpoints'
  return Object.assign(progress, changes)
}

test('the live line shows rate, last checkpoint and size of state', () => {
  const progress = progressOf({})
  assert.match(statusLine(progress.status([]), 0, 0), /no checkpoint yet/)
  const statistics = {
    initMs: 1,
    prepareMs: 1,
    confirmMs: 1,
    completeMs: 1,
    bytes: 2048,
    dirtyEntries: 1,
    tasks: [],
  }
  const report = {
    outcome: 'completed',
    checkpointId: 12,
    purpose: 'periodic',
    statistics,
  } as const
  progress.report(report, 1_000)
  assert.equal(
    statusLine(progress.status([]), 3_200_000, 5_000),
    'words running · 3.2 M records/s · 0 records · checkpoint 12, 4 s ago, 2 KiB · state 0 B',
  )
})

test('the summary says what was done, and that a job had finished before', () => {
  const status = progressOf({}).status([])
  const result = {
    outcome: 'stopped',
    checkpointId: 3,
    hadFinished: false,
    stoodBy: false,
  } as const
  assert.equal(
    summaryOf(result, status, 2_000),
    'words stopped: 0 records in 2 s (0/s), 0 checkpoints in .millrace/words/checkpoints',
  )
  assert.match(summaryOf({ ...result, hadFinished: true }, status, 0), /had finished before/)
})

test('a Node that is too old, and other runtimes, are told what is needed', () => {
  const bin = join(import.meta.dirname, '../../src/cli/bin.ts')
  const start = (versions: object) => {
    const value = JSON.stringify({ ...process.versions, ...versions })
    const program = `Object.defineProperty(process,'versions',{value:${value}})`
    const load = `data:text/javascript,${encodeURIComponent(program)}`
    const result = spawnSync(process.execPath, ['--import', load, bin, 'list'], {
      encoding: 'utf8',
    })
    return [result.status, result.stdout, result.stderr]
  }
  const cure = '  → use Node.js 24 or newer (NODE_UNSUPPORTED)\n'
  assert.deepEqual(start({ node: '20.11.0' }), [
    2,
    '',
    `error: Millrace needs Node.js 24 or newer, and this is 20.11.0\n${cure}`,
  ])
  const bun = `error: Millrace runs on Node.js, and this is Bun\n${cure}`
  assert.deepEqual(start({ bun: '1.2.0' }), [2, '', bun])
  const deno = `error: Millrace runs on Node.js, and this is Deno\n${cure}`
  assert.deepEqual(start({ deno: '2.2.0' }), [2, '', deno])
})
