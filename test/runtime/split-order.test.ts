// No record is late because of the split it is in: whole jobs over many splits of any order.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, t, tumblingWindow } from 'millrace'
import { print, source } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'

const At = t.struct({ at: t.timestamp })
type At = { readonly at: number }

/** Three records a split, the latest split first; there are more than are read at once. */
const SPLITS = 150

const backwards = source<At, number>({
  name: 'backwards',
  type: At,
  position: t.float64,
  splits: () => Array.from({ length: SPLITS }, (_, index) => `${index}`),
  async *read({ id }, from = 0) {
    const last = (SPLITS - Number(id)) * 1_000
    for (let at = from; at < 3; at++) yield { value: { at: last - 3 + at }, position: at + 1 }
  },
})

const perSecond = (splitsInOrder: boolean) =>
  job('per-second', (env) => {
    env
      .fromSource('backwards', backwards, { timestamp: ({ at }) => at, splitsInOrder })
      .keyBy(() => 'all')
      .window(tumblingWindow('1 s'))
      .count('counts', (count, { window }) => `${window.end} ${count}`)
      .sinkTo('out', print())
  })

describe('the splits of a bounded source in event time', () => {
  it('lose nothing, in whatever order they come, and however many there are', async () => {
    await using harness = await jobHarness(perSecond(false), { keep: ['backwards'] })
    await harness.finish()
    const expected = Array.from({ length: SPLITS }, (_, index) => `${(index + 1) * 1_000} 3`)
    assert.deepEqual(harness.output('out'), expected)
  })

  it('are read one by one where their order is known, and then what is older is late', async () => {
    await using harness = await jobHarness(perSecond(true), { keep: ['backwards'] })
    await harness.finish()
    assert.deepEqual(harness.output('out'), [`${SPLITS * 1_000} 3`])
    assert.equal(harness.status.lateRecords, 3 * (SPLITS - 1))
  })

  for (const parallelism of [1, 2]) {
    it(`hold the watermark until the last has come so far (${parallelism} subtasks)`, async () => {
      await using harness = await jobHarness(perSecond(false), { parallelism, splits: 3 })
      const split = harness.source<At>('backwards')
      await split.sendTo(2, { at: 5_000 })
      await split.sendTo(0, { at: 900 })
      assert.deepEqual(harness.output('out'), [])
      await harness.crash()
      await split.sendTo(1, { at: 2_500 }, { at: 800 })
      assert.deepEqual(harness.output('out'), [])
      await split.sendTo(0, { at: 2_000 })
      assert.deepEqual(harness.output('out'), ['1000 2'])
      await harness.finish()
      assert.deepEqual(harness.output('out'), ['1000 2', '3000 2', '6000 1'])
    })
  }
})
