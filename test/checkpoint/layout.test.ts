import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  linkName,
  parsePinName,
  parseRunName,
  pinName,
  runName,
  sequenceOfLink,
} from '../../src/checkpoint/layout.ts'

test('names are made and read back', () => {
  assert.equal(linkName(42), 'chain/000000000042.manifest')
  assert.equal(sequenceOfLink('chain/000000000042.manifest'), 42)
  const identity = { leaderEpoch: 3, checkpointId: 17, vertex: 1, subtaskIndex: 0 }
  assert.equal(runName(identity), 'runs/3-17-v1-s0.run')
  assert.equal(runName({ ...identity, merge: 2 }), 'runs/3-17-v1-s0-m2.run')
  assert.deepEqual(parseRunName('runs/3-17-v1-s0.run'), identity)
  assert.deepEqual(parseRunName('runs/3-17-v1-s0-m2.run'), { ...identity, merge: 2 })
  const pin = { sequence: 42, expiresAtMs: 1_754_000_000_000, holder: 'a1b2' }
  assert.equal(pinName(pin), 'pins/000000000042-1754000000000-a1b2.pin')
  assert.deepEqual(parsePinName(pinName(pin)), pin)
})

test('links are listed in the order of their numbers', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e12 - 1 }),
      fc.integer({ min: 1, max: 1e12 - 1 }),
      (a, b) => {
        assert.equal(linkName(a) < linkName(b), a < b)
      },
    ),
  )
})

test('names that are not of the layout are not read', () => {
  const names = [
    'chain/42.manifest',
    'chain/000000000000.manifest',
    'chain/000000000042.manifest.tmp',
  ]
  for (const name of names) assert.equal(sequenceOfLink(name), undefined, name)
  const runs = [
    'runs/03-17-v1-s0.run',
    '../runs/3-17-v1-s0.run',
    'runs/3-17-v1-s0-m.run',
    'runs/x.run',
  ]
  for (const name of runs) assert.equal(parseRunName(name), undefined, name)
  assert.equal(parsePinName('pins/000000000042-1-../x.pin'), undefined)
})

test('numbers that no name can hold are refused', () => {
  assert.throws(() => linkName(0), /sequence/)
  assert.throws(() => linkName(1e12), /sequence/)
  assert.throws(() => runName({ leaderEpoch: -1, checkpointId: 1, vertex: 0, subtaskIndex: 0 }))
})

test('a link has a number of at most twelve digits', () => {
  assert.equal(linkName(1e12 - 1), 'chain/999999999999.manifest')
  for (const sequence of [0, 1.5, 1e12]) {
    assert.throws(() => linkName(sequence), { name: 'AssertionError' })
  }
})
