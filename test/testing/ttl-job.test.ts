// Time-to-live in whole jobs: killed, rescaled and saved between a write and its expiry.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { counterState, job, keyedProcess, outputTag, setState, t } from 'millrace'
import { collection } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { print } from '../../src/connectors/print.ts'

const Click = t.struct({ user: t.string, at: t.timestamp })
const ended = outputTag('ended', t.string)
const click = (user: string, minute: number) => ({ user, at: minute * 60_000 })

const visits = keyedProcess({
  key: t.string,
  input: Click,
  output: t.string,
  sideOutputs: [ended],
  state: {
    clicks: counterState(t.float64, {
      ttl: {
        after: '16 min',
        time: 'event-time',
        onExpire: (clicks, { key, expiredAt, output }) =>
          output(ended, `${String(key)} ${clicks} at ${Math.round(expiredAt / 60_000)}`),
      },
    }),
    days: setState(t.float64, { ttl: '20 s' }),
  },
  processElement({ user, at }, { state }, out) {
    state.days.add(Math.floor(at / 86_400_000))
    out.collect(`${user} ${state.clicks.increment()} ${[...state.days].length}`)
  },
})

const under = job('visits', (env) => {
  const counted = env
    .fromSource('clicks', collection([], { type: Click }), { timestamp: (each) => each.at })
    .keyBy((each) => each.user)
    .process('visits', visits)
  counted.sinkTo('counts', print())
  counted.sideOutput(ended).sinkTo('ended', print())
})

for (const backend of ['hashmap', 'rocksdb'] as const) {
  for (const parallelism of [1, 2]) {
    describe(`time-to-live in a job on ${backend} at parallelism ${parallelism}`, () => {
      it('tells of each end once, whatever is killed and rescaled', async () => {
        await using harness = await jobHarness(under, { backend, parallelism })
        const clicks = harness.source<ReturnType<typeof click>>('clicks')
        await clicks.send(click('ann', 1), click('bob', 2), click('clock', 3))
        await harness.checkpoint()
        await clicks.send(click('ann', 9), click('clock', 12))
        await harness.crash()
        await harness.rescale(3 - parallelism)
        await clicks.send(click('clock', 17))
        assert.deepEqual(harness.output('ended'), [])
        await clicks.send(click('clock', 18.5), click('clock', 19))
        await harness.checkpoint()
        await harness.crash()
        await clicks.send(click('bob', 20), click('clock', 21))
        await harness.finish()
        // The watermark is a millisecond behind the newest click when the next ones come.
        const told = ['ann 2 at 19', 'bob 2 at 35', 'clock 6 at 35']
        assert.deepEqual(harness.committed<string>('ended').toSorted(), told)
      })

      it('forgets by processing time when time passes, also after a crash', async () => {
        await using harness = await jobHarness(under, { backend, parallelism })
        const clicks = harness.source<ReturnType<typeof click>>('clicks')
        await clicks.send(click('ann', 1))
        await harness.checkpoint()
        await harness.crash()
        await harness.advanceTime('15 s')
        await clicks.send(click('ann', 3000))
        await harness.advanceTime('15 s')
        await clicks.send(click('ann', 6000))
        const all = harness.output<string>('counts')
        assert.equal(all.at(-2)?.split(' ')[2], '2', all.join('; '))
        assert.equal(all.at(-1)?.split(' ')[2], '2', all.join('; '))
      })
    })
  }
}
