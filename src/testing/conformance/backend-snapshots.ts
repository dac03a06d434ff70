/** The part of the suite of backends about snapshots: other backends, other ranges, timers. */
import assert from 'node:assert/strict'
import { keyGroupRangeOf } from '../../state/key-groups.ts'
import type { Define } from './backend-kinds.ts'
import {
  type BackendSuite,
  contentOf,
  isIn,
  MAX_PARALLELISM,
  restored,
  runOf,
  type Runs,
  setAll,
  World,
} from './backend-world.ts'

const KEYS: readonly unknown[] = [
  ...Array.from({ length: 150 }, (_, index) => index),
  ...Array.from({ length: 150 }, (_, index) => `key ${index}`),
  ...Array.from({ length: 20 }, (_, index) => ['tuple', index]),
]

/** Writes something of each kind for every key; `round` makes the values differ. */
function fill(world: World, round: number, keys: readonly unknown[] = KEYS): void {
  for (const [index, key] of KEYS.entries()) {
    if (!keys.includes(key)) continue
    world.on(key, ({ value, count, list, map, largest, all }) => {
      count.update(count.value() + round)
      if (index % 2 === 0) value.update({ round, index })
      if (index % 3 === 0) for (let at = 0; at < 70; at++) list.add(at * round)
      if (index % 5 === 0) setAll(map, { a: round, b: index })
      if (index % 7 === round) map.clear()
      if (index % 7 === 2 * round) list.clear()
      largest.add(index * round)
      if (index % 11 === 0) all.add(round)
      if (index % 13 === round) value.clear()
    })
  }
}

async function filledRuns(world: World): Promise<Runs> {
  const runs = []
  for (let round = 1; round <= 3; round++) {
    fill(world, round)
    runs.push(await world.checkpoint())
  }
  return runs
}

/** Tests of snapshot, merge and restore. */
export function snapshotTests(define: Define, suite: BackendSuite): void {
  define('what is restored of the runs is what was there', async (world) => {
    const runs = await filledRuns(world)
    for (const choose of [suite.choose, suite.other ?? suite.choose]) {
      const again = await World.open(suite, { restore: runs, choose })
      for (const key of KEYS) assert.deepEqual(contentOf(again, key), contentOf(world, key))
      assert.equal([...again.table.keys()].length, KEYS.length)
      assert.equal((await again.checkpoint()).length, 0, 'nothing changed since the restore')
      await again.close()
    }
  })

  define('a snapshot opens at other parallelisms and comes together again', async (world) => {
    const runs = await filledRuns(world)
    for (const parallelism of [2, 3]) {
      const whole: Runs[number][] = []
      for (let subtask = 0; subtask < parallelism; subtask++) {
        const keyGroups = keyGroupRangeOf(subtask, MAX_PARALLELISM, parallelism)
        const choose = subtask === 0 ? suite.choose : suite.other
        const part = await World.open(suite, {
          restore: runs,
          keyGroups,
          ...(choose === undefined ? {} : { choose }),
        })
        const own = KEYS.filter((key) => isIn(key, keyGroups))
        fill(part, 5, own)
        whole.push(await part.checkpoint())
        await part.close()
      }
      fill(world, 5)
      const again = await World.open(suite, { restore: [...runs, ...whole] })
      for (const key of KEYS) assert.deepEqual(contentOf(again, key), contentOf(world, key))
      await again.close()
      await world.backend.rollback(restored(runs, world.backend.keyGroups))
    }
  })

  define('a run of an unknown state is refused', async (world) => {
    fill(world, 1)
    const run = await world.checkpoint()
    const foreign = run.map(({ key, value }) => {
      const changed = Uint8Array.from(key)
      changed[3] = 99 // the low byte of the operator id
      return { key: changed, value }
    })
    const opening = World.open(suite, { restore: [foreign] })
    await assert.rejects(opening, { code: 'CHECKPOINT_INCOMPATIBLE' })
  })
}

/** Tests of timers. */
export function timerTests(define: Define, suite: BackendSuite): void {
  firingTests(define)
  timerCutTests(define, suite)
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

function firedAt(world: World, time: number): { key: unknown; time: number; name: string }[] {
  const fired: { key: unknown; time: number; name: string }[] = []
  for (let more = true; more;) {
    more = world.table.timers.advance('event-time', time, 10, (_domain, key, hash, at, name) => {
      world.table.select(key, hash)
      assert.deepEqual(world.table.currentKey, key)
      fired.push({ key, time: at, name })
    })
  }
  return fired
}
