// Alignment of sources: none is read further ahead of the slowest than it may, and none waits for
// one that has ended, is idle, or has not begun.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, t } from 'millrace'
import { collection } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import type { FromWorker } from '../../src/checkpoint/messages.ts'
import { print } from '../../src/connectors/print.ts'
import { Alignment, GroupWatermarks } from '../../src/runtime/alignment.ts'
import { headOf, ids } from './fed-source.ts'

const numbers = collection([], { type: t.float64 })
const alignment = { group: 'all', maxDrift: 30 } as const

const two = job('two', (env) => {
  const time = { timestamp: (at: number) => at, idleness: '10 s', alignment } as const
  env.fromSource('left', numbers, time).sinkTo('left-out', print())
  env.fromSource('right', numbers, time).sinkTo('right-out', print())
})

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b)

for (const parallelism of [1, 2]) {
  describe(`aligned sources at parallelism ${parallelism}`, () => {
    it('wait for the slowest, and go on when it does', async () => {
      await using harness = await jobHarness(two, { parallelism, splits: 2 })
      const [left, right] = [harness.source<number>('left'), harness.source<number>('right')]
      for (const split of [0, 1]) {
        await right.sendTo(split, 0)
        for (const at of [0, 10, 20, 30, 40, 50, 60]) await left.sendTo(split, at)
      }
      // The batch that went too far is the last.
      const first = [0, 0, 10, 10, 20, 20, 30, 30, 40, 40]
      assert.deepEqual(sorted(harness.output('left-out')), first)
      for (const split of [0, 1]) await right.sendTo(split, 15)
      assert.deepEqual(harness.output('left-out').slice(10), [50, 50])
      await harness.checkpoint()
      await harness.crash()
      for (const split of [0, 1]) await right.sendTo(split, 100)
      assert.deepEqual(harness.output('left-out').slice(12), [60, 60])
      await harness.finish()
    })

    it('do not wait for one that has ended', async () => {
      await using harness = await jobHarness(two, { parallelism })
      const [left, right] = [harness.source<number>('left'), harness.source<number>('right')]
      await right.send(0)
      for (const at of [0, 100, 200]) await left.send(at)
      assert.deepEqual(harness.output('left-out'), [0, 100])
      await right.end()
      assert.deepEqual(harness.output('left-out'), [0, 100, 200])
      await harness.finish()
    })

    it('do not wait for one that is idle, but again when it is not', async () => {
      await using harness = await jobHarness(two, { parallelism })
      const [left, right] = [harness.source<number>('left'), harness.source<number>('right')]
      await right.send(0)
      for (const at of [0, 100, 200]) await left.send(at)
      assert.deepEqual(harness.output('left-out'), [0, 100])
      await harness.advanceTime('12 s')
      assert.deepEqual(harness.output('left-out'), [0, 100, 200])
      await right.send(50)
      await left.send(300)
      assert.deepEqual(harness.output('right-out'), [0, 50])
      assert.deepEqual(harness.output('left-out'), [0, 100, 200])
      await harness.finish()
      assert.deepEqual(harness.output('left-out'), [0, 100, 200, 300])
    })

    it('finish with more splits than are read at a time', async () => {
      const splits = 150
      await using harness = await jobHarness(two, { parallelism, splits })
      const left = harness.source<number>('left')
      for (let split = 0; split < splits; split++) await left.sendTo(split, (split * 37) % 150, 900)
      await harness.finish()
      assert.equal(harness.output('left-out').length, 2 * splits)
    })
  })
}

describe('a source head that is aligned', () => {
  it('reads no split beyond the limit, and ends those that have ended', async () => {
    const { head, source, output, state } = headOf({ alignment: { group: 'g', maxDriftMs: 5 } })
    assert.equal(head.groupWatermark, Number.NEGATIVE_INFINITY, 'its first split is to come')
    head.assign(ids('a', 'b'))
    await source.feed('a', [10], [20])
    await source.feed('b', [12], [40])
    head.align(19)
    head.step(10)
    assert.deepEqual(output.values, [10, 12, 20, 40])
    assert.equal(head.groupWatermark, 19)
    await source.feed('b', [60])
    assert.equal(head.step(10), false)
    await source.end('a')
    head.step(10)
    assert.deepEqual(state.finished, ['a'])
    head.align(39)
    head.step(10)
    assert.deepEqual(output.values, [10, 12, 20, 40, 60])
    await source.end('b')
    head.step(10)
    head.noMoreSplits()
    head.step(10)
    assert.equal(head.groupWatermark, Number.POSITIVE_INFINITY)
  })
})

describe('alignment over workers', () => {
  const source = (group: string, groupWatermark: number) => ({
    time: {
      timestamp: Number,
      maxOutOfOrdernessMs: 0,
      alignment: { group, maxDriftMs: 5 },
    },
    groupWatermark,
    limit: Number.POSITIVE_INFINITY,
    align(limit: number) {
      this.limit = limit
    },
  })

  it('tells the least of each group, when it has changed, and not at every turn', () => {
    const sent: FromWorker[] = []
    const [a, b, other] = [source('g', 7), source('g', 3), source('h', 1)]
    const aligned = new Alignment([a, b, other], (message) => sent.push(message))
    assert.equal(a.limit, Number.NEGATIVE_INFINITY)
    aligned.report(0, false)
    b.groupWatermark = 9
    aligned.report(10, false)
    aligned.report(20, true)
    aligned.report(100, false)
    const kind = 'group-watermark'
    assert.deepEqual(sent, [
      { kind, group: 'g', watermark: 3 },
      { kind, group: 'h', watermark: 1 },
      { kind, group: 'g', watermark: 7 },
    ])
    aligned.receive('g', 7)
    assert.deepEqual([a.limit, b.limit, other.limit], [12, 12, Number.NEGATIVE_INFINITY])
  })

  it('knows of a group when all have told, and tells what has changed', () => {
    const groups = new GroupWatermarks(2)
    assert.equal(groups.report(0, 'g', 5), undefined)
    assert.equal(groups.report(1, 'g', 8), 5)
    assert.equal(groups.report(1, 'g', 9), undefined)
    assert.equal(groups.report(0, 'g', 4), 4)
    assert.equal(groups.report(0, 'g', Number.POSITIVE_INFINITY), 9)
  })
})
