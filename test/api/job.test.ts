import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type DataStream, job, type StreamEnvironment, t } from 'millrace'
import { buildJobGraph } from '../../src/graph/build.ts'
import { asJob, type Job } from '../../src/graph/job.ts'
import { VERSION } from '../../src/util/version.ts'

const build = (env: StreamEnvironment) => env.fromElements('one', [1]).print()
const graphOf = (value: Job<{}>, params = {}) =>
  buildJobGraph(asJob(value), { parallelism: 1, maxParallelism: 128, params })

describe('a job', () => {
  it('is frozen, and keeps options apart from parameters', () => {
    const made = job('a', { parallelism: 2, params: { input: t.string }, strictTypes: true }, build)
    assert.ok(Object.isFrozen(made) && Object.isFrozen(made.settings))
    assert.deepEqual(made.settings, { parallelism: 2 })
    assert.deepEqual([Object.keys(made.params), made.strictTypes], [['input'], true])
  })

  it('gives its parameters to build', () => {
    let seen: unknown
    const made = job('a', { params: { input: t.string } }, (env, params) => {
      seen = params.input
      build(env)
    })
    asJob(made).streamGraph({ input: 'book.txt' })
    assert.equal(seen, 'book.txt')
  })

  it('has a name that can name a folder', () => {
    for (const name of ['', 'a b', '../a', '.a', 'a/b', 'x'.repeat(101)]) {
      assert.throws(() => job(name, build), { code: 'JOB_GRAPH_INVALID', message: /no name/ })
    }
    assert.equal(job('größe-1.2_b', build).name, 'größe-1.2_b')
  })

  it('needs a build function and an object of options', () => {
    const wrong = job as (...args: readonly unknown[]) => unknown // as JavaScript calls it
    assert.throws(() => wrong('a'), { code: 'JOB_GRAPH_INVALID', message: /no build|no object/ })
    assert.throws(() => wrong('a', {}), { message: /has no build function/ })
    assert.throws(() => wrong('a', 'x', build), { message: /no object/ })
    assert.throws(() => wrong('a', { params: { x: 'string' } }, build), { message: /has no type/ })
    assert.throws(() => wrong('a', { params: { '1': t.string } }, build), { message: /no name/ })
  })

  it('refuses an asynchronous build, by its declaration or by its result', () => {
    const declared = async (env: StreamEnvironment) => build(env)
    // @ts-expect-error functions are synchronous
    assert.throws(() => job('a', declared), { code: 'JOB_ASYNC_FUNCTION', message: /build of job/ })
    const returned = (env: StreamEnvironment) => Promise.resolve(build(env)) as unknown as undefined
    assert.throws(() => graphOf(job('a', returned)), { code: 'JOB_ASYNC_FUNCTION' })
  })

  it('cannot be chained on after build has returned', () => {
    let kept: DataStream<number> | undefined
    graphOf(
      job('a', (env) => {
        kept = env.fromElements('one', [1])
        kept.print()
      }),
    )
    assert.throws(() => kept?.print(), {
      code: 'JOB_GRAPH_INVALID',
      message: /job "a": print-2 is added after build has returned/,
    })
  })

  it('ends a loop in build', () => {
    const endless = job('a', (env) => {
      for (;;) env.fromElements('again', [])
    })
    assert.throws(() => graphOf(endless), { code: 'JOB_GRAPH_INVALID', cure: /loop/ })
  })

  it('is told apart from a job of another copy of the package, and from other values', () => {
    const other = { [Symbol.for('millrace.job')]: '9.9.9' }
    assert.throws(() => asJob(other, 'the default export of a.ts'), {
      code: 'JOB_DUPLICATE_PACKAGE',
      message: /^the default export of a\.ts is a job made by version 9\.9\.9, not by this/,
    })
    const same = { [Symbol.for('millrace.job')]: VERSION }
    assert.throws(() => asJob(same), { message: /another copy of it/ })
    for (const value of [undefined, null, 1, {}, build, Promise.resolve()]) {
      assert.throws(() => asJob(value), { code: 'JOB_MODULE_INVALID' })
    }
  })

  it('is branded with the version of the package', () => {
    // Our own package.json, which has a version.
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    assert.equal((JSON.parse(text) as { version: string }).version, VERSION)
  })
})
