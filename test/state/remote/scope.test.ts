// Scopes of remote tables in virtual time: who is in use, who is left, and who must not go on.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Scope, type ScopeTable } from '../../../src/state/remote/scope.ts'
import { VirtualClock, VirtualTime } from '../../../src/testing/job/virtual-time.ts'
import { systemClock } from '../../../src/util/clock.ts'

const HOUR_MS = 3_600_000
const STARTED_MS = 1_000 * HOUR_MS

/** What is written down, and which scopes were dropped. */
class Marks implements ScopeTable {
  readonly seen = new Map<string, number>()
  readonly dropped: string[] = []
  requests = 0

  async see(scope: string, atMs: number): Promise<void> {
    this.requests++
    this.seen.set(scope, atMs)
  }

  async scopes() {
    this.requests++
    return [...this.seen].map(([scope, seenMs]) => ({ scope, seenMs }))
  }

  async dropScope(scope: string): Promise<void> {
    this.dropped.push(scope)
    this.seen.delete(scope)
  }
}

function opening() {
  const [time, marks] = [new VirtualTime(STARTED_MS), new Marks()]
  const scope = new Scope('own', marks, new VirtualClock(time, { isAlive: true }))
  /** Fires what is due on the way, unless the process stands still meanwhile. */
  const pass = async (hours: number, standsStill = false): Promise<void> => {
    const endMs = time.nowMs + hours * HOUR_MS
    while (!standsStill && time.nextAtMs <= endMs) {
      time.nowMs = time.nextAtMs
      time.fireDue()
      for (let turn = 0; turn < 5; turn++) await systemClock.yield()
    }
    time.nowMs = endMs
    time.fireDue()
    for (let turn = 0; turn < 5; turn++) await systemClock.yield()
  }
  return { marks, scope, pass }
}

const gone = { code: 'STORAGE_FAILED', message: /may have been deleted/, retryable: true }

describe('a scope of a remote table', () => {
  it('says four times a day that it is in use, and lives', async () => {
    const { marks, scope, pass } = opening()
    await scope.open()
    await pass(240)
    scope.expectAlive()
    assert.equal(marks.requests, 2 + 40)
    scope.close()
    await pass(240)
    assert.equal(marks.requests, 2 + 40)
  })

  it('deletes those that have been silent for two days, after a while', async () => {
    const { marks, scope, pass } = opening()
    marks.seen.set('dead', STARTED_MS - 49 * HOUR_MS)
    marks.seen.set('silent', STARTED_MS - 47 * HOUR_MS)
    await scope.open()
    assert.deepEqual(marks.dropped, [], 'while it restores its state')
    await pass(1)
    assert.deepEqual(marks.dropped, ['dead'])
    scope.close()
  })

  it('that stood still for a day is not used again, whatever it says later', async () => {
    const { marks, scope, pass } = opening()
    await scope.open()
    await pass(1)
    await pass(60, true)
    assert.throws(() => scope.expectAlive(), gone)
    await pass(12)
    assert.throws(() => scope.expectAlive(), gone)
    assert.equal(marks.seen.get('own'), STARTED_MS)
  })
})
