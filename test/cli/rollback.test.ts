// millrace rollback on real jobs: there and back again, output taken back, refusals.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { job, type Job, run, type RunOptions, t } from 'millrace'
import { dataGenerator, fileSink, sink, twoPhaseCommitSink } from 'millrace/connectors'
import type { Sink } from '../../src/operators/sink.ts'
import { perform, temporaryFolder } from './cli.ts'

const RECORDS = 4_000
let folder = temporaryFolder()
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => folder.remove())
const cli = (...args: string[]) => perform(folder.path, args)

function numbersTo<C>(to: Sink<number, C>): Job {
  const generate = (index: number): number => index
  const numbers = dataGenerator({ generate, count: RECORDS, ratePerSecond: 4_000, type: t.int32 })
  return job('numbers', { checkpointing: { interval: '1 h' } }, (env) => {
    env.fromSource('numbers', numbers).sinkTo('out', to)
  })
}

const optionsFor = (more: RunOptions = {}): RunOptions => ({
  directory: join(folder.path, '.millrace'),
  ...more,
})

/** Takes two checkpoints and stops: their numbers, and that of the last one. */
async function threeCheckpoints(counted: Job): Promise<readonly [number, number, number]> {
  await using handle = await run(counted, optionsFor())
  await setTimeout(20)
  const first = await handle.checkpoint()
  await setTimeout(20)
  const second = await handle.checkpoint()
  await setTimeout(20)
  const { checkpointId = 0 } = await handle.stop()
  return [first.checkpointId, second.checkpointId, checkpointId]
}

function lines(output: string): readonly number[] {
  return readdirSync(output)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => readFileSync(join(output, name), 'utf8').trimEnd().split('\n'))
    .map(Number)
    .toSorted((a, b) => a - b)
}

test('the next run goes on from there, and output that came later is taken back', async () => {
  const output = join(folder.path, 'out')
  const counted = numbersTo(fileSink<number>({ path: output, format: 'text' }))
  const [first, second, last] = await threeCheckpoints(counted)
  const json = await cli('rollback', 'numbers', String(first), '--json')
  assert.equal(json.code, 0, json.err)
  assert.deepEqual(JSON.parse(json.out), {
    job: 'numbers',
    checkpointId: first,
    leftBehind: [second, last],
  })
  const { out } = await cli('checkpoint', 'ls', 'numbers')
  assert.match(out, new RegExp(`^ *${second} .*manual, left behind$`, 'm'))
  assert.match(out, new RegExp(`^ *${first} .*manual$`, 'm'))

  await using handle = await run(counted, optionsFor())
  assert.equal(handle.status.restoredFrom, first)
  assert.ok(readdirSync(join(output, '.withdrawn')).length > 0)
  await handle.finished
  assert.deepEqual(
    lines(output),
    Array.from({ length: RECORDS }, (_, index) => index),
  )
})

test('what was taken back is missing from a checkpoint that was left behind', async () => {
  const output = join(folder.path, 'out')
  const counted = numbersTo(fileSink<number>({ path: output, format: 'text' }))
  const [first, second] = await threeCheckpoints(counted)
  assert.equal((await cli('rollback', 'numbers', String(first))).code, 0)
  const { code, err } = await cli('rollback', 'numbers', String(second))
  assert.equal(code, 1)
  assert.match(err, /missing from "out"\n.*OUTPUT_TAKEN_BACK/)
  await assert.rejects(run(counted, optionsFor({ from: String(second) })), {
    code: 'OUTPUT_TAKEN_BACK',
  })
})

test('where nothing can be doubled or lost, a rollback can be undone', async () => {
  const seen: number[] = []
  const counted = numbersTo(sink<number>({ write: (values) => void seen.push(...values) }))
  const [first, , last] = await threeCheckpoints(counted)
  const { out } = await cli('rollback', 'numbers', String(first))
  assert.match(out, new RegExp(`^numbers goes on from checkpoint ${first}, taken `))
  assert.equal((await cli('rollback', 'numbers', String(last))).code, 0)
  await using handle = await run(counted, optionsFor())
  assert.equal(handle.status.restoredFrom, last)
  await handle.cancel()
})

test('output that a sink cannot take back is asked about', async () => {
  const counted = numbersTo(
    // It hands over nothing to commit: what matters is what it promises.
    twoPhaseCommitSink<number, string>({
      createWriter: () => ({ write: () => undefined, prepareCommit: () => [] }),
      createCommitter: () => ({ commit: () => undefined }),
    }),
  )
  const [first] = await threeCheckpoints(counted)
  const asked = await cli('rollback', 'numbers', String(first))
  assert.equal(asked.code, 1)
  assert.match(asked.err, /again: "out"\n.*OUTPUT_MAY_REPEAT/)
  const told = await cli('rollback', 'numbers', String(first), '--accept-duplicates')
  assert.equal(told.code, 0, told.err)
  await using handle = await run(counted, optionsFor())
  assert.equal(handle.status.restoredFrom, first)
  await handle.cancel()
})

test('a job that runs is refused, and so is a checkpoint that is not there', async () => {
  const counted = numbersTo(sink<number>({ write: () => undefined }))
  await using handle = await run(counted, optionsFor())
  const { checkpointId } = await handle.checkpoint()
  const owned = await cli('rollback', 'numbers', String(checkpointId))
  assert.equal(owned.code, 4)
  assert.match(owned.err, /runs the job numbers/)
  await handle.cancel()
  const absent = await cli('rollback', 'numbers', '4711')
  assert.equal(absent.code, 3)
  assert.match(absent.err, new RegExp(`retained are ${checkpointId}`))
  assert.equal((await cli('rollback', 'numbers', 'latest')).code, 2)
  assert.equal((await cli('rollback', 'nobody', '1')).code, 3)
})
