// What is known of surviving mutants of src/savepoint.
import { type Row, reasonsOf } from './reason-rows.ts'
import type { Reason } from './reasons.ts'

const NOT_WRITTEN = 'a field that is undefined is not written into the manifest'
const FOR_THE_COMPILER = 'it is for the compiler'

const rows: readonly Row[] = [
  ['convert', 'ConditionalExpression', 'source === undefined', 'false', NOT_WRITTEN],
  [
    'convert',
    'ConditionalExpression',
    'records === undefined',
    'false',
    NOT_WRITTEN,
    '...(records === undefined ? {} : { records }),',
  ],
  [
    'convert',
    'ConditionalExpression',
    'memoryBytes === undefined',
    'false',
    'a field that is undefined gets its default as an absent one does',
  ],
  [
    'difference',
    'OptionalChaining',
    '(old ?? now)?.key',
    undefined,
    `one of both is there: ${FOR_THE_COMPILER}`,
  ],
  [
    'difference',
    'OptionalChaining',
    'this.#timers?.decode',
    undefined,
    `what is there is of an operator that is there: ${FOR_THE_COMPILER}`,
  ],
  [
    'difference',
    'ConditionalExpression',
    'a === b',
    'false',
    'they are not compared once both are at their end',
  ],
  [
    'draft',
    'ConditionalExpression',
    "kind === 'source'",
    'true',
    'a uid is that of one node, and only those of sources are looked up',
  ],
  [
    'draft',
    'ConditionalExpression',
    'node.label === node.uid',
    'true',
    'a node with a uid is called by it: plans of other labels are made by nobody',
  ],
  [
    'new-operator',
    'ConditionalExpression',
    'map?.keyType !== undefined',
    'true',
    `what is no list is a map, and maps have keys: ${FOR_THE_COMPILER}`,
  ],
  [
    'new-operator',
    'OptionalChaining',
    'map?.keyType',
    undefined,
    `what is no list is a map, and maps have keys: ${FOR_THE_COMPILER}`,
  ],
  [
    'rekeyed',
    'ConditionalExpression',
    'shared.has(text)',
    'true',
    'what is noted of other keys is not asked for',
    'if (shared.has(text)) known.add(id)',
  ],
  [
    'rewritten',
    'ConditionalExpression',
    'rows !== undefined || this.#lost.size > 0',
    'true',
    'a shortcut: what is written anew without a change says the same',
  ],
  [
    'rewritten',
    'BlockStatement',
    '{ yield* this.flush() this.#keyGroup = keyGroupOfKey(key) this.#deleted.clear() }',
    undefined,
    'gives memory back: a key lies in one key group, and what comes next flushes, too',
  ],
  [
    'rewritten',
    'CallExpression',
    'this.#deleted.clear()',
    undefined,
    'gives memory back: a key lies in one key group',
  ],
  [
    'rewritten',
    'ConditionalExpression',
    'operatorOfKey(entry.key) === this.#newId',
    'false',
    'writes the number that is there',
  ],
  [
    'rewritten',
    'ConditionalExpression',
    'stateId !== undefined',
    'true',
    'of what is no number none is lost',
  ],
  [
    'row-encoder',
    'StringLiteral',
    "'aggregating'",
    undefined,
    `nobody asks for the items of a scalar: ${FOR_THE_COMPILER}`,
    "case 'aggregating':",
  ],
  [
    'row-encoder',
    'StringLiteral',
    "'counter'",
    undefined,
    `nobody asks for the items of a scalar: ${FOR_THE_COMPILER}`,
    "case 'counter':",
  ],
  [
    'snapshot',
    'ConditionalExpression',
    "typeof first === 'string'",
    'false',
    'a text has no types that could differ',
    "const owner = typeof first === 'string' ? undefined : first",
  ],
  [
    'snapshot',
    'ArithmeticOperator',
    'this.maxParallelism - 1',
    undefined,
    'behind the last key group lies nothing',
  ],
  [
    'sorted-entries',
    'ArithmeticOperator',
    'index + 1',
    undefined,
    'each is compared with a neighbour, on whichever side',
  ],
  [
    'write',
    'ConditionalExpression',
    'records === undefined',
    'false',
    NOT_WRITTEN,
    'return { ...own, runs, ...(records === undefined ? {} : { records }) }',
  ],
  [
    'write',
    'ConditionalExpression',
    'this.#spec.memoryBytes === undefined',
    'false',
    'a field that is undefined gets its default as an absent one does',
  ],
]

/** Where a line stands twice, and the reason holds for both. */
const twice: Reason = {
  file: 'src/savepoint/write.ts',
  mutator: 'ConditionalExpression',
  text: 'held === undefined',
  line: '...(held === undefined ? {} : { records: held }),',
  places: 2,
  replacement: 'false',
  kind: 'equivalent',
  why: NOT_WRITTEN,
}

export const savepointReasons: readonly Reason[] = [...reasonsOf('src/savepoint', rows), twice]
