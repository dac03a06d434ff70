// Job values, which run in the thread that starts them: results, errors with their key, abort, two
// at a time, and that nothing is printed or left behind.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isMillraceError, job, keyedProcess, run, valueState, type Logger } from 'millrace'
import { collect, dataGenerator, sink } from 'millrace/connectors'
import { embeddedHost } from '../../../src/runtime/host-embedded.ts'
import { runOn } from '../../../src/runtime/run-on.ts'
import { systemClock } from '../../../src/util/clock.ts'
import { Gate, until } from '../doubles.ts'
import { placeFor, untilCheckpoints } from './helpers.ts'

/** Running sums per parity, of numbers that come at a rate or at once. */
function sumsJob(name: string, records: number, rate?: number) {
  const sums = collect<{ readonly key: number; readonly value: number }>()
  const made = job(name, (env) => {
    const numbers = dataGenerator({
      generate: (index) => index,
      count: records,
      ...(rate === undefined ? {} : { ratePerSecond: rate }),
    })
    env
      .fromSource('numbers', numbers)
      .keyBy((number) => number % 2)
      .count('counts')
      .sinkTo('sums', sums)
  })
  return { made, sums }
}

const last = <T>(values: readonly T[]): T | undefined => values.at(-1)

describe('a job value', () => {
  it('runs in this thread and finishes', async (context) => {
    const { made, sums } = sumsJob('sums', 5_000)
    const handle = await run(made, placeFor(context).options)
    assert.equal((await handle.finished).outcome, 'finished')
    assert.equal(sums.values.length, 5_000)
    assert.deepEqual(last(sums.values), { key: 1, value: 2_500 })
    await assert.rejects(handle.checkpoint(), { code: 'JOB_NOT_RUNNING' })
    assert.equal((await handle.stop()).outcome, 'finished')
    // Nobody is left who could write the savepoint: silence would be taken for success.
    await assert.rejects(handle.stop({ savepoint: 'nowhere' }), { code: 'JOB_NOT_RUNNING' })
    assert.equal((await handle.cancel()).outcome, 'finished')
  })

  it('is refused above parallelism 1, for it cannot cross into threads', async (context) => {
    const { made } = sumsJob('sums', 10)
    const started = run(made, { ...placeFor(context).options, parallelism: 2 })
    await assert.rejects(started, { code: 'JOB_NEEDS_MODULE' })
  })

  it('names operator, key and record of what failed', async (context) => {
    const checked = keyedProcess({
      state: { seen: valueState<number>() },
      processElement(value: number, ctx) {
        ctx.state.seen.update((ctx.state.seen.value() ?? 0) + 1)
        if (value === 777) throw new RangeError('too odd')
      },
    })
    const made = job('failing', (env) => {
      env
        .fromSource('numbers', dataGenerator({ generate: (index) => index, count: 1_000 }))
        .keyBy((number) => `key ${number % 10}`)
        .process('checks', checked)
        .print()
    })
    const { options } = placeFor(context)
    const handle = await run(made, { ...options, restart: { strategy: 'none' } })
    await assert.rejects(handle.finished, (error) => {
      assert.ok(isMillraceError(error))
      assert.equal(error.code, 'FUNCTION_FAILED')
      assert.equal(error.message, 'checks, key "key 7": too odd (split 0-of-1, record 778)')
      assert.deepEqual(error.details, {
        operator: 'checks',
        key: '"key 7"',
        place: 'split 0-of-1, record 778',
      })
      assert.ok(error.cause instanceof Error)
      return true
    })
    assert.equal(handle.status.recordsIn, 778)
  })

  it('is cancelled by its signal, and not started with an aborted one', async (context) => {
    const { options } = placeFor(context)
    const controller = new AbortController()
    const { made } = sumsJob('sums', 1e9, 1_000)
    const handle = await run(made, { ...options, signal: controller.signal })
    await until(() => handle.status.recordsIn > 0)
    controller.abort()
    assert.equal((await handle.finished).outcome, 'cancelled')
    assert.equal(handle.status.state, 'cancelled')
    const late = run(made, { ...options, signal: controller.signal })
    await assert.rejects(late, { code: 'JOB_CANCELLED' })
  })

  it('is cancelled when its handle is disposed of, to go on in the next run', async (context) => {
    const { options } = placeFor(context)
    const { made, sums } = sumsJob('sums', 3_000, 6_000)
    {
      await using handle = await run(made, options)
      await untilCheckpoints(handle, 2)
    }
    const handle = await run(made, options)
    assert.ok((handle.status.restoredFrom ?? 0) > 0)
    await handle.finished
    assert.equal(sums.values.length, 3_000)
  })

  it('runs beside another one, but not beside itself', async (context) => {
    const { options } = placeFor(context)
    const first = sumsJob('first', 2_000, 5_000)
    const second = sumsJob('second', 2_000, 5_000)
    const handles = [await run(first.made, options), await run(second.made, options)]
    await assert.rejects(run(first.made, options), { code: 'JOB_OWNED' })
    for (const handle of handles) assert.equal((await handle.finished).outcome, 'finished')
    assert.equal(first.sums.values.length, 2_000)
    assert.equal(second.sums.values.length, 2_000)
    const again = await run(first.made, options)
    assert.equal((await again.finished).hadFinished, true)
  })

  it('waits with its sources while a sink is slow, and is exact afterwards', async (context) => {
    const { options } = placeFor(context)
    const release = new Gate()
    const written: number[] = []
    const made = job('stalled', (env) => {
      env
        .fromSource('numbers', dataGenerator({ generate: (index) => index, count: 100_000 }))
        .sinkTo(
          'slow',
          sink<number>({
            async write(values) {
              await release.passed
              written.push(...values)
            },
          }),
        )
    })
    const handle = await run(made, options)
    await until(() => handle.status.recordsIn > 0)
    await systemClock.sleep(100)
    assert.ok(handle.status.recordsIn < 20_000, `${handle.status.recordsIn} read`)
    release.open()
    await handle.finished
    assert.deepEqual(written, [...Array(100_000).keys()])
  })

  it('is cancelled although its sink hangs', async (context) => {
    const { options } = placeFor(context)
    const impatient = {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 50), signal),
    }
    const made = job('hanging', (env) => {
      env
        .fromElements('numbers', [1, 2, 3])
        .sinkTo('hangs', sink<number>({ write: () => new Promise(() => undefined) }))
    })
    const handle = await runOn({ ...embeddedHost, clock: impatient }, made, options)
    await until(() => handle.status.recordsIn === 3)
    assert.equal((await handle.cancel()).outcome, 'cancelled')
  })

  it('writes to its logger', async (context) => {
    const lines: string[] = []
    const logger: Logger = {
      debug: () => undefined,
      info: (_fields, message) => void lines.push(message ?? ''),
      warn: (_fields, message) => void lines.push(message ?? ''),
      error: (_fields, message) => void lines.push(message ?? ''),
      child: () => logger,
    }
    const { made } = sumsJob('sums', 10)
    await (
      await run(made, { ...placeFor(context).options, logger })
    ).finished
    assert.ok(
      lines.some((line) => line.includes('checkpoint')),
      lines.join('\n'),
    )
  })
})

