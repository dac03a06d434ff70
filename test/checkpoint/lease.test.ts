// The lease as pure decisions: what marks mean, when a leader renews, when a standby leads.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ChainSight,
  decideLeader,
  decideStandby,
  leaderOf,
  type LeaseView,
  livingStandbys,
  look,
  NOTHING_SEEN,
  type StandbyState,
} from '../../src/checkpoint/lease.ts'
import {
  type LeaderMark,
  markName,
  parseMarkName,
  type StandbyMark,
} from '../../src/checkpoint/lease-marks.ts'

const LEASE_MS = 600

function leader(renewal: number, changes: Partial<LeaderMark> = {}): LeaderMark {
  const fixed = { kind: 'leader', leaderEpoch: 3, leaseMs: LEASE_MS, state: 'held' } as const
  return { ...fixed, renewal, holder: 'a', ...changes }
}

function standby(holder: string, renewal: number, sequence = 7): StandbyMark {
  return { kind: 'standby', holder, renewal, sequence }
}

/** What is known after these listings: times with the marks that were there. */
function seen(...looks: readonly (readonly [number, ...(LeaderMark | StandbyMark)[]])[]) {
  let view: LeaseView = NOTHING_SEEN
  for (const [atMs, ...marks] of looks) view = look(view, marks.map(markName), atMs)
  return view
}

const CHAIN: ChainSight = {
  leaderEpoch: 3,
  leader: 'a',
  hasEnded: false,
  isGivenUp: false,
  isOld: true,
  sinceMs: 0,
}

function standbyState(view: LeaseView, changes: Partial<StandbyState> = {}): StandbyState {
  const own = { leaseMs: LEASE_MS, beganAtMs: 0, hasFollowed: true, owner: undefined }
  return { view, chain: CHAIN, ...own, ...changes }
}

test('the name of a mark says all of it; other names are no marks', () => {
  for (const mark of [leader(41, { state: 'released' }), standby('b2', 3, 42)]) {
    assert.deepEqual(parseMarkName(markName(mark)), mark)
  }
  assert.equal(markName(leader(41)), 'leases/000000000003-000000000041-600-held-a.leader')
  for (const name of ['leases/x', 'leases/1-2-3-held-a.leader', 'chain/000000000001.manifest']) {
    assert.equal(parseMarkName(name), undefined)
  }
  assert.throws(() => markName(standby('no/path', 1)))
})

test('of many marks the newest counts, since the look before it was first seen', () => {
  const view = seen([0, leader(1), leader(2)], [100, leader(2)], [200, leader(2), leader(3)])
  assert.deepEqual(view.leader, { mark: leader(3), sinceMs: 100, seenMs: 200, isOld: false })
  const other = leader(1, { leaderEpoch: 4, holder: 'b' })
  assert.deepEqual(seen([0, leader(9), other]).leader, {
    mark: other,
    sinceMs: 0,
    seenMs: 0,
    isOld: true,
  })
})

test('a leader that nobody watches says nothing and looks once per lease', () => {
  const self = { holder: 'a', leaderEpoch: 3, leaseMs: LEASE_MS }
  const step = decideLeader(seen([0]), self, 10)
  assert.deepEqual(step, {
    isSuperseded: false,
    renews: false,
    deletable: [],
    nextMs: 10 + LEASE_MS,
  })
})

test('a leader that is watched renews each third of its lease and deletes what is old', () => {
  const self = { holder: 'a', leaderEpoch: 3, leaseMs: LEASE_MS }
  const marks = [leader(1), leader(2), standby('b', 1), standby('b', 2), standby('dead', 1)]
  const before = seen([0, standby('dead', 1)])
  const view = look(before, marks.map(markName), 3 * LEASE_MS)
  const step = decideLeader(view, self, 3 * LEASE_MS)
  assert.equal(step.renews, true)
  assert.equal(step.nextMs, 3 * LEASE_MS + LEASE_MS / 3)
  assert.deepEqual(step.deletable, [leader(1), standby('b', 1), standby('dead', 1)])
  assert.deepEqual(livingStandbys(view, LEASE_MS, 3 * LEASE_MS), [standby('b', 2)])
})

test('marks that are still the newest are kept, however often they are seen', () => {
  const self = { holder: 'a', leaderEpoch: 3, leaseMs: LEASE_MS }
  const marks = [leader(2), standby('b', 2)]
  const view = seen([0, ...marks], [LEASE_MS / 3, ...marks], [LEASE_MS / 2, ...marks])
  assert.deepEqual(decideLeader(view, self, LEASE_MS / 2).deletable, [])
})

test('a leader answers the mark of a former one, and yields to a later one', () => {
  const self = { holder: 'b', leaderEpoch: 4, leaseMs: LEASE_MS }
  const after = decideLeader(seen([0, leader(5)]), self, 0)
  assert.deepEqual([after.isSuperseded, after.renews, after.deletable], [false, true, [leader(5)]])
  const later = seen([0], [100, leader(1, { leaderEpoch: 5, holder: 'c' })])
  assert.equal(decideLeader(later, self, 0).isSuperseded, true)
  assert.equal(decideLeader(later, { ...self, leaderEpoch: 5 }, 0).isSuperseded, false)
  assert.equal(decideLeader(later, { ...self, holder: 'c' }, 0).isSuperseded, false)
})

