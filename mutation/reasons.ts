// What was found out about mutants that survive. Some are equivalent: nothing that can be observed
// differs, so no test can find them, and they are left out of one of the two scores. The others are
// not worth a test, or the runner cannot run the one there is: these count against us in both.
import type { Survivor } from './report.ts'

export interface Reason {
  readonly file: string
  readonly mutator: string
  /** The code that was replaced, as the list of survivors shows it. */
  readonly text: string
  /** Left out where the reason holds for every replacement. */
  readonly replacement?: string
  /** Equivalent: no result, no bound that is promised and no code of an error can differ. */
  readonly kind: 'equivalent' | 'left'
  readonly why: string
}

export const reasons: readonly Reason[] = [
  {
    file: 'src/checkpoint/coordinator.ts',
    mutator: 'CallExpression',
    text: 'this.#cuts.delete(effect.checkpointId)',
    kind: 'left',
    why: 'gives memory back; numbers of checkpoints are not used again',
  },
  {
    file: 'src/checkpoint/decisions.ts',
    mutator: 'ConditionalExpression',
    text: 'default: return unreachable(event)',
    kind: 'equivalent',
    why: 'all events have a case: it is for the compiler',
  },
  {
    file: 'src/checkpoint/decisions-complete.ts',
    mutator: 'StringLiteral',
    text: "'restored'",
    kind: 'equivalent',
    why: "only whether it is 'own' is asked",
  },
  {
    file: 'src/checkpoint/decisions-complete.ts',
    mutator: 'ConditionalExpression',
    text: 'done.length === 0',
    replacement: 'false',
    kind: 'equivalent',
    why: 'a way out early: what follows does nothing for no checkpoint',
  },
  {
    file: 'src/checkpoint/decisions-prepare.ts',
    mutator: 'ArrayDeclaration',
    text: '[]',
    kind: 'equivalent',
    why: 'nothing looks at it before `settle` empties it, too',
  },
  {
    file: 'src/checkpoint/claims.ts',
    mutator: 'OptionalChaining',
    text: 'newest?.kind',
    kind: 'equivalent',
    why: 'of two links or more one is the newest: it is for the compiler',
  },
  {
    file: 'src/checkpoint/savepoint.ts',
    mutator: 'ConditionalExpression',
    text: 'verifyRun === undefined',
    replacement: 'false',
    kind: 'equivalent',
    why: 'a field that is undefined gets its default as an absent one does',
  },
  {
    file: 'src/checkpoint/schema-checks.ts',
    mutator: 'StringLiteral',
    text: "'enum'",
    kind: 'left',
    why: 'made once per process, before any mutant is active',
  },
  {
    file: 'src/checkpoint/schema-checks.ts',
    mutator: 'ObjectLiteral',
    text: "{ kind: exactly('union'), options: inners }",
    kind: 'left',
    why: 'made once per process, before any mutant is active',
  },
  {
    file: 'src/checkpoint/state-lock.ts',
    mutator: 'ConditionalExpression',
    text: 'locked !== undefined',
    replacement: 'true',
    kind: 'equivalent',
    why: 'what is undefined has no text, so none that is equal',
  },
  {
    file: 'src/checkpoint/lease-marks.ts',
    mutator: 'StringLiteral',
    text: "'held'",
    kind: 'equivalent',
    why: 'the pattern of the name knows these states only: it is for the compiler',
  },
  {
    file: 'src/state/redistribute.ts',
    mutator: 'EqualityOperator',
    text: 'turn < parallelism',
    replacement: 'turn <= parallelism',
    kind: 'equivalent',
    why: 'after the last share nothing is left to give',
  },
  {
    file: 'src/state/runs/block.ts',
    mutator: 'ConditionalExpression',
    text: 'count <= 32',
    replacement: 'true',
    kind: 'equivalent',
    why: 'two ways to copy the same bytes',
  },
  {
    file: 'src/state/runs/block.ts',
    mutator: 'EqualityOperator',
    text: 'count <= 32',
    replacement: 'count > 32',
    kind: 'equivalent',
    why: 'two ways to copy the same bytes',
  },
  {
    file: 'src/state/runs/block.ts',
    mutator: 'ConditionalExpression',
    text: 'key.length > last.length',
    replacement: 'true',
    kind: 'equivalent',
    why: 'the key is kept in another buffer, which is as good',
  },
  {
    file: 'src/state/table/scalar-handles.ts',
    mutator: 'ConditionalExpression',
    text: '((presence >>> this.shift) & 3) === A_NUMBER',
    replacement: 'false',
    kind: 'equivalent',
    why: 'a shortcut for numbers: the longer way does the same',
  },
  {
    file: 'src/state/table/row-finder.ts',
    mutator: 'ConditionalExpression',
    text: 'mask >= 0',
    replacement: 'false',
    kind: 'equivalent',
    why: 'for powers of two the remainder is what the mask gives',
  },
  {
    file: 'src/state/table/sorted-items.ts',
    mutator: 'ConditionalExpression',
    text: 'at === this.#pieces.length - 1 && piece.at(-1) === item',
    replacement: 'false',
    kind: 'equivalent',
    why: 'how full pieces are, not what is in them',
  },
  {
    file: 'src/state/table/sorted-items.ts',
    mutator: 'LogicalOperator',
    text: 'at === this.#pieces.length - 1 && piece.at(-1) === item',
    kind: 'equivalent',
    why: 'how full pieces are, not what is in them',
  },
  {
    file: 'src/state/table/collect.ts',
    mutator: 'EqualityOperator',
    text: 'buffer.count < ENTRIES_PER_PART',
    replacement: 'buffer.count <= ENTRIES_PER_PART',
    kind: 'equivalent',
    why: 'parts are merged: how long each is changes nothing',
  },
  {
    file: 'src/state/table/touch.ts',
    mutator: 'CallExpression',
    text: 'collections.fill(undefined)',
    kind: 'equivalent',
    why: 'gives memory back; the next round writes over it',
  },
  {
    file: 'src/state/table/touch.ts',
    mutator: 'CallExpression',
    text: 'rows.fill(undefined)',
    kind: 'equivalent',
    why: 'gives memory back; the next round writes over it',
  },
  {
    file: 'src/state/table/cold-table.ts',
    mutator: 'ConditionalExpression',
    text: 'seen.has(key)',
    replacement: 'false',
    kind: 'equivalent',
    why: 'a key that comes twice is found in memory the second time',
  },
  {
    file: 'src/state/table/below.ts',
    mutator: 'ArrayDeclaration',
    text: '[]',
    kind: 'equivalent',
    why: '`open` sets it before anybody looks',
  },
  {
    file: 'src/state/table/entry-buffer.ts',
    mutator: 'EqualityOperator',
    text: 'count <= INDEXES',
    replacement: 'count < INDEXES',
    kind: 'left',
    why: 'differs for a buffer of 16 million entries only',
  },
  {
    file: 'src/state/runs/stream.ts',
    mutator: 'ConditionalExpression',
    text: 'batch.length < BATCH_ENTRIES_MAX && bytes < BATCH_BYTES_FULL',
    replacement: 'false',
    kind: 'equivalent',
    why: 'batches may be of any size',
  },
  {
    file: 'src/state/runs/block.ts',
    mutator: 'ConditionalExpression',
    text: 'value.length > VALUE_BYTES_MAX',
    replacement: 'false',
    kind: 'left',
    why: 'a test would need a value of 128 MiB',
  },
  {
    file: 'src/checkpoint/lease-marks.ts',
    mutator: 'BlockStatement',
    text: '{ value = undefined }',
    kind: 'equivalent',
    why: 'it is undefined before anything is parsed',
  },
  {
    file: 'src/checkpoint/lease-marks.ts',
    mutator: 'ConditionalExpression',
    text: 'value !== null',
    replacement: 'true',
    kind: 'equivalent',
    why: 'null has no fields to be spread',
  },
  {
    file: 'src/checkpoint/retention.ts',
    mutator: 'EqualityOperator',
    text: 'run.leaderEpoch < alive.leaderEpoch',
    replacement: 'run.leaderEpoch <= alive.leaderEpoch',
    kind: 'equivalent',
    why: 'the line asks only for those that differ',
  },
  {
    file: 'src/state/runs/merge-core.ts',
    mutator: 'ConditionalExpression',
    text: '(winnerFlags & FLAG_POINT_TOMBSTONE) !== 0',
    replacement: 'true',
    kind: 'equivalent',
    why: 'two range tombstones of one key have the same bytes, and a live winner is given anyway',
  },
  {
    file: 'src/state/runs/run-set.ts',
    mutator: 'ArithmeticOperator',
    text: 'this.#readers.length - 1',
    replacement: 'this.#readers.length + 1',
    kind: 'equivalent',
    why: 'two turns more, without a reader',
  },
  {
    file: 'src/state/table/backend-cut.ts',
    mutator: 'UpdateOperator',
    text: '++sinceLastPause',
    replacement: '--sinceLastPause',
    kind: 'equivalent',
    why: 'multiples of a number are as far apart below zero',
  },
  {
    file: 'src/state/table/cold-table.ts',
    mutator: 'ConditionalExpression',
    text: 'key === undefined',
    replacement: 'false',
    kind: 'equivalent',
    why: 'scans give pairs: it is for the compiler',
  },
  {
    file: 'src/state/table/lazy-timers.ts',
    mutator: 'EqualityOperator',
    text: 'this.#deleted.size > 0',
    replacement: 'this.#deleted.size >= 0',
    kind: 'equivalent',
    why: 'a shortcut: nothing is found in an empty set',
  },
  {
    file: 'src/state/table/sorted-items.ts',
    mutator: 'ConditionalExpression',
    text: 'piece.at(-1) === item',
    replacement: 'true',
    kind: 'equivalent',
    why: 'how full pieces are, not what is in them',
  },
  {
    file: 'src/checkpoint/chain.ts',
    mutator: 'BlockStatement',
    text: "{ throw new MillraceError('CHECKPOINT_FAILED', `a manifest of ${bytes.length} bytes is too large`) }",
    kind: 'left',
    why: 'a test would need a manifest of 64 MiB',
  },
  {
    file: 'src/checkpoint/lease-marks.ts',
    mutator: 'ConditionalExpression',
    text: "typeof value === 'object' && value !== null",
    replacement: 'true',
    kind: 'equivalent',
    why: 'what is no object is spread into nothing that is asked for',
  },
  {
    file: 'src/checkpoint/lease.ts',
    mutator: 'OptionalChaining',
    text: 'view.leader?.isOld',
    replacement: 'view.leader.isOld',
    kind: 'equivalent',
    why: 'a later leader has been seen: it is for the compiler',
  },
  {
    file: 'src/state/table/collect.ts',
    mutator: 'EqualityOperator',
    text: '(shard.touchedBlocks[block] as number) <= cut.base',
    replacement: 'shard.touchedBlocks[block] as number < cut.base',
    kind: 'equivalent',
    why: 'a shortcut: no row of such a block is newer than the base',
  },
  {
    file: 'src/state/runs/merge-core.ts',
    mutator: 'ConditionalExpression',
    text: 'other === undefined',
    replacement: 'false',
    kind: 'equivalent',
    why: 'it has no entry then, which is asked next',
  },
]

/** What is known of a survivor; undefined if nobody has looked at it. */
export function reasonFor(survivor: Pick<Survivor, 'file' | 'mutator' | 'text' | 'replacement'>) {
  return reasons.find(
    ({ file, mutator, text, replacement = survivor.replacement }) =>
      survivor.file === file &&
      survivor.mutator === mutator &&
      survivor.text === text &&
      survivor.replacement === replacement,
  )
}
