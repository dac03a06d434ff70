import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPERATOR_ID_MAX, operatorIds } from '../../src/checkpoint/operator-ids.ts'
import type { OperatorRecord } from '../../src/state/snapshot.ts'
import { node, plan } from './links.ts'

const state = (name: string) => ({ name, kind: 'value', type: { kind: 'int32' } }) as const
const idsOf = (records: readonly OperatorRecord[]) =>
  records.map(({ id, uid, dropped }) => `${uid}=${id}${dropped === true ? ' dropped' : ''}`)

test('ids are allotted in the order of the plan, to whatever has a uid', () => {
  const { uid: _uid, ...nameless } = node(1, 'x')
  const records = operatorIds([], plan(1, [[node(0, 'a'), nameless, node(2, 'b')]]))
  assert.deepEqual(idsOf(records), ['a=1', 'b=2'])
  assert.deepEqual(records[0]?.states, [{ id: 1, ...state('n') }])
})

test('an operator keeps its id wherever it moves, and new ones come after', () => {
  const first = operatorIds([], plan(1, [[node(0, 'a'), node(1, 'b')]]))
  const second = operatorIds(first, plan(1, [[node(0, 'new'), node(1, 'b'), node(2, 'a')]]))
  assert.deepEqual(idsOf(second), ['new=3', 'b=2', 'a=1'])
})

test('the id of a dropped operator is never given again, not even to itself', () => {
  const first = operatorIds([], plan(1, [[node(0, 'a'), node(1, 'b')]]))
  const second = operatorIds(first, plan(1, [[node(0, 'a')]]))
  assert.deepEqual(idsOf(second), ['a=1', 'b=2 dropped'])
  const third = operatorIds(second, plan(1, [[node(0, 'a'), node(1, 'c'), node(2, 'b')]]))
  assert.deepEqual(idsOf(third), ['a=1', 'c=3', 'b=4', 'b=2 dropped'])
})

test('states keep their ids by name, and ids of dropped states are never given again', () => {
  const withStates = (...names: string[]) => plan(1, [[node(0, 'a', { states: names.map(state) })]])
  const first = operatorIds([], withStates('x', 'y'))
  const second = operatorIds(first, withStates('z', 'x'))
  assert.deepEqual(
    second[0]?.states.map(({ id, name }) => [name, id]),
    [
      ['z', 3],
      ['x', 1],
    ],
  )
  const third = operatorIds(second, withStates('x'))
  assert.equal(third[0]?.highestStateId, 3)
  const fourth = operatorIds(third, withStates('y', 'x'))
  assert.deepEqual(
    fourth[0]?.states.map(({ id }) => id),
    [4, 1],
  )
})

test('more operators than a key has room for are refused', () => {
  const last = { id: OPERATOR_ID_MAX, uid: 'last', states: [] }
  assert.throws(() => operatorIds([last], plan(1, [[node(0, 'a')]])), { code: 'JOB_GRAPH_INVALID' })
})

test('a record holds what its operator has, and no empty fields', () => {
  const { keyType: _none, ...keyless } = node(0, 'a', { states: [] })
  const { keyType } = node(1, 'b')
  const [first, second] = operatorIds([], plan(1, [[keyless, node(1, 'b', { states: [] })]]))
  assert.deepEqual(first, { id: 1, uid: 'a', states: [] })
  assert.deepEqual(second, { id: 2, uid: 'b', keyType, states: [] })
})
