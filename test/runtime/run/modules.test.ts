// Jobs from modules, on two worker threads: exact results, checkpoints, stop, cancel, resume,
// another parallelism.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import { until } from '../doubles.ts'
import { assertCounted, countingJob, linesOf, placeFor, untilCheckpoints } from './helpers.ts'

describe('a job from a module', () => {
  it('runs on two workers and counts every record once', async (context) => {
    const { options, output } = placeFor(context)
    const params = { output, records: 20_000, keys: 100 }
    const handle = await run(countingJob, { ...options, parallelism: 2, params })
    const result = await handle.finished
    assert.equal(result.outcome, 'finished')
    assert.equal(result.hadFinished, false)
    assertCounted(output, 20_000, 100)
    const { state, recordsIn, recordsOut, checkpoints } = handle.status
    assert.deepEqual(
      { state, recordsIn, recordsOut },
      { state: 'finished', recordsIn: 20_000, recordsOut: 20_000 },
    )
    assert.equal(checkpoints.last?.purpose, 'final')
  })

  it('says that it had finished when it is run again, and writes nothing more', async (context) => {
    const { options, output } = placeFor(context)
    const params = { output, records: 1_000, keys: 10 }
    await (
      await run(countingJob, { ...options, parallelism: 2, params })
    ).finished
    const again = await run(countingJob, { ...options, parallelism: 2, params })
    const result = await again.finished
    assert.deepEqual([result.outcome, result.hadFinished], ['finished', true])
    assertCounted(output, 1_000, 10)
  })

  it('shows output only with complete checkpoints', async (context) => {
    const { options, output } = placeFor(context)
    const params = { output, records: 1e9, keys: 10, rate: 20_000 }
    const handle = await run(countingJob, {
      ...options,
      checkpointing: { interval: '1 h' },
      parallelism: 2,
      params,
    })
    await until(() => handle.status.recordsOut > 100)
    assert.deepEqual(linesOf(output), [])
    await handle.checkpoint()
    assert.ok(linesOf(output).length > 100)
    await handle.cancel()
  })

  it('stops with a checkpoint and goes on from it at another parallelism', async (context) => {
    const { options, output } = placeFor(context)
    const params = { output, records: 6_000, keys: 50, rate: 10_000 }
    let parallelism = 2
    for (;;) {
      const handle = await run(countingJob, { ...options, parallelism, params })
      if (parallelism > 3) {
        assert.equal((await handle.finished).outcome, 'finished')
        break
      }
      await until(() => handle.status.recordsIn > 300)
      const result = await handle.stop()
      assert.equal(result.outcome, 'stopped')
      assert.equal(handle.status.state, 'stopped')
      assert.equal(handle.status.checkpoints.last?.checkpointId, result.checkpointId)
      parallelism = parallelism === 2 ? 1 : parallelism === 1 ? 3 : 4
    }
    assertCounted(output, 6_000, 50)
  })

  it('goes on from its newest checkpoint after it was cancelled', async (context) => {
    const { options, output } = placeFor(context)
    const params = { output, records: 6_000, keys: 50, rate: 10_000 }
    const first = await run(countingJob, { ...options, parallelism: 2, params })
    await untilCheckpoints(first, 2)
    const result = await first.cancel()
    assert.deepEqual([result.outcome, result.checkpointId], ['cancelled', undefined])
    const second = await run(countingJob, { ...options, parallelism: 2, params })
    assert.ok((second.status.restoredFrom ?? 0) >= 2)
    assert.equal((await second.finished).outcome, 'finished')
    assertCounted(output, 6_000, 50)
  })

  it('drains: ends its input early, and is finished', async (context) => {
    const { options, output } = placeFor(context)
    const params = { output, records: 1e9, keys: 10, rate: 10_000 }
    const handle = await run(countingJob, { ...options, parallelism: 2, params })
    await until(() => handle.status.recordsIn > 300)
    const result = await handle.stop({ drain: true })
    assert.equal(result.outcome, 'finished')
    assert.equal(linesOf(output).length, handle.status.recordsIn)
  })

  it('starts another line from a savepoint, with its state, not its output', async (context) => {
    const { options, output, directory } = placeFor(context)
    const savepoint = join(directory, 'savepoint')
    const params = { output, records: 4_000, keys: 50, rate: 10_000 }
    const first = await run(countingJob, { ...options, parallelism: 2, params })
    await until(() => first.status.recordsIn > 300)
    await first.savepoint(savepoint)
    const before = await first.cancel().then(() => linesOf(output).length)
    assert.ok(before > 0)
    const fork = join(directory, 'fork')
    const second = await run(countingJob, {
      ...options,
      directory: join(directory, 'other-jobs'),
      from: savepoint,
      parallelism: 3,
      params: { ...params, output: fork },
    })
    assert.equal((await second.finished).outcome, 'finished')
    const lines = linesOf(fork)
    assert.ok(lines.length < 4_000)
    assert.ok(lines.includes('0 80') && lines.includes('49 80'), 'counts go on where they were')
    assert.equal(new Set(lines).size, lines.length)
  })

  it('starts afresh when it is told to, and stays there when it fails then', async (context) => {
    const { options, output, directory, marker } = placeFor(context)
    const params = { output, records: 2_000, keys: 10, rate: 10_000 }
    const first = await run(countingJob, { ...options, parallelism: 2, params })
    await untilCheckpoints(first, 2)
    await first.stop()
    const other = join(directory, 'fresh')
    const second = await run(countingJob, {
      ...options,
      checkpointing: { interval: '1 h' },
      fresh: true,
      parallelism: 2,
      params: { ...params, output: other, trouble: 'throw once', marker },
    })
    assert.equal(second.status.restoredFrom, undefined)
    assert.equal((await second.finished).outcome, 'finished')
    assert.equal(second.status.attempts, 2)
    assertCounted(other, 2_000, 10)
  })
})
