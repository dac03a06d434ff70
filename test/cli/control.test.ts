// list, stop, cancel and savepoint against a job folder that this process owns.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { errorToData, MillraceError } from '../../src/errors.ts'
import type { ControlHandler, JobClaim } from '../../src/runtime/host.ts'
import { claimJobFolder } from '../../src/runtime/job-claim.ts'
import { JobProgress } from '../../src/runtime/job-status.ts'
import { perform, temporaryFolder } from './cli.ts'

const folder = temporaryFolder()
after(() => folder.remove())
const directory = join(folder.path, '.millrace')
const claims: JobClaim[] = []
afterEach(async () => {
  for (const claim of claims.splice(0)) await claim.release()
})
const cli = (...args: string[]) => perform(folder.path, args)

/** A running job as far as the socket can tell; ends when stopped or cancelled. */
async function runJob(name: string, changes: Partial<ControlHandler> = {}): Promise<unknown[]> {
  const claim = await claimJobFolder({ directory, jobName: name, id: name })
  claims.push(claim)
  const calls: unknown[] = []
  const progress = new JobProgress(Date.now())
  progress.state = 'running'
  progress.jobName = name
  progress.params = { input: 'book.txt' }
  claim.serve({
    status: () => progress.status([]),
    checkpoints: async () => [],
    checkpoint: async (options) => {
      calls.push(['checkpoint', options])
      return { checkpointId: 7, sequence: 9, committed: true }
    },
    savepoint: async (target) => void calls.push(['savepoint', target]),
    stop: async (options) => {
      calls.push(['stop', options])
      void claim.release()
    },
    cancel: async () => {
      calls.push(['cancel'])
      void claim.release()
    },
    release: async (operator, key) => {
      calls.push(['release', operator, key])
      const left = { operator, key: '"bob"', waiting: 3, since: 0, message: 'no 4' }
      return { tried: 2, released: 1, parked: [left] }
    },
    erase: async (subject, type) => void calls.push(['erase', subject, type]),
    handOver: async () => {
      calls.push(['handover'])
      void claim.release()
    },
    ...changes,
  })
  return calls
}

test('list shows the jobs that run, with state and parameters', async () => {
  await runJob('words')
  await runJob('orders')
  const text = await cli('list')
  assert.equal(text.code, 0)
  assert.match(text.out, /^JOB +STATE +PID/)
  assert.match(text.out, new RegExp(`^words +running +${process.pid} .*input=book\\.txt$`, 'm'))
  const json = JSON.parse((await cli('list', '--json')).out) as {
    jobs: { job: string; answers: boolean; status: { state: string } }[]
  }
  assert.deepEqual(
    json.jobs.map(({ job, answers, status }) => [job, answers, status.state]),
    [
      ['orders', true, 'running'],
      ['words', true, 'running'],
    ],
  )
})

test('status shows how a job is, and what holds event time back', async () => {
  const heldBackBy = { kind: 'split', name: 'clicks/2', watermark: 0 } as const
  const eventTime = [
    { operator: 'clicks', subtaskIndex: 1, watermark: 0, hasEnded: false, since: 0, heldBackBy },
    {
      operator: 'views',
      subtaskIndex: 0,
      hasEnded: false,
      since: Date.now(),
      heldBackBy: { kind: 'input', name: 'clicks[1]' } as const,
    },
    { operator: 'done', subtaskIndex: 0, hasEnded: true, since: 0 },
  ]
  const progress = new JobProgress(Date.now())
  await runJob('windows', { status: () => ({ ...progress.status([]), eventTime }) })
  const text = await cli('status', 'windows')
  assert.equal(text.code, 0)
  assert.match(text.out, /^OPERATOR +WATERMARK +SINCE +HELD BACK BY$/m)
  const zero = '1970-01-01T00:00:00.000Z'
  assert.match(text.out, new RegExp(`^clicks +${zero} .* split clicks/2 at ${zero}$`, 'm'))
  assert.match(text.out, /^views +none yet .* clicks\[1\]$/m)
  assert.match(text.out, /^done +end of input /m)
  const json = JSON.parse((await cli('status', 'windows', '--json')).out) as { eventTime: unknown }
  assert.deepEqual(json.eventTime, eventTime)
  assert.notEqual((await cli('status', 'nobody')).code, 0)
})

test('status tells what a checkpoint waits for, and why the last one failed', async () => {
  const progress = new JobProgress(Date.now())
  const error = errorToData(new MillraceError('CHECKPOINT_FAILED', 'disk full'))
  const ended = { purpose: 'periodic', outcome: 'failed', consecutiveFailures: 1 } as const
  progress.report({ ...ended, checkpointId: 4, error }, 0)
  const underWay = {
    checkpointId: 5,
    purpose: 'periodic',
    phase: 'prepare',
    runningMs: 12_000,
    acknowledged: 1,
    tasks: 3,
    reasons: ['sum[1] has been writing its state for 12 s'],
    cure: 'wait',
  } as const
  await runJob('slow', {
    status: () => progress.status([], undefined, { underWay: [underWay], interval: undefined }),
  })
  const { out } = await cli('status', 'slow')
  assert.match(out, /^checkpoint 5: prepare for 12 s, 1 of 3 tasks\n  sum\[1\] has been writing/m)
  assert.match(out, /^last failed: disk full$/m)
})

