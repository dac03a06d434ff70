/** Stopping with a savepoint: once, whatever fails on the way and however often it is asked for. */
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { job, run, type RunOptions, t, tumblingWindow } from 'millrace'
import { dataGenerator, sink, twoPhaseCommitSink } from 'millrace/connectors'
import type { Sink } from 'millrace/spi'
import { Snapshot } from 'millrace/savepoint'
import { embeddedHost } from '../../src/runtime/host-embedded.ts'
import type { Host } from '../../src/runtime/host.ts'
import { runOn } from '../../src/runtime/run-on.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-stop-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const ignored = sink<unknown>({ write: () => undefined })

const numbers = () => dataGenerator({ generate: (i) => i, ratePerSecond: 2_000, type: t.int32 })

const counting = (to: Sink<unknown, never> = ignored) =>
  job('counting', { checkpointing: { interval: '1 h' } }, (env) => {
    env
      .fromSource('numbers', numbers())
      .keyBy((n) => n % 3)
      .count('counts')
      .sinkTo('out', to)
  })

const optionsFor = (name: string): RunOptions & { readonly directory: string } => ({
  directory: join(folder, name),
})

/** The number of the checkpoint that a savepoint is a copy of. */
async function savedIn(location: string): Promise<number> {
  await using snapshot = await Snapshot.open(location)
  assert.equal(snapshot.link.purpose, 'savepoint')
  return snapshot.checkpointId
}

test('whoever asks again is told the same; another savepoint is refused', async () => {
  const options = optionsFor('a')
  const savepoint = join(options.directory, 'saved')
  await using handle = await run(counting(), options)
  const answers = await Promise.allSettled([
    handle.stop({ savepoint }),
    handle.stop({ savepoint }),
    handle.stop(),
    handle.stop({ savepoint: `${savepoint}-2` }),
  ])
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
  )
  const { checkpointId } = await handle.finished
  assert.equal(await savedIn(savepoint), checkpointId)
  assert.ok(!existsSync(`${savepoint}-2`))
})

test('a folder that holds something is refused before anything stops', async () => {
  const options = optionsFor('b')
  const savepoint = join(options.directory, 'full')
  mkdirSync(savepoint, { recursive: true })
  writeFileSync(join(savepoint, 'notes.txt'), 'mine')
  await using handle = await run(counting(), options)
  await assert.rejects(handle.stop({ savepoint }), { code: 'STORAGE_CONFLICT' })
  await assert.rejects(handle.savepoint(savepoint), { code: 'STORAGE_CONFLICT' })
  assert.equal(handle.status.state, 'running')
  assert.equal(handle.status.checkpoints.completed, 0)
  await handle.checkpoint()
  await handle.cancel()
})

test('what an interrupted savepoint left is gone on with', async () => {
  const options = optionsFor('c')
  const savepoint = join(options.directory, 'saved')
  const halfway = join(options.directory, 'halfway')
  await using handle = await run(counting(), options)
  await setTimeout(20)
  await handle.savepoint(savepoint)
  mkdirSync(join(halfway, 'runs'), { recursive: true })
  writeFileSync(join(halfway, 'runs', '1-999-v0-s0.run'), 'half of a run')
  await handle.stop({ savepoint: halfway })
  assert.equal(await savedIn(halfway), (await handle.finished).checkpointId)
  assert.ok(!existsSync(join(halfway, 'runs', '1-999-v0-s0.run')))
})

test('a failed attempt is followed by one that stops, with the savepoint', async () => {
  const options = optionsFor('d')
  const savepoint = join(options.directory, 'saved')
  let failures = 1
  const at = (point: string): void => {
    if (point === 'before-manifest' && failures-- > 0) throw new Error('injected')
  }
  const host: Host = { ...embeddedHost, at }
  await using handle = await runOn(host, counting(), options)
  await handle.stop({ savepoint })
  const { outcome, checkpointId } = await handle.finished
  assert.deepEqual([outcome, handle.status.attempts], ['stopped', 2])
  assert.equal(await savedIn(savepoint), checkpointId)
})

