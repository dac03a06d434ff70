// The time of two inputs in a whole job: an idle one does not hold the other back, one that has
// ended neither, and timers fire once over a crash between the two watermarks.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventTimer, job, keyedBroadcastProcess, keyedCoProcess, mapState, t } from 'millrace'
import { collect, dataGenerator } from 'millrace/connectors'
import { broadcastHarness, jobHarness } from 'millrace/testing'

const source = () => dataGenerator<number>({ generate: (at) => at, count: 0 })
const time = { timestamp: (at: number) => at }

/** Sets a timer at the time of each record of the first input. */
const timers = keyedCoProcess({
  key: t.string,
  input1: t.float64,
  input2: t.float64,
  output: t.string,
  processElement1: (at, ctx) => ctx.timers.registerEventTimeTimer(at),
  processElement2: (at, _ctx, out) => out.collect(`second ${at}`),
  onTimer: (at, _ctx, out) => out.collect(`fired ${at}`),
})

/** @param idle how long the second input may be silent. */
const timed = (idle?: '1 s') =>
  job('timed', (env) => {
    const idleness = idle === undefined ? {} : { idleness: idle }
    const second = env.fromSource('second', source(), { ...time, ...idleness })
    env
      .fromSource('first', source(), time)
      .keyBy(() => 'all', t.string)
      .connect(second.keyBy(() => 'all', t.string))
      .process('timers', timers)
      .sinkTo('out', collect())
  })

describe('the time of a job with two inputs', () => {
  for (const parallelism of [1, 2]) {
    it(`is the lesser of both, over a crash, at parallelism ${parallelism}`, async () => {
      await using harness = await jobHarness(timed(), { parallelism })
      const [first, second] = [harness.source<number>('first'), harness.source<number>('second')]
      await first.send(10, 20, 100)
      assert.deepEqual(harness.output('out'), [])
      await second.send(15)
      assert.deepEqual(harness.output('out'), ['second 15', 'fired 10'])
      await harness.checkpoint()
      await second.send(25)
      await harness.crash()
      await second.send(26)
      assert.deepEqual(harness.output('out').slice(2), ['second 25', 'fired 20', 'second 26'])
      await second.end()
      await first.send(200)
      assert.deepEqual(harness.output('out').slice(5), ['fired 100'])
      await harness.finish()
      assert.deepEqual(harness.output('out').slice(6), ['fired 200'])
    })
  }

  it('is not held back by an input that is idle', async () => {
    await using harness = await jobHarness(timed('1 s'))
    await harness.source<number>('first').send(10, 20, 100)
    assert.deepEqual(harness.output('out'), [])
    await harness.advanceTime('2 s')
    await harness.source<number>('first').send(101)
    assert.deepEqual(harness.output('out').slice(0, 2), ['fired 10', 'fired 20'])
  })
})

describe('a function with broadcast state', () => {
  it('may declare timers by name, and read its maps when they fire', async () => {
    const reminders = keyedBroadcastProcess({
      key: t.string,
      input: t.float64,
      broadcastInput: t.string,
      output: t.string,
      broadcast: { words: mapState(t.string, t.string) },
      timers: { remind: eventTimer(t.string) },
      processElement: (at, ctx) => ctx.timers.remind.set(at, `at ${at}`),
      processBroadcastElement: (word, ctx) => ctx.broadcast.words.set('it', word),
      onTimer: (_at, ctx, out) => out.collect(`${ctx.payload}: ${ctx.broadcast.words.get('it')}`),
    })
    await using harness = await broadcastHarness(reminders)
    harness.processElement('a', 7)
    harness.processBroadcastElement('hello')
    harness.processWatermark(7)
    assert.deepEqual(harness.output, ['at 7: hello'])
  })
})
