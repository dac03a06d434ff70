/** What windows hold, read out of a savepoint of the whole job. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { job, sessionWindow, slidingWindow, t, tumblingWindow } from 'millrace'
import { sink } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'

const Click = t.struct({ user: t.string, at: t.timestamp, page: t.float64 })
type Click = { user: string; at: number; page: number }
const nothing = sink({ write: () => undefined })
const add = {
  accumulator: t.float64,
  createAccumulator: () => 0,
  add: (click: Click, sum: number) => sum + click.page,
  getResult: (sum: number) => -sum,
  merge: (a: number, b: number) => a + b,
}

const clicks = job('clicks', (env) => {
  const none: Click[] = []
  const byUser = env
    .fromElements('clicks', none, Click)
    .assignTimestamps('times', { timestamp: (click) => click.at, maxOutOfOrderness: '1 min' })
    .keyBy((click) => click.user, t.string)
  byUser.window(tumblingWindow('10 ms')).aggregate('sums', add).sinkTo('a', nothing)
  byUser
    .window(tumblingWindow('10 ms'))
    .process('lists', { process: () => undefined })
    .sinkTo('b', nothing)
  byUser.window(sessionWindow('5 ms')).aggregate('sessions', add).sinkTo('c', nothing)
  byUser.window(slidingWindow('20 ms', '10 ms')).aggregate('slices', add).sinkTo('d', nothing)
})

for (const parallelism of [1, 2]) {
  test(`windows are read at parallelism ${parallelism}`, async () => {
    await using harness = await jobHarness(clicks, { parallelism })
    const source = harness.source<Click>('clicks')
    for (const [at, page] of [
      [1, 5],
      [3, 6],
      [12, 7],
    ] as const) {
      await source.send({ user: 'ann', at, page })
    }
    await using snapshot = await (await harness.snapshot()).open()
    const read = async (uid: string) => {
      const found: unknown[] = []
      for await (const { key, start, end, kind, values, accumulator } of snapshot
        .state(uid)
        .windows()) {
        assert.equal(key, 'ann')
        found.push([kind, start, end, values ?? accumulator])
      }
      return found
    }
    assert.deepEqual(await read('sums'), [
      ['window', undefined, 10, 11],
      ['window', undefined, 20, 7],
    ])
    const click = (at: number, page: number) => ({ user: 'ann', at, page })
    assert.deepEqual(await read('lists'), [
      ['window', undefined, 10, [click(1, 5), click(3, 6)]],
      ['window', undefined, 20, [click(12, 7)]],
    ])
    assert.deepEqual(await read('sessions'), [
      ['session', 1, 8, 11],
      ['session', 12, 17, 7],
    ])
    assert.deepEqual(await read('slices'), [
      ['slice', undefined, 10, 11],
      ['slice', undefined, 20, 7],
    ])
  })
}
