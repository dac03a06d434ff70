import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { t } from '../../../src/types/t.ts'
import { asyncWorld } from './world.ts'

describe('records under way', () => {
  it('are in the snapshot, also with results, and come first after a restore', async () => {
    const before = asyncWorld({ type: t.string })
    for (const value of ['a', 'b', 'c']) before.operator.processElement(value, 1)
    before.operator.processWatermark(1)
    before.operator.processElement('d', 2)
    before.call('b').answer('B')
    before.call('a').answer('A')
    await before.step()
    before.call('c').answer('C')
    await before.step(() => false)
    const entries = before.operator.snapshotState()

    const after = asyncWorld({ type: t.string, capacity: 1 })
    after.operator.restoreWatermark(1)
    after.operator.restoreState(entries)
    after.operator.open()
    assert.equal(after.operator.isFull, true)
    await after.step()
    assert.deepEqual(
      after.calls.map(({ value }) => value),
      ['c'],
    )
    after.call('c').answer('C')
    await after.step()
    after.call('d').answer('D')
    await after.step()
    assert.deepEqual(after.output.all, ['C', { watermark: 1 }, 'D'])
  })

  it('leave no trace in a snapshot when there are none', () => {
    const { operator } = asyncWorld()
    operator.processWatermark(4)
    assert.deepEqual(operator.snapshotState(), [])
  })

  it('of several former subtasks stand behind the least watermark of these', async () => {
    const former = [3, 5].map((watermark) => {
      const { operator } = asyncWorld()
      operator.processWatermark(watermark)
      operator.processElement(`after ${watermark}`, watermark + 1)
      return operator.snapshotState()
    })
    const { operator, output, calls, step } = asyncWorld()
    operator.restoreWatermark(3)
    operator.restoreState(former.toReversed().flat())
    operator.open()
    await step()
    for (const call of calls) call.answer(call.value)
    await step()
    assert.deepEqual(output.all, [{ watermark: 3 }, 'after 3', 'after 5'])
  })

  it('bring the watermark along that was held back behind them', async () => {
    const before = asyncWorld()
    before.operator.processElement('a', 1)
    before.operator.processWatermark(9)
    const after = asyncWorld()
    after.operator.restoreWatermark(9)
    after.operator.restoreState(before.operator.snapshotState())
    after.operator.open()
    after.operator.processWatermark(9) // the host tells it again
    await after.step()
    after.call('a').answer('A')
    await after.step()
    assert.deepEqual(after.output.all, ['A', { watermark: 9 }])
  })
})
