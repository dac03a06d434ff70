// The names of timers of windows: each window is found again by its own, and no other text is one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Window } from '../../../src/operators/windows/window.ts'

test('a window is found by the name of its timers', () => {
  const times = [0, 1, -1, -10, 1_700_000_000_000, 999_999_999_999_999, 2 ** 52, 1e21, 0.5, -0.25]
  times.push(Number.POSITIVE_INFINITY)
  for (const start of times) {
    for (const end of times.filter((each) => each >= start)) {
      const { timerName } = new Window(start, end)
      assert.equal(timerName, `${start} ${end}`)
      const found = Window.fromTimerName(timerName)
      assert.deepEqual([found.start, found.end, found.timerName], [start, end, timerName])
    }
  }
})

test('a name that no window has is refused', () => {
  const names = ['', ' ', '5', '1 ', ' 1', '2 1', '01 2', '1 02', '-0 5', '- 5', '1  2', '1 2 ']
  for (const name of [...names, ' 1 2', '1 2 3', '+1 2', '1e3 2000', '1 0x2', '1 2a', 'a b']) {
    assert.throws(() => Window.fromTimerName(name), { code: 'STORAGE_CORRUPT' }, name)
  }
})
