// The nearest right name: what counts as near, and what does not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editDistance, nearestName } from '../../src/util/nearest.ts'

test('distance counts insertions, deletions, replacements and swapped neighbours', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3)
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('memroy', 'memory'), 1)
  assert.equal(editDistance('same', 'same'), 0)
})

test('the nearest name is found whatever its case and dashes', () => {
  const names = ['parallelism', 'memory', 'checkpointing.minPause']
  assert.equal(nearestName('Paralelism', names), 'parallelism')
  assert.equal(nearestName('checkpointing-min-pause', names), 'checkpointing.minPause')
})

test('a name that resembles nothing has no nearest one', () => {
  assert.equal(nearestName('zebra', ['parallelism', 'memory']), undefined)
  assert.equal(nearestName('anything', []), undefined)
})