test('a savepoint is written although output could not be committed at first', async () => {
  const options = optionsFor('e')
  const savepoint = join(options.directory, 'saved')
  let failures = 1
  const written = Promise.withResolvers<void>()
  const failing = twoPhaseCommitSink<unknown, number>({
    createWriter: () => ({ write: () => written.resolve(), prepareCommit: () => [1] }),
    createCommitter: () => ({
      async commit() {
        if (failures-- <= 0) return
        while (!existsSync(join(savepoint, 'chain'))) await setTimeout(2)
        throw new Error('injected')
      },
    }),
  })
  // What it hands over to be committed is its own matter.
  await using handle = await run(counting(failing as unknown as Sink<unknown, never>), options)
  await written.promise
  await handle.stop({ savepoint })
  const { outcome, checkpointId } = await handle.finished
  assert.equal(outcome, 'stopped')
  assert.ok(failures < 0)
  assert.equal(await savedIn(savepoint), checkpointId)
})

test('a savepoint whose output is not committed when the job is cancelled fails', async () => {
  const options = optionsFor('g')
  const savepoint = join(options.directory, 'saved')
  let isReady = false
  const committed: number[] = []
  const written = Promise.withResolvers<void>()
  const waiting = twoPhaseCommitSink<unknown, number>({
    createWriter: () => ({ write: () => written.resolve(), prepareCommit: () => [1] }),
    createCommitter: () => ({
      commit: ({ committable }) => (isReady ? void committed.push(committable) : 'retry'),
    }),
  })
  // What it hands over to be committed is its own matter.
  const counted = counting(waiting as unknown as Sink<unknown, never>)
  await using handle = await run(counted, options)
  await written.promise
  const saved = Promise.withResolvers<void>()
  const onSaved = () => setImmediate(saved.resolve)
  subscribe('millrace:savepoint:completed', onSaved)
  const stopped = assert.rejects(handle.stop({ savepoint }), {
    code: 'JOB_NOT_RUNNING',
    message: /before the output of checkpoint 1 was committed/,
  })
  await saved.promise
  unsubscribe('millrace:savepoint:completed', onSaved)
  await handle.cancel()
  await stopped
  assert.deepEqual([await savedIn(savepoint), committed], [1, []])

  isReady = true
  await using again = await run(counted, options)
  await again.cancel()
  assert.deepEqual(committed, [1], 'run once more it commits')
})

test('drain fires everything before the savepoint, and reads nothing twice after it', async () => {
  const options = optionsFor('f')
  const savepoint = join(options.directory, 'saved')
  const fired: number[] = []
  const seen: number[] = []
  const windowed = (name: string) =>
    job(name, { checkpointing: { interval: '1 h' } }, (env) => {
      env
        .fromSource('numbers', numbers(), { timestamp: (n) => n })
        .map((n) => {
          seen.push(n)
          return n
        })
        .keyBy(() => 'all', t.string)
        .window(tumblingWindow('1 h'))
        .aggregate('counts', {
          accumulator: t.int32,
          createAccumulator: () => 0,
          add: (_n: number, count: number) => count + 1,
          getResult: (count: number) => count,
        })
        .sinkTo('out', sink({ write: (counts) => void fired.push(...counts) }))
    })
  await using handle = await run(windowed('windowed'), options)
  await setTimeout(50)
  assert.deepEqual(fired, [], 'no window is over')
  await handle.stop({ savepoint, drain: true })
  const { outcome, checkpointId } = await handle.finished
  assert.equal(outcome, 'finished')
  assert.deepEqual(fired, [seen.length])
  assert.equal(await savedIn(savepoint), checkpointId)
  await using snapshot = await Snapshot.open(savepoint)
  for await (const { states } of snapshot.state('counts').rows()) assert.deepEqual(states, {})
  for await (const window of snapshot.state('counts').windows()) assert.fail(String(window.key))

  const before = seen.length
  await using next = await run(windowed('next'), { ...options, from: savepoint })
  await setTimeout(30)
  await next.cancel()
  assert.deepEqual(new Set(seen).size, seen.length, 'each number once')
  assert.ok(seen.length >= before)
})
