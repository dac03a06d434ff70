import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import { keyedHarness } from 'millrace/testing'
import { type Milestone, milestones } from '../../examples/stateful-count/visits.ts'
import { backends, finish, jobOf, recordsOf, temporaryFolder } from './helpers.ts'

describe('milestones', () => {
  for (const page of ['home', 'item']) {
    it(`are the first and every tenth visit of a user, here to ${page}`, async () => {
      await using harness = await keyedHarness(milestones)
      for (let visit = 0; visit < 25; visit++) {
        harness.processElement('ann', { user: 'ann', page })
        if (visit < 3) harness.processElement('bob', { user: 'bob', page })
      }
      assert.deepEqual(harness.output, [
        { user: 'ann', visits: 1, page },
        { user: 'bob', visits: 1, page },
        { user: 'ann', visits: 10, page },
        { user: 'ann', visits: 20, page },
      ])
      assert.equal(harness.state('ann').visits.value(), 25)
      assert.equal(harness.state('bob').visits.value(), 3)
      assert.equal(harness.state('carl').visits.value(), 0)
    })
  }
})

/** Each user has the milestones 1, 10, 20, … in order and without a gap, whoever computed them. */
function assertWhole(records: readonly Milestone[]): void {
  const last = new Map<string, number>()
  for (const { user, visits } of records) {
    const before = last.get(user)
    assert.equal(visits, before === undefined ? 1 : before === 1 ? 10 : before + 10, user)
    last.set(user, visits)
  }
}

const byUser = (a: Milestone, b: Milestone): number =>
  a.user === b.user ? a.visits - b.visits : a.user < b.user ? -1 : 1

describe('the stateful count', () => {
  it('is the same with any parallelism, backend and interruption', async () => {
    const folder = await temporaryFolder()
    const options = (name: string) => ({
      params: { output: join(folder, name, 'output'), visits: 30_000, perSecond: 100_000 },
      directory: join(folder, name),
    })
    await finish('stateful-count', { ...options('plain'), backend: 'hashmap' })
    const plain = await recordsOf<Milestone>(join(folder, 'plain', 'output'))
    assertWhole(plain)
    assert.equal(new Set(plain.map((record) => record.user)).size, 1_000)
    const visits = plain.filter((record) => record.visits === 30).length
    assert.ok(visits > 300, `${visits} of 1,000 users came 30 times, of 30 on average`)

    const stopped = options('stopped')
    await using first = await run(jobOf('stateful-count'), { ...stopped, backend: 'hashmap' })
    await first.checkpoint()
    await first.stop()
    const backend = backends.at(-1) ?? 'hashmap'
    const status = await finish('stateful-count', { ...stopped, backend, parallelism: 2 })
    assert.notEqual(status.restoredFrom, undefined)
    const resumed = await recordsOf<Milestone>(join(folder, 'stopped', 'output'))
    assert.deepEqual(resumed.toSorted(byUser), plain.toSorted(byUser))
  })
})