test('a leader clears away a mark of a chain that is gone, but yields if it is said again', () => {
  const self = { holder: 'b', leaderEpoch: 1, leaseMs: LEASE_MS }
  const leftover = leader(5, { state: 'cancelled' })
  const first = decideLeader(seen([0, leftover]), self, 0)
  assert.deepEqual([first.isSuperseded, first.deletable], [false, [leftover]])
  const again = seen([0, leader(5)], [100, leader(6)])
  assert.equal(decideLeader(again, self, 100).isSuperseded, true)
})

test('a standby waits while the leader renews, and leads a lease after the last renewal', () => {
  const view = seen([0, leader(1)], [100, leader(2)], [200, leader(2)])
  assert.deepEqual(decideStandby(standbyState(view), 200), { kind: 'wait', untilMs: 300 })
  // It looks at the very end of the lease, not a pause later.
  assert.deepEqual(decideStandby(standbyState(view), 550), { kind: 'wait', untilMs: 600 })
  assert.deepEqual(decideStandby(standbyState(view), 600), { kind: 'lead', why: 'lease ended' })
})

test('before the first renewal it waits two leases: the leader does not know of it yet', () => {
  for (const view of [seen([0]), seen([0, leader(1)])]) {
    assert.equal(decideStandby(standbyState(view), 2 * LEASE_MS - 1).kind, 'wait')
    assert.equal(decideStandby(standbyState(view), 2 * LEASE_MS).kind, 'lead')
  }
})

test('who has not looked for a lease counts anew, for the leader may not know of it either', () => {
  const on = [[0, leader(1)] as const, [100, leader(2)] as const]
  for (const after of [leader(2), leader(9), leader(1, { leaderEpoch: 4, holder: 'b' })]) {
    const view = seen(...on, [5_000, after])
    assert.deepEqual(decideStandby(standbyState(view), 5_000), { kind: 'wait', untilMs: 5_100 })
    assert.equal(decideStandby(standbyState(view), 6_199).kind, 'wait')
    assert.equal(decideStandby(standbyState(view), 6_200).kind, 'lead')
  }
  // What it hears from then on counts as before.
  const view = seen(...on, [5_000, leader(2)], [5_100, leader(2)], [5_200, leader(3)])
  assert.equal(decideStandby(standbyState(view), 5_699).kind, 'wait')
  assert.deepEqual(decideStandby(standbyState(view), 5_700), { kind: 'lead', why: 'lease ended' })
})

test('a link of the chain is a sign of life as good as a mark', () => {
  const view = seen([0, leader(1)], [100, leader(2)])
  const chain = { ...CHAIN, leaderEpoch: 3, leader: 'a', hasEnded: false, sinceMs: 500 }
  assert.equal(decideStandby(standbyState(view, { chain }), 1_000).kind, 'wait')
  assert.equal(decideStandby(standbyState(view, { chain }), 1_100).kind, 'lead')
})

test('the death of the process counts at once, if it is the one that leads', () => {
  const view = seen([0, leader(1)], [100, leader(2)])
  const gone = (claim: string) => ({ owner: { claim, isGone: true, wasSeen: false } })
  const lead = { kind: 'lead', why: 'process gone' }
  assert.deepEqual(decideStandby(standbyState(view, gone('a')), 101), lead)
  assert.equal(decideStandby(standbyState(view, gone('b')), 101).kind, 'wait')
  const alive = standbyState(view, { owner: { claim: 'a', isGone: false, wasSeen: true } })
  assert.equal(decideStandby(alive, 101).kind, 'wait')
  assert.equal(decideStandby(alive, 600).kind, 'lead')
})

test('while nobody has said who leads, only a process that was seen to live counts', () => {
  const chain = { ...CHAIN, leaderEpoch: 3, leader: undefined, hasEnded: false, sinceMs: 0 }
  for (const wasSeen of [true, false]) {
    const state = standbyState(seen([0]), { chain, owner: { claim: 'b', isGone: true, wasSeen } })
    assert.equal(decideStandby(state, 1).kind, wasSeen ? 'lead' : 'wait')
  }
})

test('the end of the job ends a standby that followed it; one that comes later leads', () => {
  for (const how of ['stopped', 'finished', 'cancelled', 'failed'] as const) {
    const end = leader(2, { state: how })
    const followed = seen([0, leader(1)], [100, end])
    assert.deepEqual(decideStandby(standbyState(followed), 100), { kind: 'end', how })
    const found = decideStandby(standbyState(seen([0, end]), { hasFollowed: false }), 0)
    assert.deepEqual(found, { kind: 'lead', why: 'nobody leads' })
    const chain = { ...CHAIN, leaderEpoch: 4, leader: 'b', hasEnded: false, sinceMs: 0 }
    assert.equal(decideStandby(standbyState(followed, { chain }), 100).kind, 'wait')
  }
})

