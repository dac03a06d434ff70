// Timers that are set while a parked key is tried again: those that time has passed wait with its
// records, and the others are like any other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  parkedHandles,
  parkedRecordType,
  parkedStates,
} from '../../../src/operators/failures/parked-states.ts'
import { ParkedTimers } from '../../../src/operators/failures/parked-timers.ts'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { dynamicType } from '../../../src/types/dynamic.ts'
import { routeHash } from '../../../src/types/keys.ts'

async function timersOfKey(key: string) {
  const backend = hashmap().create({
    keyGroups: { start: 0, end: 127 },
    maxParallelism: 128,
    memoryBytes: 1024 ** 2,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
  })
  const keyType = dynamicType<unknown>()
  const descriptors = parkedStates(parkedRecordType(dynamicType(), undefined))
  const own = backend.register({
    record: { id: 1, uid: 'own', states: [] },
    keyType,
    descriptors: {},
  })
  const states = Object.entries(descriptors).map(([name, { kind, type, keyType: inner }], at) => {
    const innerType = inner === undefined ? {} : { keyType: inner.schema }
    return { id: at, name, kind, type: type.schema, ...innerType }
  })
  const record = { id: 2, uid: 'own.parked', states }
  const parked = backend.register({ record, keyType, descriptors })
  await backend.open()
  for (const table of [own, parked]) table.select(key, routeHash(key))
  const waiting = parkedHandles(parked).timers
  const timers = new ParkedTimers(own.timers, waiting)
  return { timers, own, due: () => [...waiting.entries()].map(([[at]]) => at) }
}

test('what waiting records have seen pass fires among them, what is ahead does not', async () => {
  const { timers, own, due } = await timersOfKey('a')
  timers.replayed = 10
  // Event time itself has gone back behind the last record that waits.
  timers.reached = 30
  assert.ok(own.timers.currentWatermark < 20)
  for (const time of [40, 20, 30]) timers.register('event-time', time, 'due')
  assert.deepEqual(due(), [20, 30])
  assert.equal(own.timers.nextTime('event-time'), 40)
  timers.delete('event-time', 20, 'due')
  timers.delete('event-time', 40, 'due')
  assert.deepEqual(due(), [30])
  assert.equal(own.timers.nextTime('event-time'), Infinity)
  timers.replayed = undefined
  timers.register('event-time', 25, 'due')
  assert.deepEqual([due(), own.timers.nextTime('event-time')], [[30], 25])
})

// Seed 17 of the simulator: a key was parked between a timer that was due at once and its firing.
test('a timer that is set again before it has fired is one timer, among the records', async () => {
  const { timers, own, due } = await timersOfKey('a')
  timers.register('event-time', 20, 'due', 'of the record before')
  timers.replayed = 30
  timers.reached = 30
  timers.register('event-time', 20, 'due', 'of the record that waited')
  assert.deepEqual(due(), [20])
  assert.equal(own.timers.nextTime('event-time'), Infinity)
})
