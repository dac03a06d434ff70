import assert from 'node:assert/strict'
import { test } from 'node:test'
import { abandonedOf, lineOf, walkLine } from '../../src/checkpoint/line.ts'
import type { ManifestLink } from '../../src/checkpoint/manifest.ts'
import { checkpoint, fenceLink } from './links.ts'

const c = (sequence: number, leaderEpoch = 1) => checkpoint(sequence, { leaderEpoch })
const lineAt = (...links: ManifestLink[]) => lineOf(links).map((link) => link.sequence)

test('without fences every checkpoint is on the line', () => {
  assert.deepEqual(lineAt(), [])
  assert.deepEqual(lineAt(fenceLink(1, 0, 1), c(2), c(3)), [2, 3])
  assert.deepEqual(lineAt(c(5), c(6)), [5, 6])
})

test('a fence that restores the newest checkpoint abandons nothing', () => {
  assert.deepEqual(lineAt(c(2), c(3), fenceLink(4, 3, 2), c(5, 2)), [2, 3, 5])
  assert.deepEqual(lineAt(c(2), c(3), fenceLink(4, 3, 2)), [2, 3])
})

test('a fence that goes back abandons what lies between', () => {
  const links = [c(2), c(3), c(4), fenceLink(5, 3, 2), c(6, 2)]
  assert.deepEqual(lineAt(...links), [2, 3, 6])
  assert.deepEqual(
    abandonedOf(links).map((link) => link.sequence),
    [4],
  )
})

test('fences within what is abandoned are not followed', () => {
  const links = [c(2), c(3), fenceLink(4, 2, 2), c(5, 2), fenceLink(6, 3, 3), c(7, 3)]
  assert.deepEqual(lineAt(...links), [2, 3, 7])
})

test('going back and forth again follows each fence of the line', () => {
  const links = [c(2), c(3), fenceLink(4, 2, 2), c(5, 2), fenceLink(6, 5, 3), c(7, 3)]
  assert.deepEqual(lineAt(...links), [2, 5, 7])
})

test('a fresh start begins a new line', () => {
  const line = walkLine([c(2), c(3), fenceLink(4, 0, 2), c(5, 2)])
  assert.deepEqual(
    line.checkpoints.map((link) => link.sequence),
    [5],
  )
  assert.equal(line.end, 'fresh')
  assert.equal(line.includes(3), false)
  assert.equal(line.includes(5), true)
})

test('a gap within one leadership is walked over; one that may hide a fence ends the line', () => {
  assert.deepEqual(lineAt(c(2), c(4)), [2, 4])
  assert.deepEqual(lineAt(fenceLink(1, 0, 1), c(2), c(5, 2)), [5])
  assert.equal(walkLine([c(2), c(5, 2)]).end, 'gap')
})

test('a restored checkpoint that is missing leaves its predecessors on the line', () => {
  // 3 is damaged: what came right before it is still its past.
  assert.deepEqual(lineAt(c(2), fenceLink(4, 3, 2), c(5, 2)), [2, 5])
  assert.deepEqual(lineAt(c(2), c(4), fenceLink(5, 3, 2), c(6, 2)), [2, 6])
})

test('gaps among abandoned links do not matter', () => {
  assert.deepEqual(lineAt(c(2), c(3), c(6, 3), fenceLink(7, 3, 4), c(8, 4)), [2, 3, 8])
})

test('what lies between a fence and what it restores is off the line, also if missing', () => {
  const line = walkLine([c(2), c(3), c(4), fenceLink(6, 3, 2), c(7, 2)])
  const on = [1, 2, 3, 4, 5, 6, 7].filter((sequence) => line.includes(sequence))
  assert.deepEqual(on, [1, 2, 3, 6, 7])
})
