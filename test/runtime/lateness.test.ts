// Lateness after a restore is that of the undisturbed run: what was told of event time before the
// checkpoint counts after it, at every parallelism.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, t } from 'millrace'
import { collection } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { print } from '../../src/connectors/print.ts'
import { keyedProcess } from '../../src/api/functions.ts'
import { headOf, ids } from './fed-source.ts'

const Reading = t.struct({ sensor: t.string, at: t.timestamp })
const nothing = collection([], { type: Reading })
const reading = (sensor: string, at: number) => ({ sensor, at })
type Reading = ReturnType<typeof reading>

const lateOrNot = keyedProcess({
  key: t.string,
  input: Reading,
  output: t.string,
  processElement({ sensor, at }, { timers }, out) {
    out.collect(`${sensor} ${at}${at <= timers.currentWatermark ? ' late' : ''}`)
  },
  onTimer() {},
})

const readings = job('readings', (env) => {
  env
    .fromSource('readings', nothing, { timestamp: ({ at }) => at, maxOutOfOrderness: 10 })
    .keyBy(({ sensor }) => sensor)
    .process('late', lateOrNot)
    .sinkTo('out', print())
})

describe('a source that is restored', () => {
  it('tells again at once how far it had come', async () => {
    const { head, output } = headOf({})
    head.restoreWatermark(70)
    head.start()
    assert.deepEqual(output.watermarks, [70])
    const fresh = headOf({})
    fresh.head.start()
    assert.deepEqual(fresh.output.watermarks, [])
  })

  it('has told of a split no less than before, wherever the split goes', async () => {
    const { head, source } = headOf({})
    head.assign(ids('a'))
    await source.feed('a', [100])
    head.step(10)
    await source.end('a')
    head.step(10)
    head.assign(ids('b'))
    await source.feed('b', [20])
    head.step(10)
    assert.equal(head.watermark, 99)
    assert.deepEqual(
      head.snapshot(1).splits.map(({ watermark }) => watermark),
      [99],
    )
  })
})

for (const parallelism of [1, 2]) {
  describe(`event time at parallelism ${parallelism}`, () => {
    const sequence = async (disturb: (at: number) => Promise<void>, harness: Harness) => {
      const source = harness.source<Reading>('readings')
      const sends: [number, number][] = [
        [0, 100],
        [1, 100],
        [0, 80],
        [1, 95],
        [0, 200],
        [1, 85],
        [1, 200],
        [0, 150],
        [1, 195],
      ]
      for (const [index, [split, at]] of sends.entries()) {
        await source.sendTo(split, reading(`s${split}`, at))
        await disturb(index)
      }
      await harness.finish()
      return harness.output<string>('out').toSorted()
    }
    type Harness = Awaited<ReturnType<typeof jobHarness>>

    it('finds the same records late, wherever it is crashed or rescaled', async () => {
      const options = { parallelism, splits: 2 }
      await using undisturbed = await jobHarness(readings, options)
      const expected = await sequence(async () => undefined, undisturbed)
      assert.deepEqual(
        expected.filter((each) => each.endsWith('late')),
        ['s0 150 late', 's0 80 late', 's1 85 late'],
      )
      await using crashed = await jobHarness(readings, options)
      const afterCrashes = await sequence(async () => {
        await crashed.checkpoint()
        await crashed.crash()
      }, crashed)
      assert.deepEqual(afterCrashes, expected)
      await using rescaled = await jobHarness(readings, options)
      const afterRescales = await sequence(async (index) => {
        await rescaled.rescale(1 + ((parallelism + index) % 3))
      }, rescaled)
      assert.deepEqual(afterRescales, expected)
    })
  })
}

describe('a function without timers', () => {
  it('knows the watermark after a restore', async () => {
    const seen = job('seen', (env) => {
      env
        .fromSource('readings', nothing, { timestamp: ({ at }) => at })
        .keyBy(({ sensor }) => sensor)
        .process('late', {
          processElement: ({ at }, { timers }, out) => {
            out.collect(`${at} ${timers.currentWatermark}`)
          },
        })
        .sinkTo('out', print())
    })
    await using harness = await jobHarness(seen)
    const source = harness.source<Reading>('readings')
    await source.send(reading('a', 50))
    await harness.checkpoint()
    await harness.crash()
    await source.send(reading('a', 20))
    assert.deepEqual(harness.output('out'), ['50 -Infinity', '20 49'])
  })
})
