// More of what is known of surviving mutants of src/checkpoint; `reasons.ts` has the first of them.
import { type Row, reasonsOf } from './reason-rows.ts'
import type { Reason } from './reasons.ts'

const rows: readonly Row[] = [
  [
    'comparison',
    'StringLiteral',
    "''",
    undefined,
    'what is lost or incompatible says what gives it up: it is for the compiler',
    "const isNamed = drop.has(uid) || drop.has(each.drop ?? '') || isApart",
  ],
  [
    'decisions-complete',
    'ConditionalExpression',
    'last !== undefined',
    'true',
    'an assertion of what holds at each of its calls',
  ],
  [
    'decisions-draft',
    'OptionalChaining',
    'draft.active?.checkpointId',
    'draft.active.checkpointId',
    'it is called of one that is in progress, and then one is active: it is for the compiler',
  ],
  [
    'decisions-slow',
    'ConditionalExpression',
    'tasks.length === 0',
    'false',
    'a shortcut: of no tasks nothing is noted',
  ],
  [
    'pins',
    'ArrayDeclaration',
    '[]',
    undefined,
    'the name of a pin has letters and digits only, so no holder is called that',
    'ignored: readonly string[] = [],',
  ],
  [
    'rollback',
    'CallExpression',
    "throw new MillraceError('CHECKPOINT_NOT_FOUND', `there is no checkpoint ${checkpointId}`)",
    ';',
    'one that is asked for by number is given, or refused before: it is for the compiler',
  ],
]

export const checkpointReasons: readonly Reason[] = reasonsOf('src/checkpoint', rows)
