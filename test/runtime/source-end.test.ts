// How a source head ends (its input, a failure, stop, drain, its worker) and what time it tells.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { turns } from './doubles.ts'
import { headOf, ids } from './fed-source.ts'

describe('the end of a source head', () => {
  it('comes when all splits are read and no other will follow', async () => {
    const { head, source, output, state } = headOf()
    head.assign(ids('a'))
    await source.feed('a', [1])
    await source.end('a')
    head.step(10)
    assert.equal(head.hasEnded, false)
    head.noMoreSplits()
    assert.equal(head.step(10), true)
    assert.equal(head.hasEnded, true)
    assert.deepEqual(output.events, ['record 1', 'watermark Infinity', 'end'])
    assert.equal(head.step(10), false)
    assert.equal(output.ended, 1)
    assert.deepEqual(head.snapshot(5), { splits: [], finished: ['a'] })
    assert.equal(state.wants, 1)
  })

  it('keeps finished splits in its snapshots until one of them is complete', async () => {
    const { head, source } = headOf()
    head.assign(ids('a', 'b'))
    await source.feed('b', [7])
    await source.end('a')
    head.step(10)
    assert.deepEqual(head.snapshot(1).finished, ['a'])
    assert.deepEqual(head.snapshot(2).finished, ['a'], 'the first one was given up')
    await source.end('b')
    head.step(10)
    await head.checkpointComplete(2)
    assert.deepEqual(source.completed, [[['b', 7]]])
    assert.deepEqual(head.snapshot(3), { splits: [], finished: ['b'] })
  })

  it('says of each of several checkpoints under way when it is complete', async () => {
    const { head, source } = headOf()
    head.assign(ids('a'))
    await source.feed('a', [1])
    head.step(10)
    head.snapshot(1)
    await source.feed('a', [2])
    head.step(10)
    head.snapshot(2)
    await head.checkpointComplete(1)
    await head.checkpointComplete(2)
    await head.checkpointComplete(1)
    assert.deepEqual(source.completed, [[['a', 1]], [['a', 2]]])
  })

  it('fails with the name of source and split, after what was read before', async () => {
    const { head, source, output } = headOf()
    head.assign(ids('a'))
    await source.feed('a', [1, 2])
    await source.end('a', new Error('connection reset'))
    assert.throws(() => head.step(10), {
      code: 'CONNECTOR_FAILED',
      message: 'source "numbers", split a: connection reset',
    })
    assert.deepEqual(output.values, [1, 2])
  })

  it('hands nothing on while it is stopped, and goes on where it was', async () => {
    const { head, source, output } = headOf()
    head.assign(ids('a'))
    await source.feed('a', [1], [2], [3], [4])
    head.step(2)
    head.stop()
    assert.equal(head.step(10), false)
    assert.deepEqual(output.values, [1, 2])
    head.resume()
    head.step(10)
    await turns()
    head.step(10)
    assert.deepEqual(output.values, [1, 2, 3, 4])
  })

  it('drains: ends the batch it is in, reads no more, and keeps how far it came', async () => {
    const { head, source, output } = headOf()
    head.assign(ids('a', 'b'))
    await source.feed('a', [1, 2, 3], [4], [5], [6], [7])
    head.step(2)
    head.drain()
    await turns()
    assert.equal(source.of('a').closed, true, 'a reader that waited for room is let go')
    head.step(10)
    assert.deepEqual(output.events.slice(2), ['record 3', 'watermark Infinity', 'end'])
    assert.equal(head.hasEnded, true)
    head.assign(ids('c'))
    const { splits, finished } = head.snapshot(1)
    assert.deepEqual(
      splits.map(({ id }) => id),
      ['a', 'b', 'c'],
    )
    assert.deepEqual(finished, [])
    assert.equal(source.readings.has('c'), false)
    const next = headOf()
    next.head.assign(splits.slice(0, 1))
    assert.equal(next.source.of('a').from, 3)
  })

  it('lets go of its readers when the worker ends, and reads nothing more', async () => {
    const { head, source, abort } = headOf()
    head.assign(ids('full', 'hungry'))
    await source.feed('full', [1], [2], [3], [4])
    const { pulled } = source.of('full')
    abort.abort()
    await turns()
    assert.equal(source.of('full').closed, true)
    assert.equal(source.of('full').pulled, pulled)
    await source.feed('hungry', [9])
    assert.equal(source.of('hungry').closed, true)
    assert.equal(source.of('hungry').pulled, 1)
  })

  it('does not fail for what a reader throws because the worker ends', async () => {
    const { head, source, abort } = headOf()
    head.assign(ids('a'))
    await turns()
    abort.abort()
    await source.end('a', new Error('aborted'))
    head.step(10)
  })
})

