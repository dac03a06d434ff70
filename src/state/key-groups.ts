/**
 * Key → key group → subtask, with Flink's own formulas (`KeyGroupRangeAssignment`): the Flink host
 * lets Flink partition by the same integers, so they must stay equal for ever.
 */
import { assert } from '../util/assert.ts'
import { murmurHash } from '../util/hash.ts'

export const MAX_PARALLELISM_DEFAULT = 128
export const MAX_PARALLELISM_LIMIT = 32_768

/** Key groups `start` to `end`, both included; empty when `end < start`. */
export interface KeyGroupRange {
  readonly start: number
  readonly end: number
}

export function keyGroupOf(routeHash: number, maxParallelism: number): number {
  return murmurHash(routeHash) % maxParallelism
}

export function subtaskOf(keyGroup: number, maxParallelism: number, parallelism: number): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism)
}

export function keyGroupRangeOf(
  subtaskIndex: number,
  maxParallelism: number,
  parallelism: number,
): KeyGroupRange {
  assert(
    subtaskIndex >= 0 && subtaskIndex < parallelism,
    `subtask ${subtaskIndex} of ${parallelism}`,
  )
  const start = Math.floor((subtaskIndex * maxParallelism + parallelism - 1) / parallelism)
  const end = Math.floor(((subtaskIndex + 1) * maxParallelism - 1) / parallelism)
  return { start, end }
}

export function intersect(a: KeyGroupRange, b: KeyGroupRange): KeyGroupRange | undefined {
  const start = Math.max(a.start, b.start)
  const end = Math.min(a.end, b.end)
  return start <= end ? { start, end } : undefined
}
