// What a listing says of each checkpoint of a chain.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Chain } from '../../src/checkpoint/chain.ts'
import { listCheckpoints } from '../../src/checkpoint/listing.ts'
import type { ManifestLink } from '../../src/checkpoint/manifest.ts'
import { checkpoint, fenceLink, node, plan, STATISTICS } from './links.ts'

const chainOf = (...links: ManifestLink[]): Chain => ({
  entries: links.map((link) => ({ name: `${link.sequence}`, link, hash: '', lengthBytes: 1 })),
  head: { sequence: links.length, hash: '', lengthBytes: 1, leaderEpoch: 1 },
  damage: [],
  givenUp: [],
})

test('the newest comes first, and what a rollback left behind is marked', () => {
  const wide = plan(2, [[node(0, 'count')]])
  const listed = listCheckpoints(
    chainOf(
      fenceLink(1, 0, 1),
      checkpoint(2),
      checkpoint(3, { purpose: 'manual' }),
      fenceLink(4, 2, 2),
      checkpoint(5, { plan: wide, parallelism: 2, finished: true }),
    ),
  )
  assert.deepEqual(
    listed.map(({ checkpointId, leftBehind }) => [checkpointId, leftBehind]),
    [
      [5, false],
      [3, true],
      [2, false],
    ],
  )
  const [newest, older] = listed
  const { initMs, prepareMs, confirmMs } = STATISTICS
  assert.deepEqual(newest, {
    checkpointId: 5,
    sequence: 5,
    purpose: 'periodic',
    writtenAt: 1_750_000_000_005,
    finished: true,
    leftBehind: false,
    parallelism: 2,
    writtenBytes: 100,
    totalBytes: 2000,
    entries: 20,
    durationMs: initMs + prepareMs + confirmMs,
  })
  assert.deepEqual([older?.purpose, older?.totalBytes], ['manual', 1000])
  assert.deepEqual(listCheckpoints(chainOf()), [])
})
