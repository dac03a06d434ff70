/** Chooses how many operations a workload has, and which kind comes next. */
import type { Random } from '../../src/util/random.ts'

const KINDS = 19
/** Operations after which a record is still in the subtask that read it. */
const FORWARD = [0, 1, 2, 5, 18]
/** Operations with state by key: windows, two streams, time to live, helpers, and all others. */
const STATEFUL = [6, 8, 8, 8, 8, 12, 13, 15]
const COUNT_MAX = 6
const STATEFUL_COUNT_MAX = 2

export function countOf(random: Random, isStateful: boolean): number {
  return 1 + random.int(isStateful ? STATEFUL_COUNT_MAX : COUNT_MAX)
}

/** The number of a kind, as `generate.ts` has them. */
export function chooseOperation(random: Random, isForward: boolean, isStateful: boolean): number {
  const among = isForward ? FORWARD : isStateful ? STATEFUL : undefined
  return among === undefined ? random.int(KINDS) : (among[random.int(among.length)] ?? 0)
}
