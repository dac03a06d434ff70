// One task between its inputs and its outputs: when it cuts, when it waits, what a restored one
// still has to do.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, keyedProcess, t, valueState } from 'millrace'
import { collect, sink, source } from 'millrace/connectors'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { Gate, turns } from './doubles.ts'
import { deploy, theTask } from './tasks.ts'

const numbers = (count: number, batchRecords = 10) =>
  source<number, number>({
    position: t.float64,
    async *read(_split, from = 0) {
      for (let at = from; at < count; at += batchRecords) {
        const end = Math.min(count, at + batchRecords)
        yield { values: Array.from({ length: end - at }, (_, i) => at + i), position: end }
      }
    },
  })

/** Counts per key of the numbers below `count`. */
function countsJob(count: number) {
  const counts = collect<{ readonly key: number; readonly value: number }>()
  const made = job('counts', (env) => {
    env
      .fromSource('numbers', numbers(count), { timestamp: (value) => value })
      .keyBy((value) => value % 3)
      .count('counts')
      .sinkTo('out', counts)
  })
  return { made, counts }
}

describe('a task', () => {
  it('lets a barrier pass at the end of the batch that it is in', async () => {
    const deployed = await deploy(countsJob(100).made, { batchRecords: 4 })
    const task = theTask(deployed)
    deployed.assign('a')
    await turns()
    task.step(4)
    task.trigger({ checkpointId: 1, stopAfter: false })
    assert.equal(task.barriers.awaitsCut, true)
    assert.equal(task.parts.source?.recordsIn, 4)
    task.step(4)
    assert.equal(task.barriers.awaitsCut, true)
    task.step(4)
    assert.equal(task.barriers.awaitsCut, false)
    const read = task.parts.source?.recordsIn ?? 0
    assert.ok(read >= 10 && read <= 12)
    await deployed.settle()
    const [{ task: record } = assert.fail('no acknowledgement')] = deployed.acknowledged(1)
    assert.equal(record.source?.pending.length, 1)
    await deployed.close()
  })

  it('holds a barrier until the fate of the one before is known', async () => {
    const deployed = await deploy(countsJob(100).made)
    const task = theTask(deployed)
    deployed.assign('a')
    task.trigger({ checkpointId: 1, stopAfter: false })
    await deployed.settle()
    task.trigger({ checkpointId: 2, stopAfter: false })
    await deployed.settle()
    assert.equal(deployed.acknowledged(2).length, 0)
    assert.equal(task.barriers.awaitsCut, true, 'no split may come between the trigger and its cut')
    const { recordsIn } = task.parts.source ?? assert.fail()
    await deployed.settle()
    assert.equal(task.parts.source?.recordsIn, recordsIn, 'nothing is read behind the barrier')
    task.complete(1)
    await deployed.settle()
    assert.equal(deployed.acknowledged(2).length, 1)
    assert.equal(task.barriers.awaitsCut, false)
    await deployed.close()
  })

  it('cuts again before the fate of a cut is known, for one that builds on it', async () => {
    const deployed = await deploy(countsJob(100).made, { batchRecords: 4 })
    const task = theTask(deployed)
    deployed.assign('a')
    await turns()
    task.step(4)
    task.trigger({ checkpointId: 1, stopAfter: false })
    task.trigger({ checkpointId: 2, stopAfter: false, after: 1 })
    task.trigger({ checkpointId: 3, stopAfter: false })
    await deployed.settle()
    const acknowledged = (id: number) => deployed.acknowledged(id).length
    assert.deepEqual([1, 2, 3].map(acknowledged), [1, 1, 0], 'the third one does not say so')
    task.complete(1)
    await deployed.settle()
    assert.equal(acknowledged(3), 0)
    task.complete(2)
    await deployed.settle()
    assert.equal(acknowledged(3), 1)
    await deployed.close()
  })

  it('reads on when the checkpoint after which it stopped is aborted', async () => {
    const { made, counts } = countsJob(50)
    const deployed = await deploy(made, { batchRecords: 10 })
    const task = theTask(deployed)
    deployed.assign('a')
    await turns()
    task.step(10)
    task.trigger({ checkpointId: 1, stopAfter: true })
    await deployed.settle()
    assert.equal(task.parts.source?.hasEnded, false)
    const { recordsIn } = task.parts.source ?? assert.fail()
    assert.ok(recordsIn < 50)
    await task.abort(1)
    await deployed.settle()
    assert.equal(task.parts.source?.hasEnded, true)
    task.trigger({ checkpointId: 2, stopAfter: true })
    await deployed.settle()
    task.complete(2)
    await task.settle(2, true)
    assert.equal(counts.values.length, 50)
    await deployed.close()
  })

  it('reports its end once, and takes part in checkpoints after it', async () => {
    const deployed = await deploy(countsJob(20).made)
    deployed.assign('a')
    await deployed.settle()
    await deployed.settle()
    const ends = deployed.host.sent.filter(({ kind }) => kind === 'ended')
    assert.deepEqual(ends, [{ kind: 'ended', vertex: 0, subtaskIndex: 0 }])
    theTask(deployed).trigger({ checkpointId: 1, stopAfter: true })
    await deployed.settle()
    assert.deepEqual(deployed.acknowledged(1)[0]?.task.source?.finished, ['a'])
    await deployed.close()
  })

  it('says how much its checkpoint wrote, and that an empty one wrote nothing', async () => {
    const made = job('silent', (env) => {
      const nothing = sink<unknown>({ write: () => undefined })
      env
        .fromSource('n', numbers(30))
        .keyBy((n) => n)
        .count('counts')
        .sinkTo('out', nothing)
    })
    const deployed = await deploy(made)
    const task = theTask(deployed)
    task.parts.source?.assign([{ id: 'a' }])
    await deployed.settle()
    for (const checkpointId of [1, 2]) {
      task.trigger({ checkpointId, stopAfter: false })
      await deployed.settle()
      task.complete(checkpointId)
    }
    const [first, second] = [1, 2].map((id) => deployed.acknowledged(id)[0]?.statistics)
    assert.deepEqual([first?.dirtyEntries, second?.dirtyEntries], [30, 0])
    assert.ok((first?.bytes ?? 0) > 100)
    assert.equal(second?.bytes, 0)
    await deployed.close()
  })

  it('fails when its sink fails, and names it', async () => {
    const made = job('failing', (env) => {
      const failing = sink<number>({ write: () => Promise.reject(new Error('no route')) })
      env.fromSource('numbers', numbers(10)).sinkTo('out', failing)
    })
    const deployed = await deploy(made)
    deployed.assign('a')
    await assert.rejects(deployed.settle(), {
      code: 'CONNECTOR_FAILED',
      message: 'sink "out": no route',
    })
    await deployed.close()
  })
})

