// What is known of surviving mutants of src/state/runs, besides what `reasons-state.ts` has.
import { type Row, reasonsOf } from './reason-rows.ts'
import type { Reason } from './reasons.ts'

const rows: readonly Row[] = [
  [
    'block-table',
    'ConditionalExpression',
    'common < nearest.length',
    'true',
    'it is at most what is sought, which does not begin with it: before its end both differ',
  ],
  [
    'entry-renewal',
    'ConditionalExpression',
    'state === undefined',
    'false',
    'a state that is not declared has no reader either: it is for the compiler',
    'if (state === undefined || read === undefined) out.raw(input.raw(input.remaining))',
  ],
  [
    'run-lookup',
    'ConditionalExpression',
    'isWhole',
    'false',
    'the same entries are found key by key, and the block is kept, as room allows',
    'const entries = isWhole',
  ],
  [
    'run-lookups',
    'ConditionalExpression',
    'entries.length > 0',
    'true',
    'a merge passes over what has no entries',
    '.filter((entries) => entries.length > 0)',
  ],
  [
    'run-reader',
    'ConditionalExpression',
    'last === undefined',
    'false',
    'what is read at once has a first and a last block: it is for the compiler',
    'if (first === undefined || last === undefined) return',
  ],
  [
    'run-survey',
    'ConditionalExpression',
    'first === undefined || next === undefined',
    'false',
    'the block is one of the run, so both keys are there: it is for the compiler',
  ],
  [
    'run-survey',
    'ConditionalExpression',
    'next === undefined',
    'false',
    'the block is one of the run, so both keys are there: it is for the compiler',
  ],
  [
    'search',
    'ConditionalExpression',
    'last === undefined',
    'false',
    'a batch that has a first entry has a last one: it is for the compiler',
  ],
  [
    'snapshot-writer',
    'ConditionalExpression',
    'pause !== undefined',
    'true',
    'waits for nothing: where it may pause it pauses once more',
    4,
  ],
  [
    'run-survey',
    'BlockStatement',
    '{ return { keyGroups: { start: 0, end: 0xffff }, operators: undefined } }',
    undefined,
    'the block is one of the run, so both keys are there: it is for the compiler',
  ],
  ['snapshot-writer', 'StringLiteral', "'utf8'", undefined, 'it is what is meant without it, too'],
  [
    'snapshot-writer',
    'ObjectLiteral',
    '{ dropTombstones: false }',
    '{}',
    'what is not set is as good as false',
  ],
  [
    'snapshot-writer',
    'ArrayDeclaration',
    '[]',
    undefined,
    'what is no operator has no id that a record could name',
    'operators: readonly OperatorRecord[] = [],',
  ],
]

export const runsReasons: readonly Reason[] = reasonsOf('src/state/runs', rows)
