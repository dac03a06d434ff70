/** Chooses what is done with a keyed stream, and says what is certain of what comes out. */
import type { Random } from '../../src/util/random.ts'
import type { Compare, ProcessKind } from './workload.ts'

type Fold = 'count' | 'sum' | 'reduce' | 'aggregate' | 'latest' | 'total'

/** A node but for its place and its key. */
export type KeyedPart =
  | { readonly kind: Fold | 'delay' }
  | {
      readonly kind: 'process'
      readonly what: ProcessKind
      readonly sideModulo: number
      readonly isOrdered: boolean
    }

export interface KeyedChoice {
  readonly part: KeyedPart
  readonly compare: Compare
}

const FOLDS = ['count', 'sum', 'reduce', 'aggregate', 'latest', 'total'] as const
const FOLDS_IN_ANY_ORDER = ['count', 'total'] as const
const PROCESSES = ['states', 'states', 'ordered', 'distinct', 'timers', 'windows'] as const
const STATEFUL_PROCESSES = [...PROCESSES, 'states', 'states', 'ordered', 'timers'] as const
const PROCESSES_IN_ANY_ORDER = ['distinct', 'timers', 'windows'] as const

/** @param isStateful mostly processes, which have several states or timers. */
export function chooseKeyed(random: Random, compare: Compare, isStateful: boolean): KeyedChoice {
  if (compare === 'sums') return { part: { kind: 'total' }, compare: 'order per key' }
  const isOrdered = compare === 'order per key'
  if (random.int(8) === 0) return { part: { kind: 'delay' }, compare: 'multiset' }
  if (random.int(isStateful ? 4 : 2) === 0) {
    const folds = isOrdered ? FOLDS : FOLDS_IN_ANY_ORDER
    const kind = folds[random.int(folds.length)] ?? 'count'
    return { part: { kind }, compare: 'order per key' }
  }
  const inOrder = isStateful ? STATEFUL_PROCESSES : PROCESSES
  const processes = isOrdered ? inOrder : PROCESSES_IN_ANY_ORDER
  const what = processes[random.int(processes.length)] ?? 'distinct'
  const after = what === 'windows' ? 'sums' : what === 'timers' ? 'multiset' : compare
  const sideModulo = what === 'states' && random.int(2) === 0 ? 2 + random.int(3) : 0
  return { part: { kind: 'process', what, sideModulo, isOrdered }, compare: after }
}