/** Each number sets a timer for the end of input; a timer emits its key. */
function timersJob(count: number, write: (values: readonly number[]) => void | Promise<void>) {
  const timed = keyedProcess({
    state: { seen: valueState<number>() },
    processElement(value: number, ctx) {
      ctx.state.seen.update(value)
      ctx.timers.registerEventTimeTimer(1e6)
    },
    onTimer(_time, ctx, out: { collect(value: number): void }) {
      out.collect(ctx.state.seen.value() ?? -1)
    },
  })
  return job('timers', (env) => {
    env
      .fromSource('numbers', numbers(count), { timestamp: (value) => value })
      .keyBy((value) => value)
      .process('timed', timed)
      .sinkTo('out', sink<number>({ write }))
  })
}

describe('a task with timers', () => {
  it('does not fire them faster than its output takes what they emit', async () => {
    const release = new Gate()
    const written: number[] = []
    const deployed = await deploy(
      timersJob(60_000, async (values) => {
        await release.passed
        written.push(...values)
      }),
    )
    deployed.assign('a')
    await deployed.settle()
    const [{ pump } = assert.fail('no sink')] = theTask(deployed).parts.sinks
    assert.ok(pump.recordsOut > 8_000 && pump.recordsOut < 12_000, `${pump.recordsOut} emitted`)
    assert.equal(pump.spilledBytes, 0)
    release.open()
    while (written.length < 60_000) await deployed.settle()
    assert.equal(new Set(written).size, 60_000)
    assert.equal(deployed.host.sent.filter(({ kind }) => kind === 'ended').length, 1)
    await deployed.close()
  })

  it('fires the rest of a burst after a restore in the middle of it', async () => {
    const written: number[] = []
    const store = new MemoryBlobStore()
    const made = timersJob(5_000, (values) => void written.push(...values))
    const first = await deploy(made, { store })
    first.assign('a')
    await turns()
    const task = theTask(first)
    while (task.parts.source?.hasEnded !== true) {
      task.step(512)
      await turns(1)
    }
    task.step(512)
    const fired = written.length
    assert.ok(fired > 0 && fired < 5_000, `${fired} fired`)
    task.trigger({ checkpointId: 1, stopAfter: false })
    await turns(20)
    const restored = first.acknowledged(1).map((acknowledged) => acknowledged.task)
    await first.close()
    written.length = 0
    const second = await deploy(made, { store, restored })
    second.assign()
    await second.settle()
    assert.ok(written.length >= 5_000 - fired - 1_024 && written.length < 5_000)
    assert.equal(new Set(written).size, written.length)
    assert.ok(written.includes(4_999) || written.includes(0))
    assert.equal(second.host.sent.filter(({ kind }) => kind === 'ended').length, 1)
    await second.close()
  })
})
