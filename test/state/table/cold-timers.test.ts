// The timers of one clock as they lie below: what is written and read at once, what stays behind.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { ColdTimers } from '../../../src/state/table/cold-timers.ts'
import { type ColdTimer, TimerCodec } from '../../../src/state/table/timer-codec.ts'
import { eventTimer } from '../../../src/time/descriptors.ts'
import { t } from '../../../src/types/t.ts'
import { RecordingStore } from './recording-store.ts'

const record = { id: 3, uid: 'tested', states: [] }
const codec = new TimerCodec(record, { close: eventTimer(t.float64) })
const FIRST_GROUP = 5

function opened(domain = 0): { readonly store: RecordingStore; readonly cold: ColdTimers } {
  const store = new RecordingStore()
  return { store, cold: new ColdTimers(codec, domain, 3, FIRST_GROUP, () => store) }
}

const timer = (time: number, name = '', routeHash = 7): ColdTimer => {
  return { time, routeHash, name, key: `key ${time}` }
}

/** Puts timers of these times, each with its time as payload. */
function put(cold: ColdTimers, group: number, times: Iterable<number>, name = ''): void {
  for (const time of times) {
    cold.put(group, timer(time, name), (out) => out.raw(Buffer.from(String(time))))
  }
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at)
const timesOf = (timers: Iterable<ColdTimer>): readonly number[] =>
  Array.from(timers, ({ time }) => time)

test('timers of a group are taken from the first on, each once, with what they carry', () => {
  const { store, cold } = opened()
  put(cold, 1, [5, 3, 9, 7])
  cold.put(2, timer(1), () => undefined)
  const first = cold.take(1, 2)
  assert.deepEqual(timesOf(first), [3, 5])
  assert.deepEqual(
    first.map(({ key, routeHash, name, payload }) => [key, routeHash, name, String(payload)]),
    [
      ['key 3', 7, '', '3'],
      ['key 5', 7, '', '5'],
    ],
  )
  assert.deepEqual([cold.frontiers.timeOf(1), cold.frontiers.hashOf(1)], [5, 7])
  assert.equal(cold.frontiers.isNowhere(1), false)
  assert.deepEqual(timesOf(cold.timers(1)), [7, 9])
  assert.deepEqual(timesOf(cold.take(1, 2)), [7, 9])
  assert.equal(cold.frontiers.isNowhere(1), false, 'there may be more: as many came as may')
  assert.deepEqual(cold.take(1, 2), [])
  assert.equal(cold.frontiers.isNowhere(1), true)
  const [other] = cold.take(2, 2)
  assert.deepEqual([other?.time, other?.payload.length], [1, 0])
  assert.equal(cold.frontiers.isNowhere(2), true, 'fewer came than may')
  assert.deepEqual(store.limits, [2, 256, 2, 2, 2])
})

test('the two clocks and the key groups of one operator do not see each other', () => {
  const store = new RecordingStore()
  const clocks = [0, 1].map((domain) => new ColdTimers(codec, domain, 3, FIRST_GROUP, () => store))
  for (const [at, cold] of clocks.entries()) {
    for (const group of [0, 1, 2]) put(cold, group, [10 * at + group], 'close')
    cold.flush()
  }
  for (const [at, cold] of clocks.entries()) {
    for (const group of [0, 1, 2]) {
      const time = 10 * at + group
      assert.deepEqual(timesOf(cold.timers(group)), [time])
      assert.deepEqual(
        [...cold.named(group, `key ${time}`, 'close')].map((each) => each.time),
        [time],
      )
      assert.deepEqual(timesOf(cold.take(group, 5)), [time])
    }
  }
})

test('changes are written by the thousand, when they are flushed, and before they are read', () => {
  const { store, cold } = opened()
  put(cold, 0, upTo(1023))
  assert.deepEqual(store.writes, [])
  put(cold, 0, [1023])
  assert.deepEqual(store.writes, [1024])
  cold.flush()
  assert.deepEqual(store.writes, [1024], 'there is nothing to write')
  put(cold, 0, [2000])
  cold.flush()
  put(cold, 0, [2001])
  assert.deepEqual(timesOf(cold.timers(0)).slice(-2), [2000, 2001])
  for (const time of upTo(1023)) cold.delete(0, timer(time))
  assert.deepEqual(store.writes, [1024, 1, 1])
  cold.delete(0, timer(1023))
  assert.deepEqual(store.writes, [1024, 1, 1, 1024])
  assert.deepEqual(timesOf(cold.timers(0)), [2000, 2001])
  // A declared name lies below twice, which counts.
  put(cold, 0, upTo(512), 'close')
  assert.deepEqual(store.writes.at(-1), 1024)
  for (const time of upTo(512)) cold.delete(0, timer(time, 'close'))
  assert.deepEqual(store.writes.slice(-2), [1024, 1024])
  assert.equal(store.keys.length, 2)
})

