// Surviving mutants of src/state/table that only leave out a shortcut: the longer way comes to the
// same.
import { type Row, reasonsOf } from './reason-rows.ts'
import type { Reason } from './reasons.ts'

const rows: readonly Row[] = [
  [
    'cold-table',
    'ConditionalExpression',
    'this.#side.isEmpty',
    'false',
    'a scan of a store to which nothing was written finds nothing',
    'if (this.#side.isEmpty) return []',
  ],
  [
    'entry-buffer',
    'ConditionalExpression',
    'count === 0',
    'false',
    'what no entries share is asked of none: a merge leaves empty parts out',
  ],
  [
    'keyed-table',
    'CallExpression',
    'this.#toucher.touch(this, routeHashes, count)',
    ';',
    'has the processor fetch rows ahead: nothing but the time that it takes differs',
  ],
  [
    'keyed-table',
    'ConditionalExpression',
    'this.#hasCollections',
    'false',
    'has the processor fetch collections ahead: nothing but the time that it takes differs',
    'if (this.#hasCollections) this.#toucher.touchCollections(this, routeHashes, count, ahead)',
  ],
  [
    'lazy-rows',
    'ConditionalExpression',
    '(flags & ROW_THINNED) !== 0',
    'true',
    'a shard is looked through once for rows to be swept, and has none',
  ],
  [
    'lives',
    'ConditionalExpression',
    'held !== ABSENT',
    'true',
    'what is absent is absent whether it has expired or not',
    'return held !== ABSENT && this.life.isExpired(this.#stampMs) ? ABSENT : held',
  ],
  [
    'lives',
    'ConditionalExpression',
    'left.length === 0',
    'false',
    'a list that is replaced by fewer elements is cleared first, and no element is nothing to add',
  ],
  [
    'scalar-handles',
    'ConditionalExpression',
    'shard !== undefined && this.life === undefined',
    'false',
    'the short way to a number, which `readable` finds, too',
  ],
]

export const tableShortcutReasons: readonly Reason[] = reasonsOf('src/state/table', rows)
