/**
 * Rescaling 1 → 3 → 2 → 1, with a crash in between: a job with every kind of state (keyed of all
 * kinds, timers, windows, sessions, operator lists, union lists, broadcast maps, splits) says what
 * one says that was never disturbed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobHarness } from 'millrace/testing'
import { ROUNDS, sendRound, version } from '../fixtures/snapshots/v1/history.ts'
import { everyKind, START_MS } from '../fixtures/snapshots/v1/job.ts'

const PARALLELISMS = [3, 2, 1]

async function told(backend: 'hashmap' | 'rocksdb', isDisturbed: boolean) {
  const options = { checkpointing: { interval: '1000 d' } } as const
  await using harness = await jobHarness(everyKind, { splits: 2, now: START_MS, backend, options })
  for (let round = 0; round <= ROUNDS; round++) {
    await sendRound(harness, round)
    const parallelism = round % 2 === 1 ? PARALLELISMS[(round - 1) / 2] : undefined
    if (isDisturbed && parallelism !== undefined) await harness.rescale(parallelism)
    if (isDisturbed && round === 4) await harness.crash()
    await harness.advanceTime('5 min')
  }
  return await version.told(harness)
}

const undisturbed = told('hashmap', false)

for (const backend of ['hashmap', 'rocksdb'] as const) {
  test(`1 → 3 → 2 → 1 on ${backend}, with every kind of state`, async () => {
    assert.deepEqual(await told(backend, true), await undisturbed)
  })
}
