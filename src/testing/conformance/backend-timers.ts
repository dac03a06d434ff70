/** The part of the suite of backends about timers: order, payloads, cuts, memory that is short. */
import assert from 'node:assert/strict'
import { keyGroupRangeOf } from '../../state/key-groups.ts'
import type { PendingTimer } from '../../time/timers.ts'
import type { Define } from './backend-kinds.ts'
import {
  type BackendSuite,
  isIn,
  MAX_PARALLELISM,
  runOf,
  type Runs,
  World,
} from './backend-world.ts'

/** Tests of timers. */
export function timerTests(define: Define, suite: BackendSuite): void {
  firingTests(define)
  payloadTests(define, suite)
  timerCutTests(define, suite)
  manyTimersTests(define, suite)
}

function firingTests(define: Define): void {
  define('timers fire in order of time, each once', (world) => {
    const { timers } = world.table
    assert.equal(timers.nextTime('event-time'), Number.POSITIVE_INFINITY)
    for (let key = 0; key < 50; key++) {
      world.on(key, () => {
        timers.register('event-time', 100 - key, '')
        timers.register('event-time', 100 - key, '')
        timers.register('event-time', 100 - key, 'named')
        timers.register('processing-time', 7, '')
        if (key % 2 === 0) timers.delete('event-time', 100 - key, 'named')
        timers.delete('event-time', 5000, 'missing')
      })
    }
    assert.equal(timers.nextTime('event-time'), 51)
    const fired = firedAt(world, 75)
    assert.equal(fired.length, 25 + 13)
    assert.deepEqual(
      fired,
      fired.toSorted((a, b) => a.time - b.time),
    )
    assert.equal(timers.nextTime('event-time'), 76)
    assert.equal(timers.currentWatermark, 75)
    assert.equal(firedAt(world, 75).length, 0)
  })

  define('timers fire at most as many as asked, those set meanwhile too', (world) => {
    const { timers } = world.table
    for (let time = 0; time < 10; time++) {
      world.on('a', () => timers.register('processing-time', time, ''))
    }
    const times: number[] = []
    const fire = (limit: number): boolean =>
      timers.advance('processing-time', 20, limit, (_domain, key, hash, time) => {
        times.push(time)
        world.table.select(key, hash)
        if (time < 5) timers.register('processing-time', time + 0.5, '')
      })
    assert.equal(fire(4), true)
    assert.deepEqual(times, [0, 0.5, 1, 1.5])
    assert.equal(fire(100), false)
    assert.deepEqual(times.slice(4), [2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9])
  })
}

function timerCutTests(define: Define, suite: BackendSuite): void {
  define('timers are part of cuts, restored and deleted like other state', async (world) => {
    const { timers } = world.table
    for (let key = 0; key < 40; key++) {
      world.on(key, () => {
        timers.register('event-time', key, 'x')
        timers.register('processing-time', key, '')
      })
    }
    const cut = world.backend.cut()
    for (let key = 0; key < 40; key += 2) {
      world.on(key, () => timers.delete('event-time', key, 'x'))
      world.on(key, () => timers.register('event-time', 1000 + key, 'x'))
    }
    const first = await runOf(cut)
    cut.confirm()
    assert.equal(first.length, 80)
    const second = await world.checkpoint()
    assert.equal(second.length, 40)
    const early = await World.open(suite, { restore: [first] })
    assert.equal(firedAt(early, 2000).length, 40)
    assert.equal((await early.checkpoint()).length, 40, 'what fired is deleted')
    await early.close()
    const keyGroups = keyGroupRangeOf(1, MAX_PARALLELISM, 2)
    const half = await World.open(suite, { restore: [first, second], keyGroups })
    const own = Array.from({ length: 40 }, (_, key) => key).filter((key) => isIn(key, keyGroups))
    const expected = own.map((key) => (key % 2 === 0 ? 1000 + key : key)).toSorted((a, b) => a - b)
    assert.equal(half.table.timers.nextTime('event-time'), expected[0])
    assert.deepEqual(
      firedAt(half, 2000).map(({ time }) => time),
      expected,
    )
    await half.close()
  })
}

function firedAt(world: World, time: number): Fired[] {
  const fired: Fired[] = []
  for (let more = true; more;) {
    more = world.table.timers.advance(
      'event-time',
      time,
      10,
      (_domain, key, hash, at, name, payload) => {
        world.table.select(key, hash)
        assert.deepEqual(world.table.currentKey, key)
        fired.push({ key, time: at, name, payload })
      },
    )
  }
  return fired
}

