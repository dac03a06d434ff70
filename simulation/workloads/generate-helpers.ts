/** Chooses helpers of the library for a stream, and says what is certain of what they give. */
import type { Random } from '../../src/util/random.ts'
import type { Compare, HelperKind } from './workload.ts'

export interface HelperChoice {
  readonly what: HelperKind
  readonly n: number
  readonly compare: Compare
  readonly isTimed: boolean
}

const ALWAYS = ['daytime', 'late'] as const
const SINGLE = ['lookup', 'spread', 'daytime', 'late'] as const
const ORDERED = [
  'payload',
  'top',
  'ranks',
  'once',
  'min',
  'max',
  'mean',
  'counted',
  'sliding',
] as const
const TIMED = ['sessions'] as const
const BOTH = ['newest'] as const

/** What is certain of what a helper gives. */
const AFTER: Readonly<Record<HelperKind, Compare>> = {
  top: 'order per key',
  ranks: 'order per key',
  once: 'order per key',
  newest: 'order per key',
  min: 'order per key',
  max: 'order per key',
  mean: 'order per key',
  counted: 'order per key',
  sliding: 'order per key',
  sessions: 'multiset',
  daytime: 'sums',
  late: 'sums',
  payload: 'multiset',
  lookup: 'multiset',
  spread: 'multiset',
}

export function chooseHelper(random: Random, compare: Compare, isTimed: boolean): HelperChoice {
  const isOrdered = compare === 'order per key'
  const kinds: readonly HelperKind[] = [
    ...(compare === 'sums' ? ALWAYS : SINGLE),
    ...(isOrdered ? ORDERED : []),
    ...(isTimed && compare !== 'sums' ? TIMED : []),
    ...(isTimed && isOrdered ? BOTH : []),
  ]
  const what = kinds[random.int(kinds.length)] ?? 'daytime'
  return {
    what,
    n: 1 + random.int(6),
    compare: AFTER[what],
    isTimed: what === 'sessions',
  }
}
