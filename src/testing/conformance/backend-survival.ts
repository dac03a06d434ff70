/** The part of the suite of backends about time-to-live over cuts, crashes, restores, changes. */
import assert from 'node:assert/strict'
import type { Entry } from '../../state/backend.ts'
import { copyOf } from '../../state/runs/entry-range.ts'
import type { StateTtl } from '../../state/ttl.ts'
import type { BackendSuite } from './backend-world.ts'
import {
  type DefineMortal,
  LIFE_MS,
  type MortalOptions,
  MortalWorld,
  type MortalHandles,
  NOTHING_LEFT,
  readAll,
  writeAll,
} from './mortal-world.ts'

const TTL: StateTtl = { after: LIFE_MS }
const LITTLE_MEMORY_BYTES = 8 << 10

export function survivalTests(define: DefineMortal, suite: BackendSuite): void {
  callbackTests(define, suite)
  restoreTests(define, suite)
  switchTests(suite)
  memoryTests(suite)
}

interface Told {
  readonly key: unknown
  readonly value: unknown
  readonly mapKey: unknown
  readonly lastTouch: number | undefined
  readonly expiredAt: number
}

/** A ttl that notes whom it tells. */
function telling(ttl: StateTtl): { readonly told: Told[]; readonly ttl: StateTtl } {
  const told: Told[] = []
  const onExpire: StateTtl['onExpire'] = (value, { key, mapKey, lastTouch, expiredAt }) => {
    told.push({ key, value, mapKey, lastTouch, expiredAt })
  }
  return { told, ttl: { ...ttl, onExpire } }
}

function callbackTests(define: DefineMortal, suite: BackendSuite): void {
  const { told, ttl } = telling(TTL)
  const values = (): unknown[] => told.splice(0).map(({ value }) => value)
  define('onExpire is called once for each entry, whatever happens to it', ttl, (world) => {
    world.advance(7)
    world.on('a', (state) => writeAll(state, 'x', 3))
    world.now = 200
    world.on('a', ({ value, map, list }) => {
      value.update('y')
      map.set('x', 'y')
      list.clear()
    })
    assert.deepEqual(values(), ['x', 'x', 'x'], 'before it is written over')
    world.advance(200)
    const times = { key: 'a', mapKey: undefined, lastTouch: 7, expiredAt: 167 }
    assert.deepEqual(told.splice(0), [
      { ...times, value: 1 },
      { ...times, value: 'x' },
      { ...times, value: 'x' },
      { ...times, value: 'x', mapKey: 3 },
      { ...times, value: 'x' },
      { ...times, value: 'x' },
    ])
    world.on('a', ({ value, map }) => {
      map.delete('x')
      value.clear()
    })
    world.advance(1000)
    assert.deepEqual(values(), [], 'not for what was cleared in time')
  })

  define('onExpire is called once over cuts, crashes and restores', ttl, async (world) => {
    for (const key of ['a', 'b', 'c']) world.on(key, ({ value }) => value.update(key))
    const runs = [await world.checkpoint()]
    world.advance(160)
    assert.deepEqual(new Set(values()), new Set(['a', 'b', 'c']))
    const crashed = await MortalWorld.open(suite, { ttl, restore: runs, now: 150 })
    crashed.on('b', ({ value }) => value.update('b2'))
    runs.push(await crashed.checkpoint())
    crashed.advance(170)
    assert.deepEqual(new Set(values()), new Set(['a', 'c']))
    runs.push(await crashed.checkpoint())
    await crashed.backend.close()
    await using again = await MortalWorld.open(suite, { ttl, restore: runs, now: 170 })
    again.advance(309)
    assert.deepEqual(values(), [])
    again.advance(310)
    assert.deepEqual(values(), ['b2'])
    assert.deepEqual(again.keys, [])
  })
}

function restoreTests(define: DefineMortal, suite: BackendSuite): void {
  define('stamps are restored and rescaled', TTL, async (world) => {
    const keys = Array.from({ length: 40 }, (_, at) => `key ${at}`)
    for (const [at, key] of keys.entries()) {
      world.advance(at)
      world.on(key, (state) => writeAll(state, key))
    }
    const run = await world.checkpoint()
    const left: string[] = []
    for (const keyGroups of [
      { start: 0, end: 4 },
      { start: 5, end: 15 },
    ]) {
      // prettier-ignore
      const options = { ttl: TTL, restore: [run], keyGroups, now: 40 }
      const choose = keyGroups.start === 0 ? suite.other : undefined
      const half = await MortalWorld.open(suite, {
        ...options,
        ...(choose === undefined ? {} : { choose }),
      })
      half.advance(180)
      left.push(...half.keys)
      const [key = ''] = half.keys
      assert.equal((half.on(key, readAll) as { value: string }).value, key)
      half.advance(200)
      assert.deepEqual(half.keys, [])
      await half.backend.close()
    }
    assert.deepEqual(left.toSorted(), keys.slice(21).toSorted())
  })

  define('a cut holds what was there, though it is freed meanwhile', TTL, async (world) => {
    for (let at = 0; at < 300; at++) world.on(`key ${at}`, (state) => writeAll(state, 'x'))
    const cut = world.backend.cut()
    const entries = cut.entries()[Symbol.iterator]()
    const held: Entry[] = []
    const keep = (entry: Entry | undefined): void => {
      if (entry !== undefined) held.push(copyOf(entry))
    }
    for (let at = 0; at < 500; at++) keep(entries.next().value)
    world.advance(160)
    assert.deepEqual(world.keys, [])
    for (let next = entries.next(); next.done !== true; next = entries.next()) keep(next.value)
    cut.confirm()
    await using again = await MortalWorld.open(suite, { ttl: TTL, restore: [held], now: 100 })
    assert.equal(again.keys.length, 300)
    assert.deepEqual(again.on('key 7', ({ deque }) => [...deque]), ['x']) // prettier-ignore
    again.advance(160)
    assert.deepEqual(again.keys, [])
  })
}

