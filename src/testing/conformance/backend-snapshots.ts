/** The part of the suite of backends about snapshots: other backends, other ranges. */
import assert from 'node:assert/strict'
import { keyGroupRangeOf } from '../../state/key-groups.ts'
import type { Define } from './backend-kinds.ts'
import {
  type BackendSuite,
  contentOf,
  isIn,
  MAX_PARALLELISM,
  restored,
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
    const restoring = async (): Promise<void> => {
      const again = await World.open(suite, { restore: [foreign] })
      while (again.backend.maintain(1)) continue // if it was not loaded at once
    }
    await assert.rejects(restoring, { code: 'CHECKPOINT_INCOMPATIBLE' })
  })
}