test('giving the checkpoints up ends who followed the job, not who comes later', () => {
  const view = seen([0, leader(1)], [100, leader(2, { state: 'cancelled' })])
  const fenced = { ...CHAIN, leaderEpoch: 4, hasEnded: true, isGivenUp: true, isOld: false }
  const end = { kind: 'end', how: 'cancelled' }
  assert.deepEqual(decideStandby(standbyState(view, { chain: fenced }), 100), end)
  assert.deepEqual(decideStandby(standbyState(seen([0]), { chain: fenced }), 9_999), end)
  const chain = { ...fenced, isOld: true }
  const later = standbyState(seen([0, leader(2)]), { chain, hasFollowed: false })
  assert.deepEqual(decideStandby(later, 0), { kind: 'lead', why: 'nobody leads' })
})

test('a lease that is released is taken up at once', () => {
  const view = seen([0, leader(1)], [100, leader(2, { state: 'released' })])
  assert.deepEqual(decideStandby(standbyState(view), 100), { kind: 'lead', why: 'released' })
})

test('where the chain says that nobody leads, one that has just come leads at once', () => {
  const chain = { ...CHAIN, leaderEpoch: 3, leader: 'a', hasEnded: true, sinceMs: 0 }
  const first = standbyState(seen([0]), { chain, hasFollowed: false })
  assert.deepEqual(decideStandby(first, 0), { kind: 'lead', why: 'nobody leads' })
  assert.equal(decideStandby({ ...first, hasFollowed: true }, 0).kind, 'wait')
  const starting = { ...first, owner: { claim: 'z', isGone: false, wasSeen: true } }
  assert.equal(decideStandby(starting, 0).kind, 'wait')
})

test('names that are no marks are passed over', () => {
  const view = look(NOTHING_SEEN, ['leases/x', markName(leader(1)), 'leases/y.standby'], 0)
  assert.deepEqual(view.marks, [leader(1)])
  assert.equal(view.leader?.mark.renewal, 1)
})

test('a standby looks as often as the lease of the leader asks, or its own', () => {
  const long = leader(2, { leaseMs: 2 * LEASE_MS })
  const view = seen([0, long], [100, long])
  assert.deepEqual(decideStandby(standbyState(view), 100), { kind: 'wait', untilMs: 300 })
  assert.deepEqual(decideStandby(standbyState(seen([0])), 0), { kind: 'wait', untilMs: 100 })
})

test('who leads is who said so last: by a mark, unless the chain has gone on without it', () => {
  const view = seen([0, leader(1, { holder: 'm' })])
  for (const [leaderEpoch, expected] of [
    [2, 'm'],
    [3, 'm'],
    [4, 'c'],
  ] as const) {
    assert.equal(leaderOf(view, { ...CHAIN, leaderEpoch, leader: 'c' }), expected)
  }
  assert.equal(leaderOf(seen([0]), { ...CHAIN, leader: 'c' }), 'c')
  assert.equal(leaderOf(seen([0]), { ...CHAIN, leader: undefined }), undefined)
})

test('the death of the process that wrote a newer mark than the chain knows of counts', () => {
  const view = seen([0, leader(1, { holder: 'm' })])
  const owner = { claim: 'm', isGone: true, wasSeen: false }
  const state = standbyState(view, { owner, chain: { ...CHAIN, leader: 'other' } })
  assert.deepEqual(decideStandby(state, 1), { kind: 'lead', why: 'process gone' })
  const later = { ...CHAIN, leader: 'other', leaderEpoch: 4 }
  assert.equal(decideStandby({ ...state, chain: later }, 1).kind, 'wait')
})

test('a standby is heard of for three leases, and not a moment longer', () => {
  const view = seen([0], [100, standby('b', 1)])
  assert.equal(livingStandbys(view, LEASE_MS, 99 + 3 * LEASE_MS).length, 1)
  assert.equal(livingStandbys(view, LEASE_MS, 100 + 3 * LEASE_MS).length, 0)
})

test('of standbys the newest mark of each counts, in whatever order they are listed', () => {
  const marks = [standby('b', 2), standby('c', 0), standby('b', 3), standby('b', 1)]
  for (const listed of [marks, marks.toReversed()]) {
    const found = seen([5, ...listed]).standbys.map(({ mark }) => mark)
    assert.deepEqual(
      found.toSorted((a, b) => (a.holder < b.holder ? -1 : 1)),
      [standby('b', 3), standby('c', 0)],
    )
  }
})

test('a mark of an epoch that is over does not end or delay a standby', () => {
  const chain = { ...CHAIN, leaderEpoch: 4 }
  for (const state of ['released', 'stopped'] as const) {
    const view = seen([0], [100, leader(2, { state })])
    assert.equal(decideStandby(standbyState(view, { chain }), 100).kind, 'wait')
    assert.notEqual(decideStandby(standbyState(view), 100).kind, 'wait')
  }
})