test('what is written stays as it is while the batch grows', () => {
  const { cold } = opened()
  const long = (time: number): string => `${time} `.repeat(300)
  for (const time of upTo(200)) {
    cold.put(0, timer(time), (out) => out.raw(Buffer.from(long(time))))
  }
  for (const { time, payload } of cold.take(0, 500)) assert.equal(String(payload), long(time))
})

test('timers that were read stay behind until one comes in their place', () => {
  const { store, cold } = opened()
  put(cold, 0, upTo(20), 'close')
  assert.equal(cold.take(0, 8).length, 8)
  assert.equal(store.keys.length, 32, 'of those that were read, what is found by key is gone')
  assert.deepEqual(store.ranges, [])
  put(cold, 0, [9.5])
  assert.deepEqual(cold.frontiers.timeOf(0), 7, 'it comes after the frontier')
  put(cold, 0, [7])
  cold.flush()
  assert.equal(store.ranges.length, 1)
  assert.deepEqual(timesOf(cold.timers(0)).slice(0, 5), [7, 8, 9, 9.5, 10])
  put(cold, 0, [6])
  cold.flush()
  assert.equal(store.ranges.length, 1, 'nothing was read since')
  assert.deepEqual(timesOf(cold.take(0, 3)), [6, 7, 8])
  put(cold, 0, [2])
  assert.deepEqual(timesOf(cold.take(0, 50)).slice(0, 3), [2, 9, 9.5])
  assert.equal(store.ranges.length, 2)
  assert.equal(cold.frontiers.isNowhere(0), true)
  // All was read: the next one comes after none of them.
  put(cold, 0, [4])
  assert.deepEqual(timesOf(cold.timers(0)), [4])
  assert.deepEqual(store.ranges.length, 3)
  assert.equal(store.keys.length, 1)
})

test('a group of which nothing was read is not swept', () => {
  const { store, cold } = opened()
  for (const time of [5, 4, 3]) put(cold, 0, [time])
  assert.deepEqual(timesOf(cold.take(0, 1)), [3])
  assert.deepEqual(cold.take(1, 5), [])
  put(cold, 1, [1])
  cold.flush()
  assert.deepEqual(store.ranges, [])
  assert.deepEqual(timesOf(cold.take(1, 5)), [1])
})

test('no more than 8192 timers that were read stay behind', () => {
  const { store, cold } = opened()
  put(cold, 0, upTo(9000))
  for (let taken = 0; taken < 7936; taken += 256) assert.equal(cold.take(0, 256).length, 256)
  assert.deepEqual(cold.take(0, 255).at(-1)?.time, 8190)
  assert.deepEqual(store.ranges, [])
  assert.equal(store.keys.length, 9000)
  assert.deepEqual(timesOf(cold.take(0, 1)), [8191])
  assert.equal(store.ranges.length, 1)
  assert.equal(store.keys.length, 9000 - 8192)
  assert.deepEqual(timesOf(cold.take(0, 2)), [8192, 8193])
  assert.equal(store.ranges.length, 1, 'and are counted from the beginning')
})

test('the timers of a key by a name are those alone, however many', () => {
  const { store, cold } = opened()
  const of = (key: string, name: string, time: number): ColdTimer => {
    return { time, routeHash: 7, name, key }
  }
  for (const time of upTo(600)) cold.put(0, of('ann', 'close', time - 300), () => undefined)
  cold.put(0, of('ann', '', 1), () => undefined)
  cold.put(0, of('anna', 'close', 1), () => undefined)
  cold.put(0, of('bob', 'close', 2), (out) => out.raw(Buffer.from('payload')))
  const timesOfKey = (key: string): readonly number[] =>
    [...cold.named(0, key, 'close')].map(({ time }) => time)
  assert.deepEqual(
    timesOfKey('ann'),
    upTo(600).map((at) => at - 300),
  )
  assert.deepEqual(store.limits, [256, 256, 256])
  assert.deepEqual([timesOfKey('anna'), timesOfKey('an')], [[1], []])
  assert.deepEqual(
    [...cold.named(0, 'bob', 'close')].map(({ payload }) => String(payload)),
    ['payload'],
  )
  cold.delete(0, of('bob', 'close', 2))
  assert.deepEqual(timesOfKey('bob'), [])
  store.forget()
  assert.deepEqual([[...cold.named(1, 'ann', 'close')], [...cold.timers(1)]], [[], []])
  assert.deepEqual([store.limits, store.writes], [[], []], 'it is known that there are none')
})

test('all timers of a group are told in pages, until one is not full', () => {
  const { store, cold } = opened()
  put(cold, 0, upTo(512))
  assert.equal(timesOf(cold.timers(0)).length, 512)
  assert.deepEqual(store.limits, [256, 256, 256])
  put(cold, 1, upTo(300))
  store.forget()
  assert.deepEqual(timesOf(cold.timers(1)), upTo(300))
  assert.deepEqual(store.limits, [256, 256])
})
