// Survivors of a run in src/state/table that a test kills by now, each tried by hand.
import { type Row, reasonsOf } from './reason-rows.ts'
import type { Reason } from './reasons.ts'

const ROWS = 'test/state/table/small-rows.test.ts'
const RESTORES = 'test/state/table/mortal-restores.test.ts'
const DEQUES = 'test/state/table/deques.test.ts'
const OPERATORS = 'test/state/lazy/two-operators.test.ts'
const BARE = `${RESTORES}, what is bare gets its time though stamped entries beside it have a mark`

const rows: readonly Row[] = [
  [
    'deque-collection',
    'ConditionalExpression',
    'this.#count === 0',
    'false',
    `${DEQUES}, for an end of a deque of which nothing is left nobody looks below`,
    'if (this.#count === 0) return undefined',
  ],
  [
    'evictor',
    'EqualityOperator',
    '(flags & ROW_REFERENCED) !== 0',
    '(flags & ROW_REFERENCED) === 0',
    `${ROWS}, rows that were used since the hand came by stay, and others go`,
  ],
  [
    'evictor',
    'ConditionalExpression',
    '!hasScalars && summary.every(({ size }) => size === 0)',
    'false',
    `${ROWS}, of a row of which nothing is left nothing stays below once it has left memory`,
  ],
  [
    'lazy-restore',
    'EqualityOperator',
    'keyGroupOf(hash, maxParallelism) === keyGroups.start + group',
    'keyGroupOf(hash, maxParallelism) !== keyGroups.start + group',
    `${RESTORES}, restored lazily, the keys of all key groups begin to live`,
  ],
  [
    'lazy-store',
    'ConditionalExpression',
    'spec.record.id === id',
    'true',
    `${OPERATORS}, a row that is looked up has all that its own operator holds of its key`,
  ],
  [
    'list-collection',
    'EqualityOperator',
    'this.#hand + 1 < this.#chunks.length - 1',
    'this.#hand + 1 <= this.#chunks.length - 1',
    `${ROWS}, the last part of a list, which grows, stays in memory while others go`,
  ],
  [
    'lives',
    'ConditionalExpression',
    'item.stampMs >= 0',
    'true',
    `${RESTORES}, an entry without a stamp does not keep those beside it from being marked`,
  ],
  [
    'lives',
    'ConditionalExpression',
    'left.length === all.length',
    'false',
    `${RESTORES}, a look that finds all elements of a list alive writes nothing`,
  ],
  [
    'records',
    'ConditionalExpression',
    'stampLane >= 0',
    'true',
    `${RESTORES}, stamps of a state that lives for ever by now are written nowhere else`,
  ],
  [
    'restored-marks',
    'ConditionalExpression',
    'mark === undefined',
    'false',
    `${RESTORES}, a user's timer whose name begins as that of a mark is restored`,
  ],
  ['restored-marks', 'ConditionalExpression', 'isMortal && mark.isBare', 'true', BARE],
  ['restored-marks', 'LogicalOperator', 'isMortal && mark.isBare', 'isMortal || mark.isBare', BARE],
  [
    'restored-marks',
    'ConditionalExpression',
    '!isBare',
    'true',
    `${RESTORES}, switched off, it leaves no mark of what is bare, and no other state changes`,
  ],
]

export const tableKilledReasons: readonly Reason[] = [
  ...reasonsOf('src/state/table', rows, 'killed'),
  {
    file: 'src/state/table/deque-collection.ts',
    mutator: 'ConditionalExpression',
    text: 'this.#count === 0',
    // Of both that say whether it is empty.
    line: 'return this.#count === 0',
    places: 2,
    replacement: 'true',
    kind: 'killed',
    why: `${DEQUES}, what is pushed at either end lies between the ends, and is counted`,
  },
]
