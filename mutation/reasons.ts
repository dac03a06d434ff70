// What was found out about mutants that survive. Some are equivalent: nothing that can be observed
// differs, so no test can find them, and they are left out of one of the two scores. The others are
// not worth a test, or the runner did not run the one there is: these count against us in both.
import { belowReasons } from './reasons-below.ts'
import { checkpointReasons } from './reasons-checkpoint.ts'
import { killedReasons } from './reasons-killed.ts'
import { runsReasons } from './reasons-runs.ts'
import { savepointReasons } from './reasons-savepoint.ts'
import { stateReasons } from './reasons-state.ts'
import { tableReasons } from './reasons-table.ts'
import { tableKilledReasons } from './reasons-table-killed.ts'
import { tableShortcutReasons } from './reasons-table-shortcuts.ts'
import type { Survivor } from './report.ts'

export interface Reason {
  readonly file: string
  readonly mutator: string
  /** The code that was replaced, as the list of survivors shows it. */
  readonly text: string
  /** The line in which it begins, without its indentation, where the code occurs more than once. */
  readonly line?: string
  /** How often the code occurs, if the reason holds wherever it does. */
  readonly places?: number
  /** Left out where the reason holds for every replacement. */
  readonly replacement?: string
  /**
   * Equivalent: no result, no bound that is promised and no code of an error can differ. Left: not
   * worth a test. Killed: a test finds it that a run did not get to, or that came after the run.
   */
  readonly kind: 'equivalent' | 'left' | 'killed'
  /** Of what is killed the test: `test/x.test.ts, its name`. */
  readonly why: string
}

const ownReasons: readonly Reason[] = [
  {
    file: 'src/checkpoint/coordinator.ts',
    mutator: 'CallExpression',
    text: 'this.#cuts.delete(effect.checkpointId)',
    places: 2,
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
    line: 'draft.overlapping = []',
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
    line: "{ kind: exactly('enum'), values: list(name, LIST_MAX) },",
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
    line: "const state = LEASE_STATES.find((each) => each === stateText) ?? 'held'",
    kind: 'equivalent',
    why: 'the pattern of the name knows these states only: it is for the compiler',
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
]

export const reasons: readonly Reason[] = [
  ...ownReasons,
  ...checkpointReasons,
  ...savepointReasons,
  ...stateReasons,
  ...tableReasons,
  ...tableShortcutReasons,
  ...tableKilledReasons,
  ...belowReasons,
  ...runsReasons,
  ...killedReasons,
]

/** What is known of a survivor; undefined if nobody has looked at it. */
export function reasonFor(
  survivor: Pick<Survivor, 'file' | 'mutator' | 'text' | 'replacement'>,
  sourceLine: string,
): Reason | undefined {
  return reasons.find(
    ({ file, mutator, text, line = sourceLine, replacement = survivor.replacement }) =>
      survivor.file === file &&
      line === sourceLine &&
      survivor.mutator === mutator &&
      survivor.text === text &&
      survivor.replacement === replacement,
  )
}
