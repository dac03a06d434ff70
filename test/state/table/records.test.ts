// Records with more states than one word has room for, lists whose chunks are missing, and when
// restored timers are spread.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listState, valueState } from '../../../src/state/descriptors.ts'
import { layoutOf } from '../../../src/state/table/layout.ts'
import { ListCollection } from '../../../src/state/table/list-collection.ts'
import { ABSENT, Records } from '../../../src/state/table/records.ts'
import { Shard } from '../../../src/state/table/shard.ts'
import { shapeFor } from '../../../src/state/table/shard-shape.ts'
import { SlotArena } from '../../../src/state/table/slot-arena.ts'
import { TimerCodec } from '../../../src/state/table/timer-codec.ts'
import { TimerSpread } from '../../../src/state/table/timer-spread.ts'
import { processingTimer } from '../../../src/time/descriptors.ts'
import { TIMER_RESTORED, type TimerSlots } from '../../../src/time/timer-slots.ts'
import { t } from '../../../src/types/t.ts'

const NAMES = Array.from({ length: 40 }, (_, at) => `state ${at}`)

test('each of forty states is held by itself, and a row is empty when none is', () => {
  const type = (at: number) => (at % 2 === 0 ? t.float64 : t.string)
  const descriptors = Object.fromEntries(
    NAMES.map((name, at) => [name, valueState<unknown>(type(at), at % 5 === 0 ? { ttl: 10 } : {})]),
  )
  const layout = layoutOf(
    {
      id: 1,
      uid: 'many',
      states: NAMES.map((name, at) => ({ id: at + 1, name, kind: 'value', type: type(at).schema })),
    },
    descriptors,
  )
  const records = new Records(layout)
  const shard = new Shard(shapeFor(0, layout, 0), 8, new SlotArena())
  const slots = ['one', 'two'].map((key, hash) => shard.add(key, hash, 0))
  const [slot = 0, other = 0] = slots
  for (const [at, scalar] of layout.scalars.entries()) {
    assert.equal(records.isEmpty(shard, slot), true)
    const value = at % 2 === 0 ? at + 0.5 : `text ${at}`
    records.set(shard, slot, scalar, value)
    records.stamp(shard, slot, scalar, at)
    assert.equal(records.isEmpty(shard, slot), false, scalar.name)
    const found = layout.scalars.map((each) => records.get(shard, slot, each))
    assert.deepEqual(found.map((each, of) => (each === ABSENT ? [] : [of, each])).flat(), [
      at,
      value,
    ])
    assert.equal(records.stampOf(shard, slot, scalar), at % 5 === 0 ? at : -1)
    records.stamp(shard, slot, scalar, -1)
    records.set(shard, slot, scalar, ABSENT)
    assert.equal(records.isEmpty(shard, other), true)
  }
  for (const [at, scalar] of layout.scalars.entries()) records.stamp(shard, slot, scalar, at)
  assert.equal(records.newestStamp(shard, slot), 35)
  assert.equal(records.newestStamp(shard, other), -1)
  for (const scalar of layout.scalars) {
    records.set(shard, slot, scalar, scalar.lane < 0 ? 'text' : 1)
    records.set(shard, other, scalar, scalar.lane < 0 ? 'other' : 2)
  }
  for (const scalar of layout.scalars) {
    assert.equal(records.get(shard, slot, scalar), scalar.lane < 0 ? 'text' : 1)
    assert.equal(records.get(shard, other, scalar), scalar.lane < 0 ? 'other' : 2)
  }
})

test('a list whose chunks do not follow each other is damaged', () => {
  const { type, kind } = listState(t.string)
  const states = [{ id: 1, name: 'list', kind, type: type.schema }]
  const layout = layoutOf({ id: 1, uid: 'lists', states }, { list: listState(t.string) })
  const [state] = layout.collections
  assert.ok(state !== undefined)
  const row = { key: 'ann', routeHash: 0, shardIndex: 0, listed: 0 }
  // Of the host, a restore counts items only.
  const host = { countItems: () => undefined, recount: () => undefined }
  const list = new ListCollection(
    host as unknown as ConstructorParameters<typeof ListCollection>[0],
    row,
    state,
  )
  assert.throws(() => list.restore(1, ['b']), { code: 'STORAGE_CORRUPT' })
  list.restore(0, ['a'])
  assert.throws(() => list.restore(0, ['a']), { code: 'STORAGE_CORRUPT' })
  list.restore(1, ['b'])
})

test('restored timers that are overdue are spread behind the first look at the clock', () => {
  const record = { id: 1, uid: 'timers', states: [] }
  const declared = { late: processingTimer({ spread: '1 s' }), plain: processingTimer() }
  const spread = new TimerSpread(new TimerCodec(record, declared))
  const timers = ['late', 'plain', 'late', 'late'].map((name, at) => ({ name, time: 100 * at, at }))
  const slots = {
    names: timers.map(({ name }) => name),
    timeOf: (slot: number) => slot * 100,
    hashOf: (slot: number) => slot * 12_345,
    flagsOf: (slot: number) => (slot === 2 ? 0 : TIMER_RESTORED),
  } as unknown as TimerSlots // nothing else is asked of them
  const due = () => timers.map(({ at }) => spread.dueOf(slots, at))
  assert.deepEqual([spread.isOpen, due()], [false, [0, 100, 200, 300]])
  spread.restored()
  assert.deepEqual([spread.isOpen, due()], [true, [0, 100, 200, 300]])
  spread.close(250)
  assert.equal(spread.isOpen, false)
  const [late = 0, plain, fresh, future] = due()
  assert.ok(late >= 250 && late < 1250 && Number.isInteger(late))
  assert.deepEqual([plain, fresh, future], [100, 200, 300])
  spread.close(300)
  assert.ok((due()[3] ?? 0) > 300, 'one of that very time is overdue')
  spread.reset()
  assert.deepEqual(due(), [0, 100, 200, 300])
  const none = new TimerSpread(new TimerCodec(record, { plain: declared.plain }))
  none.restored()
  assert.equal(none.isOpen, false)
})
