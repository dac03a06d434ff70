// Watermark strategies in whole jobs: generators of the job's own, and timestamps that are
// assigned in the middle of a stream; crashed and rescaled.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMillraceError, job, keyedProcess, t } from 'millrace'
import { collection } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { print } from '../../src/connectors/print.ts'
import { headOf, ids } from './fed-source.ts'

const Reading = t.struct({ at: t.timestamp, mark: t.boolean })
const nothing = collection([], { type: Reading })
const reading = (at: number, mark = false) => ({ at, mark })
type Reading = ReturnType<typeof reading>

/** Marked records say that all before them have come; kept over restores. */
const byMarks = (restored: unknown) => {
  let mark = typeof restored === 'number' ? restored : Number.NEGATIVE_INFINITY
  return {
    onRecord: ({ mark: isMark }: Reading, at: number) => {
      if (isMark) mark = at
    },
    current: () => mark,
    snapshot: () => (Number.isFinite(mark) ? mark : undefined),
  }
}

const lateOrNot = keyedProcess({
  input: Reading,
  key: t.float64,
  output: t.string,
  processElement({ at }, { timers }, out) {
    out.collect(`${at}${at <= timers.currentWatermark ? ' late' : ''}`)
  },
  onTimer() {},
})

const generated = job('generated', (env) => {
  env
    .fromSource('readings', nothing, { timestamp: ({ at }) => at, watermarks: byMarks })
    .keyBy(() => 1)
    .process('late', lateOrNot)
    .sinkTo('out', print())
})

const assigned = job('assigned', (env) => {
  env
    .fromSource('readings', nothing)
    .assignTimestamps('time', { timestamp: ({ at }) => at, maxOutOfOrderness: 10 })
    .keyBy(() => 1)
    .process('late', lateOrNot)
    .sinkTo('out', print())
})

for (const parallelism of [1, 2]) {
  for (const how of ['crash', 'rescale'] as const) {
    describe(`event time at parallelism ${parallelism} over a ${how}`, () => {
      const disturb = async (harness: Awaited<ReturnType<typeof jobHarness>>): Promise<void> => {
        await harness.checkpoint()
        if (how === 'crash') await harness.crash()
        else await harness.rescale(3 - parallelism)
      }

      it('is what the generator of the job says, which is kept', async () => {
        await using harness = await jobHarness(generated, { parallelism })
        const source = harness.source<Reading>('readings')
        await source.send(reading(100))
        await source.send(reading(50), reading(70, true))
        await disturb(harness)
        await source.send(reading(60), reading(80))
        await source.send(reading(40, true))
        await harness.checkpoint() // after which workers send their counts
        assert.equal(harness.status.backwardWatermarks, 1)
        await source.send(reading(65))
        const expected = ['100', '50', '70', '60 late', '80', '40 late', '65 late']
        assert.deepEqual(harness.output('out'), expected)
      })

      it('may begin in the middle of a stream', async () => {
        await using harness = await jobHarness(assigned, { parallelism })
        const source = harness.source<Reading>('readings')
        await source.send(reading(100), reading(50))
        await source.send(reading(95), reading(89))
        await disturb(harness)
        await source.send(reading(85), reading(90))
        const expected = ['100', '50', '95', '89 late', '85 late', '90']
        assert.deepEqual(harness.output('out'), expected)
        await harness.finish()
      })
    })
  }
}

describe('a watermark generator', () => {
  it('that gives no number fails the job, by the name of the source', async () => {
    const watermarks = () => ({ onRecord: () => undefined, current: () => Number.NaN })
    const { head, source } = headOf({ watermarks })
    head.assign(ids('a'))
    await source.feed('a', [1])
    assert.throws(
      () => head.step(10),
      (error) => {
        assert.ok(isMillraceError(error))
        assert.equal(error.code, 'TYPE_MISMATCH')
        assert.equal(error.details['operator'], 'numbers')
        return true
      },
    )
  })

  it('is one for each split', async () => {
    let made = 0
    const watermarks = () => {
      let highest = Number.NEGATIVE_INFINITY
      made++
      return { onRecord: (_: unknown, at: number) => void (highest = at), current: () => highest }
    }
    const { head, source, output } = headOf({ watermarks })
    head.assign(ids('a', 'b'))
    await source.feed('a', [5])
    head.step(10)
    assert.deepEqual(output.watermarks, [])
    await source.feed('b', [3])
    head.step(10)
    assert.deepEqual(output.watermarks, [3])
    assert.equal(made, 2)
  })
})

describe('a strategy', () => {
  it('has a bound or a generator, not both', () => {
    const both = { timestamp: () => 1, maxOutOfOrderness: 1, watermarks: byMarks }
    const bad = job('bad', (env) => {
      // As JavaScript may write it.
      const time = both as unknown as { timestamp: () => number }
      env.fromSource('readings', nothing, time).print()
    })
    assert.throws(() => bad.streamGraph({}), { code: 'JOB_GRAPH_INVALID' })
  })
})
