// Times to live over restores in which they were switched on or off: whatever is there without a
// stamp gets its time, also beside entries that have one, and nothing else is touched.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '../../../src/state/backend.ts'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { SECTION_ROWS, sectionOfKey } from '../../../src/state/runs/entry.ts'
import { streamOf } from '../../../src/state/runs/stream.ts'
import type { BackendSuite } from '../../../src/testing/conformance/backend-world.ts'
import {
  LIFE_MS,
  type MortalOptions,
  MortalWorld,
} from '../../../src/testing/conformance/mortal-world.ts'
import { LAZILY, lookups } from '../lazy/runs.ts'
import { upTo } from './both.ts'
import { KEY, TimerWorld } from './timer-world.ts'

const TTL = { after: LIFE_MS }
const suite: BackendSuite = {
  test: () => undefined,
  name: 'in memory',
  choose: () => hashmap(),
  evicts: false,
}
const lazy: BackendSuite = { ...suite, restoreOf: lookups, context: () => LAZILY }
const KEYS = upTo(300).map((at) => `key ${at}`)

const open = (options: MortalOptions, under = suite): Promise<MortalWorld> =>
  MortalWorld.open(under, options)

/** What a world without times to live holds after `fill`. */
async function bareRun(fill: (world: MortalWorld) => void): Promise<readonly Entry[]> {
  await using world = await open({})
  fill(world)
  const run = await world.checkpoint()
  return run
}

const rowsOf = (run: readonly Entry[]): readonly Entry[] =>
  run.filter(({ key }) => sectionOfKey(key) === SECTION_ROWS)

test('restored lazily, the keys of all key groups begin to live', async () => {
  const run = await bareRun((world) => {
    for (const key of KEYS) world.on(key, ({ map }) => map.set('x', 'y'))
  })
  await using world = await open({ ttl: TTL, restore: [run] }, lazy)
  while (world.backend.maintain(1)) continue
  world.advance(100)
  world.advance(100 + LIFE_MS - 1)
  assert.equal(world.keys.length, KEYS.length)
  world.advance(100 + LIFE_MS)
  assert.deepEqual(world.keys, [])
})

test('what is bare gets its time though stamped entries beside it have a mark', async () => {
  const run = await bareRun((world) => {
    world.on('a', ({ map }) => map.set('bare', 'x'))
  })
  await using former = await open({ ttl: TTL, restore: [run] }, lazy)
  former.on('a', ({ map }) => map.set('stamped', 'y'))
  // It ends before its state is loaded: no checkpoint says of the entry that it is bare.
  assert.equal(former.backend.isRestoring, true)
  const later = await former.checkpoint()
  await using world = await open({ ttl: TTL, restore: [run, later], now: 100 })
  world.advance(100)
  world.advance(LIFE_MS)
  const left = world.on('a', ({ map }) => [...map.keys()])
  assert.deepEqual(left, ['bare'])
  world.advance(100 + LIFE_MS)
  assert.deepEqual(world.keys, [])
})

test('an entry without a stamp does not keep those beside it from being marked', async () => {
  const run = await bareRun((world) => {
    world.on('a', ({ map }) => map.set('bare', 'x'))
  })
  const told: string[] = []
  const ttl = { ...TTL, onExpire: (value: unknown) => void told.push(String(value)) }
  await using world = await open({ ttl, restore: [run] })
  for (const now of [100, 150]) {
    world.now = now
    world.on('a', ({ map }) => map.set(`of ${now}`, `of ${now}`))
  }
  const toldAt = (now: number): readonly string[] => {
    world.advance(now)
    return told.splice(0)
  }
  assert.deepEqual(toldAt(100 + LIFE_MS), ['of 100'])
  assert.deepEqual(toldAt(150 + LIFE_MS), ['of 150'])
  assert.deepEqual(toldAt(100 + 2 * LIFE_MS), ['x'])
  assert.deepEqual(world.keys, [])
})

test('switched off, it leaves no mark of what is bare, and no other state changes', async () => {
  const run = await bareRun((world) => {
    for (const key of KEYS) world.on(key, ({ value }) => value.update(key))
  })
  await using on = await open({ ttl: TTL, restore: [run], now: 1000 })
  on.advance(1000)
  const pending = ({ table }: MortalWorld): number => [...table.timers.pending()].length
  assert.equal(pending(on), KEYS.length)
  const marked = await on.checkpoint()
  await using off = await open({ restore: [run, marked], now: 1100 })
  assert.equal(pending(off), 0)
  await off.checkpoint()
  for (const key of KEYS) off.on(key, ({ value }) => assert.equal(value.value(), key))
})

test('stamps of a state that lives for ever by now are written nowhere else', async () => {
  await using on = await open({ ttl: TTL, now: 1000 })
  for (const [at, key] of KEYS.entries()) {
    on.on(key, ({ value, counter }) => {
      value.update(key)
      counter.add(at)
    })
  }
  const run = await on.checkpoint()
  await using off = await open({ restore: [run], now: 1000 })
  for (const [at, key] of KEYS.entries()) {
    off.on(key, ({ value, counter }) => {
      assert.deepEqual([value.value(), counter.value()], [key, at])
    })
  }
})

test('a look that finds all elements of a list alive writes nothing', async () => {
  await using world = await open({ ttl: TTL })
  world.on('a', ({ list }) => list.update(['x']))
  world.now = 100
  world.on('a', ({ list }) => list.update(['y', 'z']))
  assert.ok(rowsOf(await world.checkpoint()).length > 0)
  world.advance(LIFE_MS)
  assert.deepEqual(rowsOf(await world.checkpoint()), [])
  world.on('a', ({ list }) => assert.deepEqual(list.get(), ['y', 'z']))
  world.advance(100 + LIFE_MS)
  assert.deepEqual(world.keys, [])
})

test("a user's timer whose name begins as that of a mark is restored as any other", async () => {
  const former = await TimerWorld.open({ isInMemory: true })
  former.set(KEY, [5], '\0of a user')
  const run = await former.checkpoint()
  const world = await TimerWorld.open({ isInMemory: true, restore: streamOf(run) })
  assert.deepEqual(world.fire(5), [5])
  await former.close()
  await world.close()
})
