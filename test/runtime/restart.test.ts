import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  NO_FAILURES,
  type RestartState,
  type RestartStrategy,
  decideRestart,
} from '../../src/runtime/restart.ts'
import { SeededRandom } from '../../src/util/random.ts'

/** What follows each of these failures. */
function after(strategy: RestartStrategy, ...failuresAtMs: number[]): (number | 'give up')[] {
  const random = new SeededRandom(1)
  let state: RestartState = NO_FAILURES
  return failuresAtMs.map((atMs) => {
    const decision = decideRestart(strategy, state, atMs, random)
    state = decision.state
    return decision.next
  })
}

const exponential = {
  kind: 'exponential-delay',
  initialDelayMs: 100,
  maxDelayMs: 1000,
  multiplier: 2,
  jitter: 0,
  resetAfterMs: 10_000,
  attemptsMax: undefined,
} as const

test('without a strategy the first failure is the last', () => {
  assert.deepEqual(after({ kind: 'none' }, 0), ['give up'])
})

test('a fixed delay is given so many times', () => {
  const strategy = { kind: 'fixed-delay', attemptsMax: 2, delayMs: 50 } as const
  assert.deepEqual(after(strategy, 0, 100, 1e9), [50, 50, 'give up'])
})

test('an exponential delay grows up to its limit', () => {
  assert.deepEqual(
    after(exponential, 0, 200, 500, 1000, 2000, 4000),
    [100, 200, 400, 800, 1000, 1000],
  )
})

test('after running long enough the delay starts anew', () => {
  // The restart after the second failure was due at 400; 10 s later it counts as stable.
  assert.deepEqual(after(exponential, 0, 200, 10_399), [100, 200, 400])
  assert.deepEqual(after(exponential, 0, 200, 10_400), [100, 200, 100])
})

test('exponential delays may be limited in number, counted since the last reset', () => {
  const limited = { ...exponential, attemptsMax: 2 }
  assert.deepEqual(after(limited, 0, 200, 500), [100, 200, 'give up'])
  assert.deepEqual(after(limited, 0, 200, 20_000), [100, 200, 100])
})

test('jitter spreads the delay to both sides, and never beyond the limit', () => {
  const strategy = { ...exponential, jitter: 0.5, resetAfterMs: 0, maxDelayMs: 120 }
  const delays = after(strategy, ...Array.from({ length: 200 }, (_, index) => index * 1e6))
  const numbers = delays.map(Number)
  assert.ok(Math.min(...numbers) >= 50 && Math.min(...numbers) < 60)
  assert.equal(Math.max(...numbers), 120)
})

test('failures are tolerated up to a rate', () => {
  const strategy = { kind: 'failure-rate', failuresMax: 2, intervalMs: 1000, delayMs: 10 } as const
  assert.deepEqual(after(strategy, 0, 500, 1000, 1500, 2000), [10, 10, 10, 10, 10])
  assert.deepEqual(after(strategy, 0, 500, 999), [10, 10, 'give up'])
})
