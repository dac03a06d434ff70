/** Chooses how many operations a workload has, which kind comes next, and its parameters. */
import type { Random } from '../../src/util/random.ts'
import type { Compare, WindowPlan } from './workload.ts'

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

/** One of so many has an error policy, where records are certain one by one. */
const GUARDED_OF = 6

/** @param at the place of the operation in the workload. */
export function isGuarded(random: Random, at: number, compare: Compare): boolean {
  return compare !== 'sums' && random.fork(`guard ${at}`).int(GUARDED_OF) === 0
}

export function policyOf(random: Random, at: number): 'dead-letter' | 'park' {
  return random.fork(`policy ${at}`).int(2) === 0 ? 'dead-letter' : 'park'
}

export function choosePlan(random: Random, stepMs: number, at: number): WindowPlan {
  const types = ['tumbling', 'sliding', 'cumulative', 'session', 'session'] as const
  const type = types[random.int(types.length)] ?? 'tumbling'
  const steps = 1 + random.int(5)
  return {
    type,
    stepMs,
    // Gaps are short: there are several sessions, and late records join them.
    sizeMs: type === 'session' ? Math.ceil(stepMs / 2) : stepMs * steps,
    offsetMs: random.int(stepMs),
    latenessMs: random.fork(`lateness ${at}`).int(3) === 0 ? stepMs : 0,
  }
}