type Fired = Pick<PendingTimer, 'key' | 'time' | 'name' | 'payload'>

function payloadTests(define: Define, suite: BackendSuite): void {
  define('a timer has one payload, which is in cuts as it was then', async (world) => {
    const { timers } = world.table
    world.on('a', () => {
      timers.register('event-time', 5, 'close', 1)
      timers.register('event-time', 5, 'close', 2)
      timers.register('event-time', 6, '')
      timers.register('processing-time', 5, 'wake', { deep: ['x'] })
    })
    const cut = world.backend.cut()
    world.on('a', () => timers.register('event-time', 5, 'close', 3))
    world.on('b', () => timers.register('event-time', 5, 'close', 4))
    const first = await runOf(cut)
    cut.confirm()
    const second = await world.checkpoint()
    assert.deepEqual([first.length, second.length], [3, 2])
    for (const [runs, payload] of [
      [[first], 2],
      [[first, second], 3],
    ] as const) {
      const restored = await World.open(suite, { restore: runs })
      const list = restored.on('a', () => restored.table.timers.list('event-time', 'close'))
      assert.deepEqual(list, [{ time: 5, payload }])
      const woken = restored.on('a', () => restored.table.timers.list('processing-time', 'wake'))
      assert.deepEqual(woken, [{ time: 5, payload: { deep: ['x'] } }])
      const fired = firedAt(restored, 6).filter(({ key }) => key === 'a')
      assert.deepEqual(fired, [
        { key: 'a', time: 5, name: 'close', payload },
        { key: 'a', time: 6, name: '', payload: undefined },
      ])
      await restored.close()
    }
  })
}

const MANY = 1200
const MANY_OF_KEYS = 151
const LITTLE_MEMORY_BYTES = 30_000

/** Far more timers than a small memory holds, of few and of many keys. */
function manyTimersTests(define: Define, suite: BackendSuite): void {
  define('many timers in little memory fire in order, each once, from any snapshot', async () => {
    const world = await World.open(suite, { memoryBytes: LITTLE_MEMORY_BYTES })
    const timeOf = (at: number): number => ((at * 7919) % 97) * 10 + (at % 3)
    for (let at = 0; at < MANY; at++) {
      world.on(at % MANY_OF_KEYS, () =>
        world.table.timers.register('event-time', timeOf(at), 'close', at),
      )
    }
    const runs = [await world.checkpoint()]
    for (let at = 0; at < MANY; at += 2) {
      world.on(at % MANY_OF_KEYS, () => {
        const { timers } = world.table
        timers.delete('event-time', timeOf(at), 'close')
        if (at % 4 === 0) timers.register('event-time', timeOf(at) + 0.5, 'close', -at)
      })
    }
    const listed = world.on(149, () => world.table.timers.list('event-time', 'close'))
    assert.deepEqual(listed.length, new Set(timesOf(149, timeOf)).size)
    runs.push(await world.checkpoint())
    const pending = [...world.table.timers.pending()].map(textOf).toSorted(compare)
    const fired = firedAt(world, 2000)
    assert.deepEqual(fired.map(textOf).toSorted(compare), pending)
    assert.deepEqual(
      fired.map(({ time }) => time),
      fired.map(({ time }) => time).toSorted((a, b) => a - b),
    )
    runs.push(await world.checkpoint())
    assert.equal([...world.table.timers.pending()].length, 0)
    await world.close()
    await compareRestored(suite, runs, fired)
  })
}

/** In large and small memory, the second snapshot fires alike; the last holds nothing. */
async function compareRestored(
  suite: BackendSuite,
  runs: Runs,
  expected: readonly Fired[],
): Promise<void> {
  for (const memoryBytes of [LITTLE_MEMORY_BYTES, 64 << 20]) {
    const restored = await World.open(suite, { restore: runs.slice(0, 2), memoryBytes })
    assert.deepEqual(firedAt(restored, 2000), expected)
    await restored.close()
    const last = await World.open(suite, { restore: runs, memoryBytes })
    assert.equal(last.table.timers.nextTime('event-time'), Number.POSITIVE_INFINITY)
    await last.close()
  }
}

function timesOf(key: number, timeOf: (at: number) => number): number[] {
  const times: number[] = []
  for (let at = key; at < MANY; at += MANY_OF_KEYS) {
    if (at % 2 === 1) times.push(timeOf(at))
    else if (at % 4 === 0) times.push(timeOf(at) + 0.5)
  }
  return times
}

function textOf({ key, time, name, payload }: Fired): string {
  return `${String(key)} ${time} ${name} ${String(payload)}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
