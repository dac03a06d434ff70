// The age of an operator's types: what older entries are read by, for as long as they may live.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operatorIds } from '../../src/checkpoint/operator-ids.ts'
import type { PlanNode, PlanState } from '../../src/graph/plan.ts'
import type { OperatorRecord } from '../../src/state/snapshot.ts'
import { node, plan } from './links.ts'

const int32 = { kind: 'int32' } as const
const int64 = { kind: 'int64' } as const
const text = { kind: 'string' } as const

function state(name: string, type: PlanState['type'], kind: PlanState['kind'] = 'value') {
  return { name, kind, type }
}

/** What the operator's record is after each version of it. */
function lives(...versions: readonly Partial<PlanNode>[]): readonly OperatorRecord[] {
  let records: readonly OperatorRecord[] = []
  let former: ReturnType<typeof plan> | undefined
  return versions.map((changes) => {
    const now = plan(1, [[node(0, 'a', changes)]])
    records = operatorIds(records, now, former)
    former = now
    const [record] = records
    assert.ok(record !== undefined)
    return record
  })
}

const ageOf = ({ schemaId, formerTypes }: OperatorRecord) => ({ schemaId, formerTypes })
const young = { schemaId: undefined, formerTypes: undefined }

test('a type that changes is remembered under the age that it ends with', () => {
  const of = (type: PlanState['type']) => ({ states: [state('n', type), state('m', text)] })
  const [first, same, second, third] = lives(of(int32), of(int32), of(int64), of(text))
  assert.ok(first && same && second && third)
  assert.deepEqual(ageOf(first), young)
  assert.deepEqual(ageOf(same), young)
  const former = { id: 0, states: [{ id: 1, type: int32 }] }
  assert.deepEqual(ageOf(second), { schemaId: 1, formerTypes: [former] })
  const later = { id: 1, states: [{ id: 1, type: int64 }] }
  assert.deepEqual(ageOf(third), { schemaId: 2, formerTypes: [former, later] })
})

test('the types of a state that was dropped are forgotten, the others kept', () => {
  const [, , dropped] = lives(
    { states: [state('n', int32), state('m', int32)] },
    { states: [state('n', int64), state('m', int64)] },
    { states: [state('m', int64)] },
  )
  assert.ok(dropped)
  const former = { id: 0, states: [{ id: 2, type: int32 }] }
  assert.deepEqual(ageOf(dropped), { schemaId: 1, formerTypes: [former] })
  const [, , gone] = lives(
    { states: [state('n', int32), state('m', int32)] },
    { states: [state('n', int64), state('m', int32)] },
    { states: [state('m', int32)] },
  )
  assert.ok(gone)
  assert.deepEqual(ageOf(gone), { schemaId: 1, formerTypes: undefined })
})

test('elements of sets are in keys, and have no age', () => {
  const [, second] = lives(
    { states: [state('n', int32, 'set')] },
    { states: [state('n', text, 'set')] },
  )
  assert.ok(second)
  assert.deepEqual(ageOf(second), young)
})

test('payloads of timers and operator state have their ages by name', () => {
  const timer = (type?: PlanState['type']) => ({
    timers: [
      {
        name: 't',
        domain: 'event-time' as const,
        ...(type === undefined ? {} : { payload: type }),
      },
    ],
  })
  const [, timed, gone] = lives(timer(int32), timer(int64), { timers: [] })
  assert.ok(timed && gone)
  const formerTimers = { id: 0, timers: [{ name: 't', type: int32 }] }
  assert.deepEqual(ageOf(timed), { schemaId: 1, formerTypes: [formerTimers] })
  assert.deepEqual(ageOf(gone), { schemaId: 1, formerTypes: [formerTimers] })
  const [, without] = lives(timer(), timer())
  assert.ok(without)
  assert.deepEqual(ageOf(without), young)

  const list = (type: PlanState['type']) => ({
    operatorStates: [{ name: 'o', kind: 'operator-list', type } as const],
  })
  const [, other] = lives(list(int32), list(int64))
  assert.ok(other)
  const formerStates = { id: 0, operatorStates: [{ name: 'o', type: int32 }] }
  assert.deepEqual(ageOf(other), { schemaId: 1, formerTypes: [formerStates] })
})
