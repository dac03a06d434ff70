import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AssignTimestampsOperator } from '../../src/operators/assign-timestamps.ts'
import { MAX_WATERMARK } from '../../src/operators/operator.ts'
import type { WatermarkStrategy } from '../../src/operators/watermarks.ts'
import { testHost } from './doubles.ts'

const bounded: WatermarkStrategy = { timestamp: Number, maxOutOfOrdernessMs: 10 }

function assigning(
  strategy = bounded,
  place: { subtaskIndex?: number; parallelism?: number } = {},
) {
  const host = testHost()
  const context = { ...host.context, ...place }
  return { ...host, operator: new AssignTimestampsOperator(context, 'time', strategy) }
}

describe('assignTimestamps', () => {
  it('gives each record its time, and a watermark at the end of a batch', () => {
    const { operator, output } = assigning()
    for (const at of [100, 90, 120]) operator.processElement(at)
    assert.deepEqual(output.timestamps, [100, 90, 120])
    assert.deepEqual(output.watermarks, [])
    operator.endBatch()
    operator.endBatch()
    assert.deepEqual(output.watermarks, [109])
  })

  it('heeds no watermark of the source but the last', () => {
    const { operator, output } = assigning()
    operator.processWatermark(1_000)
    operator.processElement(100)
    operator.endBatch()
    operator.processWatermark(MAX_WATERMARK)
    operator.endBatch()
    assert.deepEqual(output.watermarks, [89, MAX_WATERMARK])
  })

  it('goes on from the watermark it had come to', () => {
    const before = assigning()
    before.operator.processElement(100)
    before.operator.endBatch()
    const after = assigning()
    after.operator.restoreState(before.operator.snapshotState())
    after.operator.endBatch()
    after.operator.processElement(95)
    after.operator.endBatch()
    assert.deepEqual(after.output.watermarks, [89])
  })

  it('takes its own progress at the same parallelism, and the least at another', () => {
    const entries = [0, 1].flatMap((subtaskIndex) => {
      const { operator } = assigning(bounded, { subtaskIndex, parallelism: 2 })
      operator.processElement(100 + 100 * subtaskIndex)
      operator.endBatch()
      return operator.snapshotState()
    })
    const told = (subtaskIndex: number, parallelism: number): readonly number[] => {
      const { operator, output } = assigning(bounded, { subtaskIndex, parallelism })
      operator.restoreState(entries)
      operator.endBatch()
      return output.watermarks
    }
    assert.deepEqual(told(1, 2), [189])
    assert.deepEqual(told(0, 1), [89])
    assert.deepEqual(told(2, 3), [89])
  })

  it('lets a generator of the job say how far event time has come', () => {
    const marks: WatermarkStrategy = {
      ...bounded,
      watermarks: (restored) => {
        let mark = typeof restored === 'number' ? restored : Number.NEGATIVE_INFINITY
        return {
          onRecord: (value, timestamp) => {
            if (value === timestamp && timestamp % 100 === 0) mark = timestamp
          },
          current: () => mark,
          snapshot: () => mark,
        }
      },
    }
    const { operator, output } = assigning(marks)
    operator.processElement(99)
    operator.endBatch()
    operator.processElement(300)
    operator.endBatch()
    operator.processElement(200)
    operator.endBatch()
    operator.processElement(450)
    operator.endBatch()
    assert.deepEqual(output.watermarks, [300])
    assert.equal(operator.backwardWatermarks, 1)
    const after = assigning(marks)
    after.operator.restoreState(operator.snapshotState())
    after.operator.endBatch()
    assert.deepEqual(after.output.watermarks, [300])
  })

  it('refuses what is no time', () => {
    const generator = { onRecord: () => undefined, current: () => Number.NaN }
    const { operator } = assigning({ ...bounded, watermarks: () => generator })
    assert.throws(() => operator.endBatch(), { code: 'TYPE_MISMATCH' })
    assert.throws(() => operator.processElement('noon'), { code: 'TYPE_MISMATCH' })
  })
})
