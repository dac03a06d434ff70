// The job harness: whole jobs in virtual time, crashed, rescaled and restored at will.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, keyedProcess, t, tumblingWindow, valueState } from 'millrace'
import { collection } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { print } from '../../src/connectors/print.ts'
import { jobHarnessOn } from '../../src/testing/job/job-harness.ts'
import { MemoryDisk } from '../../src/testing/job/memory-disk.ts'

const Order = t.struct({ customer: t.string, total: t.float64, at: t.timestamp })
const nothing = collection([], { type: Order })
const order = (customer: string, total: number, at = 0) => ({ customer, total, at })

const totals = job('totals', (env) => {
  env
    .fromSource('orders', nothing)
    .keyBy((each) => each.customer)
    .sum('total', (each) => each.total)
    .sinkTo('totals', print())
})

const sessions = job('per-minute', (env) => {
  env
    .fromSource('orders', nothing, { timestamp: (each) => each.at })
    .keyBy((each) => each.customer)
    .window(tumblingWindow('1 min'))
    .count('orders-per-minute', (count, { key, window }) => `${key} ${window.start} ${count}`)
    .sinkTo('counts', print())
})

const reminder = keyedProcess({
  key: t.string,
  input: Order,
  output: t.string,
  state: { seen: valueState(t.float64, { initial: 0 }) },
  processElement(_order, { state, timers }) {
    state.seen.update(state.seen.value() + 1)
    timers.registerProcessingTimeTimer(timers.currentProcessingTime + 60_000)
  },
  onTimer(_timestamp, { currentKey, state }, out) {
    out.collect(`${currentKey} ${state.seen.value()}`)
  },
})

const reminders = job('reminders', (env) => {
  env
    .fromSource('orders', nothing)
    .keyBy((each) => each.customer)
    .process('reminder', reminder)
    .sinkTo('reminders', print())
})

for (const backend of ['hashmap', 'rocksdb'] as const) {
  for (const parallelism of [1, 2]) {
    describe(`a job harness on ${backend} at parallelism ${parallelism}`, () => {
      const options = { backend, parallelism }

      it('gives every result once, whatever is killed', async () => {
        await using harness = await jobHarness(totals, options)
        const orders = harness.source<ReturnType<typeof order>>('orders')
        await orders.send(order('ann', 1), order('bob', 10))
        await harness.crash()
        await orders.send(order('ann', 2))
        await harness.checkpoint()
        assert.equal(harness.committed('totals').length, 3)
        await orders.send(order('ann', 4), order('bob', 20))
        assert.equal(harness.committed('totals').length, 3)
        await harness.crash()
        await orders.send(order('bob', 40))
        await harness.finish()
        const of = (key: string) =>
          harness
            .output<{ readonly key: string; readonly value: number }>('totals')
            .filter((update) => update.key === key)
            .map((update) => update.value)
        assert.deepEqual(of('ann'), [1, 3, 7])
        assert.deepEqual(of('bob'), [10, 30, 70])
        assert.deepEqual(harness.committed('totals'), harness.output('totals'))
      })

      it('keeps state and windows over a rescale and a savepoint', async () => {
        await using harness = await jobHarness(sessions, options)
        const orders = harness.source<ReturnType<typeof order>>('orders')
        await orders.send(order('ann', 1, 1_000), order('bob', 1, 2_000))
        await harness.rescale(3)
        await orders.send(order('ann', 1, 3_000))
        const snapshot = await harness.snapshot()
        await orders.send(order('bob', 1, 60_001))
        assert.deepEqual(harness.output<string>('counts').toSorted(), ['ann 0 2', 'bob 0 1'])

        await using other = await jobHarness(sessions, { ...options, restore: snapshot })
        await other.source<ReturnType<typeof order>>('orders').send(order('bob', 1, 59_999))
        await other.finish()
        assert.deepEqual(other.output<string>('counts').toSorted(), ['ann 0 2', 'bob 0 2'])
      })

      it('fires processing-time timers when time is let pass, also after a crash', async () => {
        await using harness = await jobHarness(reminders, options)
        const orders = harness.source<ReturnType<typeof order>>('orders')
        await orders.send(order('ann', 1))
        await harness.advanceTime('30 s')
        await orders.send(order('bob', 1), order('ann', 2))
        await harness.checkpoint()
        assert.deepEqual(harness.output('reminders'), [])
        await harness.advanceTime('30 s')
        assert.deepEqual(harness.output('reminders'), ['ann 2'])
        await harness.crash()
        await harness.advanceTime('1 min')
        const all = harness.output<string>('reminders').toSorted()
        assert.deepEqual(all, ['ann 2', 'ann 2', 'bob 1'])
      })
    })
  }
}

describe('a job harness', () => {
  it('goes on from what is on the disk that it is given', async () => {
    const disk = new MemoryDisk()
    for (const sum of [3, 6]) {
      await using harness = await jobHarnessOn(disk, totals, {})
      await harness.source<ReturnType<typeof order>>('orders').send(order('ann', 3))
      await harness.checkpoint()
      assert.deepEqual(harness.output('totals'), [{ key: 'ann', value: sum }])
    }
  })

  it('tells the test what went wrong in the job', async () => {
    const failing = job('failing', (env) => {
      env
        .fromSource('orders', nothing)
        .map((each) => {
          if (each.total < 0) throw new Error('negative')
          return each.total
        })
        .sinkTo('out', print())
    })
    await using harness = await jobHarness(failing)
    const orders = harness.source<ReturnType<typeof order>>('orders')
    await assert.rejects(orders.send(order('ann', -1)), { code: 'FUNCTION_FAILED' })
  })

  it('restarts the job after a failure, if it is told to, when time passes', async () => {
    let failures = 0
    const flaky = job('flaky', (env) => {
      env
        .fromSource('orders', nothing)
        .map((each) => {
          if (each.total === 13 && failures++ === 0) throw new Error('once')
          return each.total
        })
        .sinkTo('out', print())
    })
    const restart = { strategy: 'fixed-delay', delay: '10 s', attempts: 1 } as const
    await using harness = await jobHarness(flaky, { options: { restart } })
    const orders = harness.source<ReturnType<typeof order>>('orders')
    await orders.send(order('ann', 1), order('ann', 13))
    await harness.advanceTime('10 s')
    assert.deepEqual(harness.output('out'), [1, 13])
    assert.equal(failures, 2)
  })

  it('names the sources there are when asked for another', async () => {
    await using harness = await jobHarness(totals)
    assert.throws(() => harness.source('order'), { code: 'CONFIG_INVALID', cure: /"orders"/ })
  })

  it('says so when what is waited for needs time', async () => {
    await using harness = await jobHarness(totals)
    const orders = harness.source<ReturnType<typeof order>>('orders')
    await orders.end()
    await assert.rejects(orders.send(order('ann', 1)), { code: 'CONFIG_INVALID' })
  })

  it('reads the state of a savepoint', async () => {
    await using harness = await jobHarness(totals)
    await harness.source<ReturnType<typeof order>>('orders').send(order('ann', 5), order('ann', 6))
    await using snapshot = await (await harness.snapshot()).open()
    const keys: unknown[] = []
    for await (const row of snapshot.reader.rows('total')) keys.push(row.key)
    assert.deepEqual(keys, ['ann'])
  })
})
