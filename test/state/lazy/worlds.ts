// Small worlds that restore runs lazily, and note what they read of them.
import assert from 'node:assert/strict'
import type { Entry } from '../../../src/state/backend.ts'
import { RunLookups } from '../../../src/state/runs/run-lookups.ts'
import { GROUP, MAX_PARALLELISM, TimerWorld, type TimerWorldOptions } from '../table/timer-world.ts'
import { lookups } from './runs.ts'

const ONE_GROUP = { start: GROUP, end: GROUP }
const ALL_GROUPS = { start: 0, end: MAX_PARALLELISM - 1 }

/** Runs that note what is read of them. */
export async function opened(
  runs: readonly (readonly Entry[])[],
  isWide: boolean,
): Promise<{ readonly restore: RunLookups; readonly reads: string[] }> {
  const restore = await lookups(runs, isWide ? ALL_GROUPS : ONE_GROUP)
  assert.ok(restore instanceof RunLookups)
  const reads: string[] = []
  const row = restore.row.bind(restore)
  const range = restore.range.bind(restore)
  restore.row = (...rest) => (reads.push('row'), row(...rest))
  restore.range = (...rest) => (reads.push('range'), range(...rest))
  return { restore, reads }
}

interface Options extends TimerWorldOptions {
  readonly rowsPerSlice?: number
  readonly minimumBytes?: number
}

export async function lazily(
  runs: readonly (readonly Entry[])[],
  { rowsPerSlice = 1000, minimumBytes = 0, ...options }: Options = {},
): Promise<{ readonly world: TimerWorld; readonly reads: string[] }> {
  const { restore, reads } = await opened(runs, options.isWide === true)
  const lazyRestore = { minimumBytes, rowsPerSlice }
  const world = await TimerWorld.open({ ...options, restore, lazyRestore })
  return { world, reads }
}

/** What a world without a store holds after `fill`. */
export async function runOf(
  fill: (world: TimerWorld) => void,
  options: TimerWorldOptions = {},
): Promise<readonly Entry[]> {
  const world = await TimerWorld.open({ ...options, isInMemory: true })
  fill(world)
  const run = await world.checkpoint()
  await world.close()
  return run
}