describe('a program with a job', () => {
  it('prints nothing, stays until the job is over, and then ends', (context) => {
    const { directory, options } = placeFor(context)
    const program = join(directory, 'program.ts')
    const millrace = new URL('../../../src/index.ts', import.meta.url)
    const connectors = new URL('../../../src/connectors/index.ts', import.meta.url)
    writeFileSync(
      program,
      `import { job, run } from '${millrace.href}'
       import { collect, source } from '${connectors.href}'
       // Its reader waits for nothing that would keep a process alive.
       const lazy = source<number, number>({
         async *read(_split, from = 0, { clock }) {
           for (let at = from; at < 5; at++) {
             await new Promise<void>((resolve) => clock.setTimer(20, resolve))
             yield { value: at, position: at + 1 }
           }
         },
       })
       const out = collect<number>()
       const lazyJob = job('lazy', (env) => void env.fromSource('lazy', lazy).sinkTo('out', out))
       const handle = await run(lazyJob, ${JSON.stringify(options)})
       await handle.finished
       if (out.values.join() !== '0,1,2,3,4') process.exitCode = 9`,
    )
    const ended = spawnSync(process.execPath, ['--conditions=millrace-source', program], {
      encoding: 'utf8',
      timeout: 120_000,
    })
    assert.deepEqual([ended.stdout, ended.stderr, ended.status], ['', '', 0])
  })
})
