// Checkpoints while sources catch up: what a source says of itself, and what follows.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { job, run, t } from 'millrace'
import { source, sink } from 'millrace/connectors'
import { SplitCoordinator } from '../../src/runtime/split-coordinator.ts'
import { until } from './doubles.ts'

const directory = mkdtempSync(join(tmpdir(), 'millrace-backlog-'))
after(() => rmSync(directory, { recursive: true, force: true }))

test('with 0 there is no checkpoint until the backlog is over, then one at once', async () => {
  let isBacklog = true
  const topic = source<number, number>({
    name: 'topic',
    position: t.float64,
    bounded: false,
    async *read(_split, from = 0, { clock, signal }) {
      for (let at = from; !signal.aborted; at++) {
        yield { values: [at], position: at + 1, isBacklog }
        await clock.sleep(5, signal)
      }
    },
  })
  const reading = job('catching-up', (env) => {
    env
      .fromSource('topic', topic)
      .sinkTo('out', sink<number>({ name: 'out', write: () => undefined }))
  })
  await using handle = await run(reading, {
    directory,
    checkpointing: { interval: '400 ms', intervalDuringBacklog: 0 },
  })
  await until(() => handle.status.checkpoints.interval?.reason === 'backlog')
  const before = handle.status.checkpoints.completed
  await new Promise((resolve) => setTimeout(resolve, 900))
  assert.equal(handle.status.checkpoints.completed, before)
  isBacklog = false
  await until(() => handle.status.checkpoints.completed > before)
  assert.equal(handle.status.checkpoints.interval?.reason, 'stated')
})

test('a bounded source is a backlog until all of its splits are read', () => {
  const spec = {
    uid: 'files',
    bounded: true,
    onDemand: true,
    discoversAgain: false,
    parallelism: 1,
  }
  const splits = new SplitCoordinator([spec], [])
  assert.equal(splits.hasBacklog, true, 'nobody knows yet what there is')
  splits.discovered('files', [{ id: 'a' }, { id: 'b' }])
  splits.finished('files', 'a')
  assert.equal(splits.hasBacklog, true)
  splits.finished('files', 'b')
  assert.equal(splits.hasBacklog, false)
  const endless = new SplitCoordinator([{ ...spec, bounded: false }], [])
  assert.equal(endless.hasBacklog, false, 'it says so itself')
})

test('an interval for the backlog that is shorter than the interval is refused', async () => {
  const plain = job('refused', (env) => {
    const numbers = source<number, number>({
      async *read() {
        yield { value: 1, position: 1 }
      },
    })
    env.fromSource('numbers', numbers).sinkTo('out', sink({ name: 'out', write: () => undefined }))
  })
  const checkpointing = { interval: '10 s', intervalDuringBacklog: '5 s' } as const
  await assert.rejects(run(plain, { directory, checkpointing }), (error: unknown) => {
    assert.match(String(error), /intervalDuringBacklog 5000 ms .* is below .*interval 10000 ms/)
    return true
  })
})