describe('the watermark of a source head', () => {
  it('is the least of all splits, behind the newest record by the bound and one more', async () => {
    const { head, source, output } = headOf({ maxOutOfOrdernessMs: 5 })
    head.assign(ids('a', 'b'))
    await source.feed('a', [100, 90])
    head.step(10)
    assert.deepEqual(output.watermarks, [], 'nothing is known of b')
    await source.feed('b', [50])
    head.step(10)
    assert.deepEqual(output.watermarks, [44])
    await source.feed('b', [40], [200])
    head.step(10)
    assert.deepEqual(output.watermarks, [44, 94])
    assert.deepEqual(output.timestamps, [100, 90, 50, 40, 200])
    await source.end('a')
    head.step(10)
    assert.deepEqual(output.watermarks, [44, 94, 194], 'a split that ended holds nothing back')
  })

  it('does not wait for a split that was silent for longer than its idleness', async () => {
    const { head, source, output, clock } = headOf({ idlenessMs: 1_000 })
    head.assign(ids('a', 'b'))
    await source.feed('a', [100])
    head.step(10)
    clock.advance(999)
    head.step(10)
    assert.deepEqual(output.watermarks, [])
    await source.feed('a', [200])
    clock.advance(2)
    head.step(10)
    assert.deepEqual(output.watermarks, [199])
    await source.feed('b', [150])
    head.step(10)
    assert.deepEqual(output.watermarks, [199], 'never back')
    await source.feed('a', [300])
    head.step(10)
    assert.deepEqual(output.watermarks, [199], 'b counts again')
  })

  it('is of no account while all splits are idle, or none was ever there', async () => {
    const { head, source, clock } = headOf({ idlenessMs: 1_000 })
    clock.advance(1_000)
    assert.equal(head.isIdle, false)
    clock.advance(1)
    assert.equal(head.isIdle, true)
    head.assign(ids('a', 'b'))
    assert.equal(head.isIdle, false)
    await source.feed('a', [100])
    head.step(10)
    clock.advance(1_001)
    assert.equal(head.isIdle, true)
    await source.feed('b', [50])
    assert.equal(head.isIdle, false, 'before its record is handed on')
    head.step(10)
    assert.equal(head.isIdle, false)
    assert.equal(headOf({}).head.isIdle, false)
  })

  it('is not made without a time strategy, except at the end', async () => {
    const { head, source, output } = headOf()
    head.assign(ids('a'))
    await source.feed('a', [100])
    head.step(10)
    assert.deepEqual(output.watermarks, [])
    assert.deepEqual(output.timestamps, [Number.NEGATIVE_INFINITY])
  })

  it('is never made from what is no time; the record is named', async () => {
    const { head, source } = headOf({
      timestamp: (value) => (value === 3 ? Number.NaN : Number(value)),
    })
    head.assign(ids('a'))
    await source.feed('a', [1, 2], [2, 3])
    assert.throws(() => head.step(10), {
      code: 'TYPE_MISMATCH',
      message: /^numbers: NaN is no timestamp/,
    })
    assert.equal(head.place, 'split a, record 2 after position 2')
  })

  it('names the source when its timestamp function throws', async () => {
    const { head, source } = headOf({
      timestamp: () => {
        throw new TypeError('no field')
      },
    })
    head.assign(ids('a'))
    await source.feed('a', [1])
    assert.throws(() => head.step(10), { code: 'FUNCTION_FAILED', message: 'numbers: no field' })
    assert.equal(head.place, 'split a, record 1')
  })
})