test('list of a directory without jobs is empty and no failure', async () => {
  const { code, out, err } = await cli('list', '--directory', 'elsewhere')
  assert.deepEqual([code, out], [0, ''])
  assert.match(err, /no jobs run in .*elsewhere/)
})

test('list shows a killed job as gone', async () => {
  mkdirSync(join(directory, 'killed'), { recursive: true })
  const file = {
    formatVersion: 1,
    job: 'killed',
    pid: 999_999,
    processStart: 'x',
    host: 'here',
    socket: join(directory, 'killed', 'control.sock'),
    startedAt: 0,
    version: '0.1.0',
    claim: 'x',
  }
  writeFileSync(join(directory, 'killed', 'control.json'), JSON.stringify(file))
  assert.match((await cli('list')).out, /^killed +gone +999999/m)
  const { code, err } = await cli('stop', 'killed')
  assert.equal(code, 3)
  assert.match(err, /job killed \(process 999999\) cannot be reached/)
})

test('stop passes savepoint and drain on, and waits until the folder is free', async () => {
  const calls = await runJob('words')
  const { code, out } = await cli('stop', 'words', '--savepoint', 'backup', '--drain')
  assert.equal(code, 0)
  assert.match(out, /^stopped words, savepoint in backup/)
  const savepoint = join(folder.path, 'backup')
  assert.deepEqual(calls, [['stop', { savepoint, drain: true }]])
  await runJob('words')
  const json = JSON.parse((await cli('stop', 'words', '--json')).out) as object
  assert.deepEqual(json, { job: 'words', result: null, ended: true })
})

test('cancel ends the job', async () => {
  const calls = await runJob('words')
  assert.deepEqual(await cli('cancel', 'words'), { code: 0, out: 'cancelled words\n', err: '' })
  assert.deepEqual(calls, [['cancel']])
})

test('checkpoint takes one now, of what changed or in full', async () => {
  const calls = await runJob('words')
  assert.equal((await cli('checkpoint', 'words')).out, 'checkpoint 7 of words\n')
  const json = JSON.parse((await cli('checkpoint', 'words', '--full', '--json')).out) as object
  assert.deepEqual(json, { job: 'words', checkpointId: 7, full: true })
  assert.deepEqual(calls, [
    ['checkpoint', { full: false }],
    ['checkpoint', { full: true }],
  ])
  assert.equal((await cli('checkpoint', 'word')).code, 3)
})

test('savepoint goes to the folder given, or to one named by the time', async () => {
  const calls = await runJob('words')
  assert.equal((await cli('savepoint', 'words', 'copy')).code, 0)
  assert.equal((await cli('savepoint', 'words')).code, 0)
  assert.deepEqual(calls[0], ['savepoint', join(folder.path, 'copy')])
  const [, second] = calls[1] as [string, string]
  assert.ok(second.startsWith(join(directory, 'words', 'savepoints')))
  assert.match(second, /\d{8}T\d{6}Z$/)
})

test('an unknown job names the nearest one that runs, and ends with 3', async () => {
  await runJob('word-count')
  const { code, err } = await cli('stop', 'wordcount')
  assert.equal(code, 3)
  assert.match(err, /no job wordcount runs[\s\S]*did you mean word-count\?/)
})

test("the job's own error comes through with its code", async () => {
  await runJob('words', {
    savepoint: () => Promise.reject(new MillraceError('STORAGE_CONFLICT', 'it is not empty')),
  })
  const { code, err } = await cli('savepoint', 'words', 'full')
  assert.equal(code, 1)
  assert.match(err, /it is not empty[\s\S]*STORAGE_CONFLICT/)
})

test('the directory comes from the environment or the config file as well', async () => {
  await runJob('words')
  const environment = { MILLRACE_DIRECTORY: directory }
  const { out } = await perform('/', ['list'], { environment })
  assert.match(out, /^words +running/m)
})

test('release tells what goes on, and what stays parked', async () => {
  const calls = await runJob('parking')
  const text = await cli('release', 'parking', 'states')
  assert.deepEqual(
    [text.code, text.out.split('\n')],
    [
      0,
      [
        'states: released 1 of 2 keys; still parked:',
        '  states, key "bob", 3 records since 1970-01-01T00:00:00.000Z: no 4',
        '',
      ],
    ],
  )
  const json = JSON.parse((await cli('release', 'parking', 'states', '--key', '7', '--json')).out)
  assert.deepEqual([json.key, json.tried, json.released, json.parked.length], ['7', 2, 1, 1])
  assert.deepEqual(calls, [
    ['release', 'states', undefined],
    ['release', 'states', '7'],
  ])
  assert.equal((await cli('release', 'parking')).code, 2)
})
