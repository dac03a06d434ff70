// The head of a source task while it reads: batches, positions, splits in turn, reading ahead.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../../src/util/random.ts'
import { turns, until } from './doubles.ts'
import { headOf, ids } from './fed-source.ts'

describe('a source head', () => {
  it('asks once for splits, and again when the last one is read', async () => {
    const { head, source, state } = headOf()
    assert.equal(head.step(10), false)
    head.step(10)
    assert.equal(state.wants, 1)
    head.assign(ids('a'))
    await source.feed('a', [1, 2])
    head.step(10)
    assert.equal(state.wants, 1)
    await source.end('a')
    head.step(10)
    assert.equal(state.wants, 2)
    assert.deepEqual(state.finished, ['a'])
  })

  it('hands records on in order, as many at a time as it is asked for', async () => {
    const { head, source, output } = headOf()
    head.assign(ids('a'))
    await source.feed('a', [1, 2, 3, 4], [5])
    assert.equal(head.step(3), true)
    assert.deepEqual(output.values, [1, 2, 3])
    assert.equal(head.isBetweenBatches, false)
    assert.equal(head.step(100), true)
    assert.deepEqual(output.values, [1, 2, 3, 4, 5])
    assert.equal(head.isBetweenBatches, true)
    assert.equal(head.step(100), false)
    assert.equal(head.recordsIn, 5)
  })

  it('stops at any record while it is blocked', async () => {
    const { head, source, output, state } = headOf()
    head.assign(ids('a'))
    await source.feed('a', [1, 2, 3])
    head.step(1)
    state.blocked = true
    assert.equal(head.step(10), false)
    assert.deepEqual(output.values, [1])
    state.blocked = false
    head.step(10)
    assert.deepEqual(output.values, [1, 2, 3])
  })

  it('has the position after the last whole batch, and counts the records since', async () => {
    const { head, source } = headOf()
    head.assign(ids('a', 'b'))
    await source.feed('a', [1, 2, 3], [4, 5, 6])
    head.step(3)
    const first = head.snapshot(1)
    head.step(1)
    const inBatch = head.snapshot(2)
    assert.equal(inBatch.splits[0]?.position, first.splits[0]?.position)
    assert.deepEqual(inBatch.splits[0]?.skip, { values: 1, malformed: 0 })
    head.step(2)
    const second = head.snapshot(2)
    assert.deepEqual(
      second.splits.map(({ id }) => id),
      ['a', 'b'],
    )
    const [a, b] = second.splits
    assert.notEqual(a?.position, first.splits[0]?.position)
    assert.equal(b?.position, undefined, 'nothing of it was read')
    assert.equal(a?.skip, undefined)
  })

  it('leaves out what was handed on of a batch, however its batches are cut then', async () => {
    const { head, source } = headOf()
    head.assign([{ id: 'a' }])
    await source.feed('a', [1, 2, 3, 4, 5])
    head.step(3)
    const { splits } = head.snapshot(1)
    const next = headOf()
    next.head.assign(splits)
    await next.source.feed('a', [1, 2], [3], [4, 5])
    next.head.step(1)
    assert.deepEqual(next.output.values, [4])
    const again = headOf()
    again.head.assign(next.head.snapshot(2).splits)
    assert.equal(again.source.of('a').from, 3)
    await again.source.feed('a', [4, 5])
    again.head.step(10)
    assert.deepEqual(again.output.values, [5])
  })

  it('goes on skipping after a cut in the middle of what is skipped', async () => {
    const { head, source } = headOf()
    head.assign([{ id: 'a', skip: { values: 3, malformed: 0 } }])
    await source.feed('a', [1, 2])
    head.step(10)
    const [split] = head.snapshot(1).splits
    assert.deepEqual(split?.skip, { values: 1, malformed: 0 })
    await source.feed('a', [3, 4])
    head.step(10)
    assert.equal(head.snapshot(2).splits[0]?.skip, undefined)
  })

  it('goes on from the position and watermark of a snapshot', async () => {
    const { head, source } = headOf({})
    head.assign([{ id: 'a', properties: { path: 'x' } }])
    await source.feed('a', [1, 2], [10, 20])
    head.step(10)
    const { splits } = head.snapshot(1)
    const next = headOf({})
    next.head.assign(splits)
    assert.equal(next.source.of('a').from, 20)
    assert.deepEqual(next.head.snapshot(2).splits, splits)
    next.head.step(10)
    assert.deepEqual(next.output.watermarks, [19])
  })

  it('reads splits in turn', async () => {
    const { head, source, output } = headOf()
    head.assign(ids('a', 'b', 'c'))
    for (const [at, id] of ['a', 'b', 'c'].entries()) {
      await source.feed(id, [at * 10], [at * 10 + 1])
    }
    head.step(100)
    assert.deepEqual(output.values, [0, 10, 20, 1, 11, 21])
  })

  it('goes on with the other splits in the same step in which one ends', async () => {
    const { head, source, output, state } = headOf()
    head.assign(ids('a', 'b', 'c'))
    await source.feed('c', [1])
    await source.end('a')
    await source.end('b')
    assert.equal(head.step(100), true)
    assert.deepEqual(output.values, [1])
    assert.deepEqual(state.finished, ['a', 'b'])
  })

  it('reads a few batches ahead, and no more until there is room', async () => {
    const { head, source, state } = headOf()
    head.assign(ids('a'))
    await source.feed('a', [1], [2], [3], [4], [5], [6])
    assert.equal(source.of('a').pulled, 3)
    head.step(1)
    await turns()
    assert.equal(source.of('a').pulled, 4)
    const wakesBefore = state.wakes
    head.step(1)
    await turns()
    assert.ok(state.wakes > wakesBefore, 'the task is told of what was read')
  })

  it('counts malformed records and hands them to their own output', async () => {
    const { head, source, malformed, output } = headOf()
    head.assign(ids('a'))
    const record = { file: 'f', line: 3, offset: 10, text: 'x', reason: 'no number' }
    source.of('a').batches.push({ values: [1], position: 1, malformed: [record, record] })
    await source.feed('a')
    head.step(10)
    assert.equal(head.malformedRecords, 2)
    assert.deepEqual(malformed.values, [record, record])
    assert.deepEqual(output.values, [1])
  })
})

describe('a source head and its reader', () => {
  it('lose and double nothing in any rhythm', async () => {
    const { head, source, output, state } = headOf()
    head.assign(ids('a'))
    const all = Array.from({ length: 500 }, (_, at) => at)
    const random = new SeededRandom(7)
    void (async () => {
      for (let at = 0; at < all.length;) {
        const count = random.int(9)
        await source.feed('a', all.slice(at, at + count))
        at += count
      }
      await source.end('a')
    })()
    await until(() => {
      state.blocked = random.int(4) === 0
      head.step(1 + random.int(20))
      return state.finished.length === 1
    })
    assert.deepEqual(output.values, all)
  })
})
