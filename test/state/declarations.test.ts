// What a declaration of state says, and which one an error names.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  counterState,
  dequeState,
  setState,
  sortedMapState,
} from '../../src/state/collection-descriptors.ts'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  type StateDescriptor,
  valueState,
} from '../../src/state/descriptors.ts'
import { intersect, keyGroupRangeOf } from '../../src/state/key-groups.ts'
import { operatorListState, unionListState } from '../../src/state/operator-descriptors.ts'
import { ttlOf } from '../../src/state/ttl.ts'
import { t } from '../../src/types/t.ts'
import type { Duration } from '../../src/util/duration.ts'

/** Fits a state of any type. */
interface Lifetime {
  readonly ttl?: Duration
}

const folded = { createAccumulator: () => 0, add: (a: number, b: number) => a + b }
const aggregate = { ...folded, getResult: (sum: number) => sum }

const declared: Readonly<Record<string, (options?: Lifetime) => StateDescriptor>> = {
  valueState: (options) => valueState(t.string, options),
  listState: (options) => listState(t.string, options),
  mapState: (options) => mapState(t.string, t.string, options),
  reducingState: (options) => reducingState(folded.add, t.float64, options),
  aggregatingState: (options) => aggregatingState(aggregate, t.float64, options),
  sortedMapState: (options) => sortedMapState(t.string, t.string, options),
  setState: (options) => setState(t.string, options),
  dequeState: (options) => dequeState(t.string, options),
  counterState: (options) => counterState(t.float64, options),
}

for (const [name, make] of Object.entries(declared)) {
  test(`${name} cannot be changed, and lives as long as it says`, () => {
    const state = make()
    assert.ok(Object.isFrozen(state))
    assert.equal(state.ttl, undefined)
    assert.equal(make({ ttl: '2 s' }).ttl?.afterMs, 2000)
    const code = 'CONFIG_INVALID'
    assert.throws(() => make({ ttl: 0 }), { code, message: new RegExp(`^${name}\\(\\)`) })
  })
}

test('a time to live is what was declared, and else the defaults', () => {
  const { ttl } = ttlOf('it', { ttl: 1.5 })
  assert.ok(Object.isFrozen(ttl))
  assert.deepEqual(
    { ...ttl },
    {
      afterMs: 1,
      renewsOnRead: false,
      returnsExpired: false,
      domain: 'processing-time',
      onExpire: undefined,
    },
  )
  const onExpire = (): void => undefined
  const said = {
    after: '1 min',
    update: 'on-read-and-write',
    visibility: 'return-if-not-cleaned-up',
    time: 'event-time',
    onExpire,
  } as const
  assert.deepEqual(
    { ...ttlOf('it', { ttl: said }).ttl },
    {
      afterMs: 60_000,
      renewsOnRead: true,
      returnsExpired: true,
      domain: 'event-time',
      onExpire,
    },
  )
  const plain = { after: 1, update: 'on-create-and-write', visibility: 'never-return-expired' }
  const { renewsOnRead, returnsExpired } = ttlOf('it', { ttl: plain as { after: 1 } }).ttl ?? {}
  assert.deepEqual([renewsOnRead, returnsExpired], [false, false])
  assert.throws(() => ttlOf('it', { ttl: 0.9 }), { code: 'CONFIG_INVALID' })
})

test('the first value of a state is a copy of what was declared', () => {
  const given = { at: 1 }
  const state = valueState(t.struct({ at: t.float64 }), { initial: given })
  given.at = 2
  assert.deepEqual(state.initial, { at: 1 })
  assert.equal('initial' in valueState(t.string), false)
})

test('lists of an operator are dealt out or given to everybody, as declared', () => {
  assert.equal(operatorListState(t.string).kind, 'operator-list')
  assert.equal(unionListState(t.string).kind, 'union-list')
  assert.ok(Object.isFrozen(operatorListState()) && Object.isFrozen(unionListState()))
})

test('what two ranges of key groups share, to the last one', () => {
  const range = (start: number, end: number) => ({ start, end })
  assert.deepEqual(intersect(range(0, 5), range(5, 9)), range(5, 5))
  assert.deepEqual(intersect(range(5, 9), range(0, 6)), range(5, 6))
  assert.deepEqual(intersect(range(0, 9), range(2, 3)), range(2, 3))
  assert.equal(intersect(range(0, 4), range(5, 9)), undefined)
  for (const subtask of [-1, 3]) assert.throws(() => keyGroupRangeOf(subtask, 128, 3), /subtask/)
})