/** What is not loaded at once begins to count when it is. */
async function openLoaded(suite: BackendSuite, options: MortalOptions): Promise<MortalWorld> {
  const world = await MortalWorld.open(suite, options)
  while (world.backend.maintain(1)) continue
  return world
}

function switchTests(suite: BackendSuite): void {
  const define = (title: string, body: () => Promise<void>): unknown =>
    suite.test(`${suite.name}, time-to-live on existing state: ${title}`, body)
  const open = (
    restore: readonly (readonly Entry[])[],
    ttl: StateTtl | undefined,
    now: number,
  ): Promise<MortalWorld> =>
    openLoaded(suite, { restore, now, ...(ttl === undefined ? {} : { ttl }) })

  define('switched on, it counts from the restore, once', async () => {
    const runs: (readonly Entry[])[] = []
    await using without = await open(runs, undefined, 0)
    without.on('a', (state) => writeAll(state, 'x'))
    runs.push(await without.checkpoint())
    await using on = await open(runs, TTL, 1000)
    on.advance(1000)
    on.on('b', (state) => writeAll(state, 'y'))
    runs.push(await on.checkpoint())
    await using again = await open(runs, TTL, 1100)
    again.advance(1159)
    assert.deepEqual(
      [again.keys, again.on('a', read)],
      [
        ['a', 'b'],
        ['x', 'x'],
      ],
    )
    again.advance(1160)
    assert.deepEqual(again.keys, [])
  })

  define('switched off, everything stays; on again, it counts anew', async () => {
    const runs: (readonly Entry[])[] = []
    await using on = await open(runs, TTL, 0)
    on.on('a', (state) => writeAll(state, 'x'))
    runs.push(await on.checkpoint())
    await using off = await open(runs, undefined, 100)
    off.advance(500)
    assert.deepEqual(off.on('a', read), ['x', 'x'])
    off.on('a', ({ value, list }) => {
      value.update('y')
      list.update(['y'])
    })
    runs.push(await off.checkpoint())
    await using again = await open(runs, TTL, 600)
    again.advance(600)
    again.advance(759)
    assert.deepEqual(again.on('a', read), ['y', 'y'])
    assert.equal(again.on('a', ({ map }) => map.isEmpty), true) // prettier-ignore
    again.advance(760)
    assert.deepEqual(again.keys, [])
  })

  define('changed, it holds for what is there', async () => {
    const runs: (readonly Entry[])[] = []
    await using first = await open(runs, TTL, 0)
    first.on('a', (state) => writeAll(state, 'x'))
    runs.push(await first.checkpoint())
    await using shorter = await open(runs, { after: 80 }, 79)
    assert.deepEqual(shorter.on('a', read), ['x', 'x'])
    shorter.now = 80
    assert.deepEqual(shorter.on('a', readAll), NOTHING_LEFT)
    await using longer = await open(runs, { after: 320 }, 100)
    longer.advance(319)
    assert.deepEqual(longer.on('a', read), ['x', 'x'])
    longer.advance(320)
    assert.deepEqual(longer.keys, [])
  })
}

function read({ value, list }: MortalHandles): unknown {
  return [value.value(), list.get()[0]]
}

function memoryTests(suite: BackendSuite): void {
  suite.test(`${suite.name}, with time-to-live in little memory: everything is freed`, async () => {
    const { told, ttl } = telling(TTL)
    const memoryBytes = LITTLE_MEMORY_BYTES
    await using world = await MortalWorld.open(suite, { ttl, memoryBytes })
    for (let at = 0; at < 400; at++) {
      world.now = Math.floor(at / 20)
      world.on(`key ${at % 200}`, (state) => writeAll(state, `${at}`, at))
      if (at % 100 === 0) world.backend.maintain(10)
    }
    world.advance(160)
    if (suite.evicts) assert.ok(world.backend.statistics.evictions > 0)
    assert.equal(world.keys.length, 200)
    assert.equal(world.on('key 7', ({ list }) => list.length), 1) // prettier-ignore
    world.advance(180)
    assert.deepEqual(world.keys, [])
    // Scalars were written twice and expire once, of the others each entry does.
    assert.equal(told.length, 4 * 200 + 5 * 400)
    // What is empty leaves a store below when it is evicted.
    if (!suite.evicts) assert.equal(world.backend.statistics.rows, 0)
  })
}
