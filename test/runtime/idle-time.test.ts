// Whether a loop has time to spare, by the last whole window of half a second.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdleTime } from '../../src/runtime/idle-time.ts'

function byHand() {
  const clock = { nowMs: 7, monotonic: () => clock.nowMs }
  const time = new IdleTime(clock)
  return {
    time,
    work: (ms: number) => void (clock.nowMs += ms),
    async wait(this: void, ms: number) {
      const waited = time.during(Promise.resolve())
      clock.nowMs += ms
      await waited
    },
  }
}

test('a loop that waits has time to spare, from the next window on', async () => {
  const { time, work, wait } = byHand()
  assert.equal(time.isSome(), false)
  await wait(20)
  work(470)
  assert.equal(time.isSome(), false)
  work(10)
  assert.equal(time.isSome(), true)
  work(490)
  assert.equal(time.isSome(), true)
  work(10)
  assert.equal(time.isSome(), false)
})

test('a loop that hardly ever waits has none', async () => {
  const { time, work, wait } = byHand()
  for (let turn = 0; turn < 100; turn++) {
    work(10)
    await wait(0.2)
  }
  assert.equal(time.isSome(), false)
  await wait(400)
  work(600)
  assert.equal(time.isSome(), true)
})
