// A restored state serves before it is loaded: rows are looked up, timers fire in order, what is
// deleted stays deleted, and the rest is loaded in slices, hot key groups first.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Entry } from '../../../src/state/backend.ts'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { keyGroupOf } from '../../../src/state/key-groups.ts'
import { keyGroupOfKey } from '../../../src/state/runs/entry.ts'
import { openRestore } from '../../../src/state/runs/run-lookups.ts'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import {
  ALL_GROUPS,
  type BackendSuite,
  MAX_PARALLELISM,
  World,
} from '../../../src/testing/conformance/backend-world.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { LAZILY, LAZILY_OVER_STORE, lookups, written } from './runs.ts'

const KEYS = 400

const suites: readonly BackendSuite[] = [
  { choose: () => hashmap(), context: () => LAZILY },
  { choose: () => rocksdb(), context: LAZILY_OVER_STORE },
].map((each) => ({
  ...each,
  test: () => undefined,
  name: each.choose().name,
  restoreOf: lookups,
  evicts: false,
}))

/** A run of `KEYS` keys, each with scalar states, a map and two timers. */
async function filled(): Promise<readonly Entry[]> {
  const world = await World.open(suites[0] as BackendSuite) // there are two
  for (let key = 0; key < KEYS; key++) {
    world.on(key, ({ count, map }) => {
      count.update(key)
      map.set('a', key)
    })
    world.table.timers.register('event-time', 1000 + key, '')
    world.table.timers.register('event-time', 5000 + key, 'close', key)
  }
  const run = await world.checkpoint()
  await world.close()
  return run
}

const run = await filled()

function loadAll({ backend }: World): void {
  while (backend.maintain(1)) continue
}

/** Fires what is due; the keys in their order. */
function fire({ table, backend }: World, time: number): unknown[] {
  const fired: unknown[] = []
  while (table.timers.advance('event-time', time, 10, (_, key) => void fired.push(key))) {
    backend.maintain(0)
  }
  return fired
}

