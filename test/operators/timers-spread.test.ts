// Timers of processing time that are overdue after a restore, spread over some time by their keys.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keyedProcess, processingTimer, t } from 'millrace'
import { keyedHarness } from 'millrace/testing'

const HOUR = 3_600_000

const burst = keyedProcess({
  key: t.int32,
  input: t.float64,
  output: t.string,
  timers: { retry: processingTimer({ spread: '30 s' }), wake: processingTimer() },
  processElement(at, { timers }) {
    timers.retry.set(at)
    timers.wake.set(at)
  },
  onTimer: (at, { currentKey, timerName }, out) => out.collect(`${currentKey} ${timerName} ${at}`),
})

describe('timers with spread', () => {
  it('that are overdue after a restore are spread by the hash of their key', async () => {
    await using harness = await keyedHarness(burst)
    for (let key = 0; key < 300; key++) harness.processElement(key, 1_000 + (key % 7))
    harness.processElement(300, HOUR + 1)
    const restore = await harness.snapshot()
    const firedBy = async (steps: readonly number[]): Promise<readonly string[]> => {
      await using restored = await keyedHarness(burst, { restore, processingTime: HOUR })
      for (const [index, at] of steps.entries()) {
        restored.setProcessingTime(HOUR + at)
        if (index > 0 || at > 0) continue
        const retries = restored.output.filter((text) => text.includes('retry'))
        assert.ok(retries.length < 10, 'not many fall on the very first millisecond')
        assert.equal(restored.output.length - retries.length, 300, 'all that do not spread')
      }
      assert.deepEqual(restored.pendingTimers(), {})
      return restored.output.filter((text) => text.includes('retry'))
    }
    const inSteps = await firedBy([0, 1, 10_000, 20_000, 30_000])
    assert.deepEqual(await firedBy([30_000]), inSteps, 'the order depends on nothing else')
    assert.equal(inSteps.length, 301)
    await using half = await keyedHarness(burst, { restore, processingTime: HOUR })
    half.setProcessingTime(HOUR + 15_000)
    const { retry = 0 } = half.pendingTimers()
    assert.ok(retry > 100 && retry < 200, `${retry} of 300 are left after half the time`)
    // A snapshot in the middle knows when they were set for, and they are spread again.
    await using again = await keyedHarness(burst, {
      restore: await half.snapshot(),
      processingTime: 2 * HOUR,
    })
    again.setProcessingTime(2 * HOUR + 30_000)
    assert.deepEqual(again.pendingTimers(), {})
    assert.ok(again.output.every((text) => inSteps.includes(text)))
  })

  it('that are due later than the restore keep their time', async () => {
    await using harness = await keyedHarness(burst)
    harness.processElement(1, 100)
    const restore = await harness.snapshot()
    await using restored = await keyedHarness(burst, { restore, processingTime: 50 })
    assert.equal(restored.nextTimer('processing-time'), 100)
    restored.setProcessingTime(10_000)
    assert.deepEqual(restored.output, ['1 retry 100', '1 wake 100'])
    restored.processElement(2, 60)
    restored.setProcessingTime(10_000)
    assert.deepEqual(
      restored.output.slice(2),
      ['2 retry 60', '2 wake 60'],
      'set late is not overdue',
    )
  })
})
