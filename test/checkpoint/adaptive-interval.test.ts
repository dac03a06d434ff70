// The interval that a recovery target asks for: the formula, and each of its bounds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  chooseInterval,
  describeInterval,
  type IntervalMeasures,
} from '../../src/checkpoint/adaptive-interval.ts'

const DAY_MS = 24 * 3_600_000

const measures = (changes: Partial<IntervalMeasures> = {}): IntervalMeasures => ({
  targetMs: 30_000,
  checkpointMs: 1_000,
  restartMs: 2_000,
  replayShare: 0.5,
  betweenFailuresMs: DAY_MS,
  ...changes,
})

for (const [what, changes, intervalMs, reason, words] of [
  // (30 − 2) / 0.5 − 1
  [
    'what the target allows',
    {},
    55_000,
    'target',
    /allows no more: a restart takes 2 s, .* 2\.0 times/,
  ],
  // √(2 · 0.02 · 86400) − 0.02 = 58.77
  [
    'the cheapest, by Young and Daly',
    { checkpointMs: 20, targetMs: 120_000 },
    58_768,
    'cheapest',
    /is met/,
  ],
  ['a second at least', { checkpointMs: 1, betweenFailuresMs: 60_000 }, 1_000, 'least', /is met/],
  [
    'a fifth of the time at most',
    { checkpointMs: 8_000, betweenFailuresMs: 60_000, targetMs: 600_000 },
    32_000,
    'least',
    /a fifth/,
  ],
  [
    'half an hour at most',
    { checkpointMs: 60_000, targetMs: DAY_MS },
    1_800_000,
    'most',
    /half an hour/,
  ],
  ['as good as can be', { targetMs: 1_000 }, 4_000, 'missed', /cannot be met: a restart takes 2 s/],
  [
    'no more often than checkpoints can follow',
    { checkpointMs: 12_000 },
    48_000,
    'missed',
    /a checkpoint 12 s/,
  ],
] as const) {
  test(`the interval is ${what}`, () => {
    const given = measures(changes)
    const chosen = chooseInterval(given)
    assert.deepEqual(chosen, { intervalMs, reason })
    assert.match(describeInterval(chosen, given), words)
  })
}

test('the rarer failures and the dearer checkpoints, the longer the interval', () => {
  const wide = { targetMs: DAY_MS }
  const interval = (changes: Partial<IntervalMeasures>): number =>
    chooseInterval(measures({ ...wide, ...changes })).intervalMs
  assert.ok(interval({ betweenFailuresMs: 1e6 }) < interval({ betweenFailuresMs: 1e7 }))
  assert.ok(interval({ checkpointMs: 100 }) < interval({ checkpointMs: 400 }))
})