for (const suite of suites) {
  describe(`a lazy restore under ${suite.name}`, () => {
    it('looks up the rows that are asked for, and no others', async () => {
      const world = await World.open(suite, { restore: [run] })
      assert.equal(
        world.on(7, ({ count, map }) => count.value() + (map.get('a') as number)),
        14,
      )
      assert.equal(
        world.on('nobody', ({ count }) => count.value()),
        0,
      )
      assert.ok(world.backend.statistics.rows <= 2)
      assert.equal(world.backend.isRestoring, true)
      await world.close()
    })

    it('says how much is loaded, until all is', async () => {
      const world = await World.open(suite, { restore: [run] })
      const shares: number[] = []
      for (;;) {
        const { restoringBytes, restoredBytes } = world.backend.statistics
        shares.push(restoredBytes / restoringBytes)
        if (!world.backend.maintain(1)) break
      }
      assert.equal(shares[0], 0)
      assert.ok(shares.length > KEYS / 4, `${shares.length} slices of 3 rows`)
      assert.deepEqual(
        shares,
        shares.toSorted((a, b) => a - b),
      )
      assert.equal(world.backend.isRestoring, false)
      assert.equal(world.backend.statistics.restoringBytes, 0)
      assert.equal([...world.table.keys()].length, KEYS)
      await world.close()
    })

    it('fires timers in order, and finds them without the rows', async () => {
      const world = await World.open(suite, { restore: [run] })
      assert.equal(world.table.timers.nextTime('event-time'), 1000)
      assert.deepEqual(fire(world, 1002), [0, 1, 2])
      assert.equal(world.backend.statistics.rows, 0)
      world.table.deselect()
      const rest = fire(world, 2000)
      assert.deepEqual(
        rest,
        Array.from({ length: KEYS - 3 }, (_, index) => index + 3),
      )
      await world.close()
    })

    it('does not fire a timer that was deleted before it was loaded', async () => {
      const world = await World.open(suite, { restore: [run] })
      world.on(350, () => world.table.timers.delete('event-time', 1350, ''))
      // Two checkpoints later nobody in memory knows of it any more.
      const runs = [run, await world.checkpoint(), await world.checkpoint()]
      await world.checkpoint()
      assert.equal(fire(world, 2000).includes(350), false)
      const again = await World.open(suite, { restore: runs })
      assert.equal(fire(again, 2000).includes(350), false)
      await world.close()
      await again.close()
    })

    it('lists the named timers of a key before they are loaded', async () => {
      const world = await World.open(suite, { restore: [run] })
      const listed = world.on(9, () => world.table.timers.list('event-time', 'close'))
      assert.deepEqual(listed, [{ time: 5009, payload: 9 }])
      assert.equal([...world.table.timers.pending()].length, 2 * KEYS)
      await world.close()
    })

    it('does not take a row from the runs twice, also if it was deleted meanwhile', async () => {
      const world = await World.open(suite, { restore: [run] })
      const cleared = new Set<number>()
      for (let key = 0; key < KEYS; key++) {
        if (key % 2 === 0) world.backend.maintain(1)
        if (key % 3 > 0) continue
        cleared.add(key)
        world.on(key, ({ count, map }) => {
          count.clear()
          map.clear()
        })
        world.table.deselect()
        if (key % 30 === 0) await world.checkpoint()
        for (const each of cleared)
          assert.equal(
            world.on(each, ({ count }) => count.value()),
            0,
          )
        world.table.deselect()
      }
      await world.checkpoint()
      loadAll(world)
      await world.checkpoint()
      const left = [...world.table.keys()].map(({ key }) => key as number) // all keys are numbers
      assert.equal(left.length, KEYS - cleared.size)
      assert.equal(
        left.some((key) => cleared.has(key)),
        false,
      )
      await world.close()
    })

    it('does not look up a row again that was loaded and deleted', async () => {
      const world = await World.open(suite, { restore: [run] })
      for (let step = 0; step < 20; step++) world.backend.maintain(1)
      const { restoredBytes } = world.backend.statistics
      for (let key = 0; key < KEYS; key++) {
        if (keyGroupOf(routeHash(key), MAX_PARALLELISM) > 1) continue
        world.on(key, ({ count, map }) => {
          count.clear()
          map.clear()
        })
      }
      world.table.deselect()
      for (let round = 0; round < 3; round++) await world.checkpoint()
      assert.equal(world.backend.statistics.restoredBytes, restoredBytes)
      for (let key = 0; key < KEYS; key++) {
        const isLeft = keyGroupOf(routeHash(key), MAX_PARALLELISM) > 1
        const count = world.on(key, (state) => state.count.value())
        assert.equal(count, isLeft ? key : 0)
      }
      await world.close()
    })

    it('loads the key group first that is asked for most', async () => {
      const world = await World.open(suite, { restore: [run] })
      const hot = keyGroupOf(routeHash(5), MAX_PARALLELISM)
      const mine = (key: number): boolean => keyGroupOf(routeHash(key), MAX_PARALLELISM) === hot
      const keys = Array.from({ length: KEYS }, (_, key) => key).filter(mine)
      for (const key of keys.slice(0, 3)) world.on(key, ({ count }) => count.value())
      const reads = (): number => {
        const { restoredBytes } = world.backend.statistics
        return restoredBytes
      }
      while (reads() === 0) world.backend.maintain(1)
      assert.equal(world.backend.isStrained, false)
      for (const key of keys) world.on(key, ({ count }) => assert.equal(count.value(), key))
      // None of them had to be looked up: with as many look-ups a turn would have been over.
      const cold = Array.from({ length: 32 }, (_, at) => KEYS + at)
      for (const key of cold.slice(1)) world.on(key, ({ count }) => count.value())
      assert.equal(world.backend.isStrained, false)
      await world.close()
    })

    it('asks for other work first after many look-ups', async () => {
      const world = await World.open(suite, { restore: [run] })
      for (let key = 0; key < 100; key++) world.on(key, ({ count }) => count.value())
      assert.equal(world.backend.isStrained, true)
      world.table.deselect()
      assert.equal(
        world.table.timers.advance('event-time', 9000, 1000, () => undefined),
        true,
      )
      world.backend.maintain(0)
      assert.equal(world.backend.isStrained, false)
      await world.close()
    })

    it('reports a damaged block when it is read, by a record or in the background', async () => {
      const blobs = new Map<string, Uint8Array>()
      const store = new MemoryBlobStore('memory:', blobs)
      const reference = await written(store, 'runs/0.run', run)
      const bytes = Uint8Array.from(blobs.get(reference.name) as Uint8Array) // just written
      for (let at = 0; at < bytes.length / 2; at += 50) bytes[at] = (bytes[at] ?? 0) ^ 1
      blobs.set(reference.name, bytes)
      const damaged = { ...suite, restoreOf: () => openRestore(store, [reference], ALL_GROUPS) }
      const first = run.find(({ key }) => keyGroupOfKey(key) === 0)
      assert.ok(first !== undefined)
      const world = await World.open(damaged, { restore: [run] })
      const lost = Array.from({ length: KEYS }, (_, key) => key).find(
        (key) => keyGroupOf(routeHash(key), MAX_PARALLELISM) === 0,
      )
      assert.throws(() => world.on(lost, () => undefined), { code: 'STORAGE_CORRUPT' })
      assert.throws(() => loadAll(world), { code: 'STORAGE_CORRUPT' })
      await world.close()
    })
  })
}

it('state that is little is loaded at once', async () => {
  const suite: BackendSuite = { ...(suites[0] as BackendSuite), context: () => ({}) }
  const world = await World.open(suite, { restore: [run] })
  assert.equal(world.backend.isRestoring, false)
  assert.equal(world.backend.statistics.rows, KEYS)
  await world.close()
})
