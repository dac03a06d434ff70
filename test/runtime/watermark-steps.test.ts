// Watermarks come after each batch of the source, however many records a step of the task takes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, tumblingWindow } from 'millrace'
import { dataGenerator, print } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'

/** The generator makes a thousand at a time. */
const RECORDS = 20_000

const perSecond = job('per-second', (env) => {
  env
    .fromSource('numbers', dataGenerator({ generate: (index) => index, count: RECORDS }), {
      timestamp: (index) => (index % 1_000 === 7 && index > 1_000 ? 0 : index),
    })
    .keyBy(() => 'all')
    .window(tumblingWindow(500))
    .count('counts', (count, { window }) => `${window.end} ${count}`)
    .sinkTo('out', print())
})

describe('a source in event time', () => {
  for (const batchRecords of [1, 512, 999, 1_000, 1_024, 1_777]) {
    it(`tells its watermark after each batch, in steps of ${batchRecords}`, async () => {
      const options = { batchRecords }
      await using harness = await jobHarness(perSecond, { keep: ['numbers'], options })
      await harness.finish()
      assert.equal(harness.status.lateRecords, RECORDS / 1_000 - 1)
    })
  }
})
