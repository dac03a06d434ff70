// What is said when a file, a folder or a snapshot is not what a job needs: inputs, outputs, a
// folder that another process owns, `--from` and savepoints.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertFailure, jobModule, logLines, project, type Project } from './project.ts'

const reading = (path: string) =>
  jobModule(
    'reading',
    `env.fromSource('in', fileSource({ path: '${path}', format: lines() })).print()`,
  )

const writing = (path: string) =>
  jobModule('writing', `env.fromElements('n', ['1']).sinkTo('out', fileSink({ path: '${path}' }))`)

/** Never ends; its state grows by nothing. */
const ticking = jobModule(
  'ticking',
  [
    'env',
    "  .fromSource('ticks', dataGenerator({ generate: (index) => index, ratePerSecond: 200 }))",
    '  .keyBy((tick) => tick % 3)',
    "  .count('counts')",
    "  .sinkTo('out', fileSink({ path: 'out' }))",
  ].join('\n'),
  "checkpointing: { interval: '100 ms' }",
)

describe('a job whose input or output cannot be opened', { concurrency: 2 }, () => {
  it('names an input file that is missing', async (test) => {
    const { write, millrace } = project(test)
    write('job.ts', reading('data/in.txt'))
    assertFailure(await millrace('run', 'job.ts'), {
      exit: 1,
      code: 'CONNECTOR_INPUT_MISSING',
      says: /the input data\/in\.txt does not exist/,
      cure: /working directory/,
      details: { file: 'data/in.txt' },
    })
  })

  it('names an input whose folder is a file', async (test) => {
    const { write, millrace } = project(test)
    write('job.ts', reading('data/in.txt'))
    write('data', '')
    assertFailure(await millrace('run', 'job.ts'), {
      exit: 1,
      code: 'CONNECTOR_FAILED',
      says: /reading data\/in\.txt failed with ENOTDIR/,
      cure: /a part of it is a file, not a folder/,
      details: { file: 'data/in.txt', errno: 'ENOTDIR' },
    })
  })

  it('names an output folder that cannot be made', async (test) => {
    const { path, write, millrace } = project(test)
    write('job.ts', writing('data/out'))
    write('data', '')
    assertFailure(await millrace('run', 'job.ts'), {
      exit: 1,
      code: 'CONNECTOR_FAILED',
      says: /data\/out failed with ENOTDIR/,
      cure: /a part of it is a file, not a folder/,
      details: { file: join(path, 'data/out') },
    })
  })

  it('names a job folder that cannot be made', async (test) => {
    const { write, millrace } = project(test)
    write('job.ts', jobModule('placed', "env.fromElements('n', [1]).print()"))
    write('plain', '')
    const failure = assertFailure(await millrace('run', 'job.ts', '--directory', 'plain/jobs'), {
      exit: 1,
      code: 'STORAGE_FAILED',
      says: /plain\/jobs/,
      cure: /./,
    })
    assert.match(failure.message, /ENOTDIR|not a directory/)
  })
})

/** Waits until the job has written visible output, so that it runs and has a checkpoint. */
async function untilOutput({ path }: Project): Promise<void> {
  const folder = join(path, 'out')
  const isThere = () =>
    existsSync(folder) && readdirSync(folder).some((name) => !name.startsWith('.'))
  for (let waitedMs = 0; !isThere(); waitedMs += 20) {
    assert.ok(waitedMs < 20_000, 'the job writes output')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('a job that runs already', () => {
  it('refuses a second owner and an occupied savepoint folder', async (test) => {
    const place = project(test)
    const { write, millrace, start } = place
    write('job.ts', ticking)
    const first = start('run', 'job.ts')
    await untilOutput(place)
    assertFailure(await millrace('run', 'job.ts'), {
      exit: 4,
      code: 'JOB_OWNED',
      says: new RegExp(`process ${first.child.pid} runs the job ticking in .*\\.millrace/ticking`),
      cure: /millrace stop ticking/,
      details: { pid: first.child.pid, job: 'ticking' },
    })
    write('saved/notes.txt', 'mine')
    assertFailure(await millrace('savepoint', 'ticking', 'saved'), {
      exit: 1,
      code: 'STORAGE_CONFLICT',
      says: /saved already holds something/,
      cure: /empty directory/,
    })
    assert.deepEqual(readdirSync(join(place.path, 'saved')), ['notes.txt'])
    assertFailure(await millrace('stop', 'tickng'), {
      exit: 3,
      code: 'CONTROL_UNREACHABLE',
      says: /no job tickng runs/,
      cure: /did you mean ticking\?/,
    })
    assert.equal((await millrace('stop', 'ticking')).code, 0)
    const { code, err } = await first.ended
    assert.equal(code, 0)
    assert.deepEqual(
      logLines(err).filter(({ level }) => level !== 'info' && level !== 'debug'),
      [],
    )
  })
})

describe('a job that is to go on from a snapshot', () => {
  it('names a directory that holds none, and touches nothing', async (test) => {
    const { path, write, millrace } = project(test)
    write('job.ts', jobModule('from', "env.fromElements('n', [1]).print()"))
    for (const [from, says] of [
      ['nowhere', /no snapshot in .*nowhere/],
      ['7', /there is no checkpoint 7/],
    ] as const) {
      const outcome = await millrace('run', 'job.ts', '--from', from)
      assertFailure(outcome, { exit: 3, code: 'CHECKPOINT_NOT_FOUND', says, cure: /./ })
      assert.equal(outcome.out, '')
    }
    assert.ok(!existsSync(join(path, 'nowhere')), 'looking does not make it')
  })

  it('names what differs when a type of state has changed, and --fresh', async (test) => {
    const { write, millrace } = project(test)
    const changed = (type: string, value: string) =>
      jobModule(
        'changed',
        [
          "env.fromElements('n', [1]).keyBy((v) => v).process('seen', keyedProcess({",
          `  state: { last: valueState(${type}) },`,
          `  processElement: (v: number, { state }: any) => state.last.update(${value}),`,
          '} as never)).print()',
        ].join('\n'),
      )
    write('job.ts', changed('t.int32', '1'))
    const before = await millrace('run', 'job.ts')
    assert.equal(before.code, 0, before.err)
    write('job.ts', changed('t.string', "'one'"))
    assertFailure(await millrace('run', 'job.ts'), {
      exit: 1,
      code: 'CHECKPOINT_INCOMPATIBLE',
      says: /does not fit the job as it is now:\n {2}- state "last" of "seen" .*int32.*string/,
      cure: /undo these changes, .* or start without any state with --fresh/,
    })
    const fresh = await millrace('run', 'job.ts', '--fresh')
    assert.equal(fresh.code, 0, fresh.err)
  })
})
