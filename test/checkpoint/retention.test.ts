import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManifestLink } from '../../src/checkpoint/manifest.ts'
import { runNamesOf, runsOf } from '../../src/checkpoint/registry.ts'
import { deletableRuns, retain } from '../../src/checkpoint/retention.ts'
import { checkpoint, fenceLink, run } from './links.ts'

const c = (sequence: number, leaderEpoch = 1) => checkpoint(sequence, { leaderEpoch })

const released = (links: readonly ManifestLink[], keep: number, held: readonly number[] = []) =>
  retain({ links, keep, held, unverified: false }).released.map((link) => link.sequence)

test('the newest checkpoints stay, older links go from the front', () => {
  const links = [fenceLink(1, 0, 1), c(2), c(3), c(4), c(5)]
  assert.deepEqual(released(links, 2), [1, 2, 3])
  assert.deepEqual(released(links, 10), [1])
  assert.deepEqual(released([], 2), [])
})

test('fences between checkpoints that stay are kept: the chain stays dense', () => {
  assert.deepEqual(released([c(2), c(3), fenceLink(4, 3, 2), c(5, 2)], 2), [2])
})

test('what a pin or a copy holds stays, and all that is newer', () => {
  assert.deepEqual(released([c(2), c(3), c(4), c(5)], 1, [3]), [2])
})

test('before the restored checkpoint is verified no link goes', () => {
  const links = [c(2), c(3), c(4)]
  assert.deepEqual(retain({ links, keep: 1, held: [], unverified: true }).released, [])
})

test('what was abandoned goes only when there is enough on the new line', () => {
  const fresh = [c(2), c(3), fenceLink(4, 0, 2)]
  assert.deepEqual(released(fresh, 2), [])
  assert.deepEqual(released([...fresh, c(5, 2)], 2), [2])
  assert.deepEqual(released([...fresh, c(5, 2), c(6, 2)], 2), [2, 3, 4])
})

test('with nothing to keep only the head is left', () => {
  assert.deepEqual(released([c(2), c(3), fenceLink(4, 0, 2)], 0), [2, 3])
})

test('a run is needed once, though several subtasks share it', () => {
  const shared = run('runs/1-1-v0-s0.run')
  const tasks = [0, 1].map((subtaskIndex) => ({
    vertex: 0,
    subtaskIndex,
    runs: [shared],
    records: run(`runs/1-2-v0-s${subtaskIndex}.run`),
    keyGroups: { start: 0, end: 127 },
  }))
  const link = checkpoint(2, { tasks })
  assert.equal(runsOf(link).length, 3)
  assert.deepEqual([...runNamesOf([link, fenceLink(3, 2, 2)])].toSorted(), [
    'runs/1-1-v0-s0.run',
    'runs/1-2-v0-s0.run',
    'runs/1-2-v0-s1.run',
  ])
})

test('a run goes if no link names it and nobody alive can mean to', () => {
  const names = [
    'runs/1-9-v0-s0.run', // of a dead leader, named by nobody
    'runs/1-9-v0-s0-m1.run',
    'runs/2-2-v0-s0.run', // named by what stays
    'runs/2-3-v0-s0.run', // of an aborted attempt
    'runs/2-5-v0-s0.run', // of the living attempt
    'runs/2-3-v0-s0-m1.run', // of a merge that no manifest names yet
    'runs/2-1-v0-s0-m1.run', // a merge that a deleted link named
    'runs/3-1-v0-s0.run', // of a newer leader
    'runs/readme.txt',
  ]
  const tasks = [
    {
      vertex: 0,
      subtaskIndex: 0,
      runs: [run('runs/2-1-v0-s0-m1.run')],
      keyGroups: { start: 0, end: 1 },
    },
  ]
  const doomed = deletableRuns({
    names,
    kept: [checkpoint(2, { leaderEpoch: 2 })],
    released: [checkpoint(1, { leaderEpoch: 2, tasks })],
    alive: { leaderEpoch: 2, checkpointId: 5 },
  })
  assert.deepEqual(doomed, [
    'runs/1-9-v0-s0.run',
    'runs/1-9-v0-s0-m1.run',
    'runs/2-3-v0-s0.run',
    'runs/2-1-v0-s0-m1.run',
  ])
})

test('a run of the living attempt is kept, one of any before it goes, at each boundary', () => {
  const alive = { leaderEpoch: 3, checkpointId: 7 }
  const own = [6, 7, 8].map((id) => `runs/3-${id}-v0-s0.run`)
  const [older, current, later] = ['runs/2-9-v0-s0.run', ...own.slice(1)]
  const names = [older, ...own, 'runs/4-1-v0-s0.run', 'runs/no run'].map(String)
  const gone = deletableRuns({ names, kept: [], released: [], alive })
  assert.deepEqual(gone, [older, own[0]])
  assert.ok(![current, later].some((name) => gone.includes(String(name))))
})
