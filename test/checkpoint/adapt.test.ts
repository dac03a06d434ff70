// Renames and drops: the checkpoint as the code of now sees it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adaptCheckpoint } from '../../src/checkpoint/adapt.ts'
import { operatorIds } from '../../src/checkpoint/operator-ids.ts'
import { planRestore } from '../../src/checkpoint/restore-plan.ts'
import type { PlanNode } from '../../src/graph/plan.ts'
import { checkpoint, node, plan } from './links.ts'

const state = (name: string) => ({ name, kind: 'value', type: { kind: 'int32' } }) as const
const count = node(1, 'count', { states: [state('n'), state('m')] })
const other = node(2, 'other')

function adapted(
  before: readonly PlanNode[],
  now: readonly PlanNode[],
  { drop = [], renamed = {} }: { drop?: string[]; renamed?: Record<string, string> },
) {
  const link = checkpoint(2, {
    plan: plan(1, [before]),
    sources: [{ uid: 'in', pending: [{ id: 'a' }], finished: [] }],
  })
  const planNow = plan(1, [now])
  const { link: fitted, findings } = adaptCheckpoint(link, planNow, { drop, renamed })
  const ids = operatorIds(fitted.operators, planNow).map((record) => {
    const states = record.states.map(({ name, id }) => `${name}:${id}`)
    return `${record.uid}=${record.id}${record.dropped === true ? ' dropped' : ''} ${states.join()}`
  })
  const bad = findings.filter(({ verdict }) => verdict === 'lost' || verdict === 'incompatible')
  return { link: fitted, findings, ids, bad, restore: planRestore(fitted, { plan: planNow }) }
}

test('a renamed operator and a renamed state keep their ids', () => {
  const now = { ...count, uid: 'total', states: [state('x'), state('m')] }
  const renamed = { total: 'count', 'total.x': 'count.n' }
  const { ids, bad } = adapted([count, other], [now, other], { renamed })
  assert.deepEqual(bad, [])
  assert.deepEqual(ids, ['total=1 x:1,m:2', 'other=2 n:1'])
  const underNewUid = { total: 'count', 'total.x': 'total.n' }
  assert.deepEqual(adapted([count, other], [now, other], { renamed: underNewUid }).ids, ids)
})

test('renames that were made already stay without effect', () => {
  const renamed = { count: 'former', 'count.n': 'count.old' }
  assert.deepEqual(adapted([count], [count], { renamed }).ids, ['count=1 n:1,m:2'])
})

test('a source that was renamed goes on where it was', () => {
  const source = node(0, 'in', { kind: 'source', operation: 'file', states: [] })
  const renamed = { input: 'in' }
  const { restore, bad } = adapted([source], [{ ...source, uid: 'input' }], { renamed })
  assert.deepEqual(bad, [])
  assert.deepEqual(restore.sources, [{ uid: 'input', pending: [{ id: 'a' }], finished: [] }])
})

test('a rename from a name that is still in use is refused', () => {
  const now = [node(3, 'new'), count]
  const renamed = { new: 'count' }
  assert.throws(() => adapted([count], now, { renamed }), { code: 'CONFIG_INVALID' })
  const twice = { a: 'count', b: 'count' }
  const both = [node(3, 'a'), node(4, 'b')]
  assert.throws(() => adapted([count], both, { renamed: twice }), { code: 'CONFIG_INVALID' })
})

test('a dropped state leaves its id taken', () => {
  const now = { ...count, states: [state('m'), state('z')] }
  const { ids, bad } = adapted([count], [now], { drop: ['count.n'] })
  assert.deepEqual(bad, [])
  assert.deepEqual(ids, ['count=1 m:2,z:3'])
})

test('a state that changed its type begins anew under a new id', () => {
  const text = { name: 'n', kind: 'value', type: { kind: 'string' } } as const
  const { ids } = adapted([count], [{ ...count, states: [text, state('m')] }], {
    drop: ['count.n'],
  })
  assert.deepEqual(ids, ['count=1 n:3,m:2'])
})

test('an operator that is dropped though it is there begins anew; its neighbours do not', () => {
  const now = { ...count, keyType: { kind: 'float64' } as const }
  const { ids, restore } = adapted([count, other], [now, other], { drop: ['count'] })
  assert.deepEqual(ids, ['count=3 n:1,m:2', 'other=2 n:1', 'count=1 dropped n:1,m:2'])
  const [task] = restore.restores
  assert.deepEqual(
    task?.from.flatMap(({ runs }) => runs.map((run) => run.operators)),
    [[2]],
  )
})

test('a dropped source forgets what it has read', () => {
  const source = node(0, 'in', { kind: 'source', operation: 'file', states: [] })
  const now = { ...source, operation: 'socket' }
  assert.equal(adapted([source], [now], {}).bad.length, 1)
  assert.deepEqual(adapted([source], [now], { drop: ['in'] }).restore.sources, [])
})

test('what was dropped once stays as it is, whatever is renamed or dropped under its name', () => {
  const states = [{ id: 1, ...state('n') }]
  const dropped = { id: 9, uid: 'count', states, dropped: true } as const
  const base = checkpoint(2, { plan: plan(1, [[count]]) })
  const link = { ...base, operators: [...base.operators, dropped] }
  const now = { ...count, uid: 'total', states: [state('x'), state('m')] }
  const renamed = { total: 'count', 'total.x': 'count.n' }
  const renaming = adaptCheckpoint(link, plan(1, [[now]]), { drop: [], renamed })
  assert.deepEqual(renaming.link.operators[1], dropped)
  const less = { ...count, states: [state('m')] }
  const dropping = adaptCheckpoint(link, plan(1, [[less]]), { drop: ['count.n'], renamed: {} })
  assert.deepEqual(dropping.link.operators[1], dropped)
  assert.equal(dropping.link.operators[0]?.states.length, 1)
})

test('a rename whose new name the checkpoint has already is made', () => {
  const before = { ...count, states: [state('n'), state('x')] }
  const now = { ...count, states: [state('x')] }
  const renamed = { 'count.x': 'count.n' }
  const { ids, bad } = adapted([before], [now], { renamed, drop: ['count.n'] })
  assert.deepEqual(bad, [])
  assert.deepEqual(ids, ['count=1 x:2'])
})
