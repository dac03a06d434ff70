// Survivors of a run that a test kills: one that came since, or that the run did not get to. Each
// was tried by hand: with the mutation the test fails. They count as survivors all the same.
import { type Row, reasonsOf } from './reason-rows.ts'
import type { Reason } from './reasons.ts'

const COVER = 'test/checkpoint/link-signature.test.ts, a right signature says nothing of a run'
// A whole job: the runner has none.
const EVENTS =
  'test/runtime/checkpoint-events.test.ts, checkpoints and savepoints are told from beginning'

const checkpointRows: readonly Row[] = [
  [
    'adapt',
    'StringLiteral',
    '`\\0dropped ${uid}`',
    '``',
    'test/checkpoint/in-flight-plan.test.ts, a node that is gone is refused, unless it was',
  ],
  [
    'coordinator',
    'CallExpression',
    'announceSavepoint(this.#world.logger, this.#job.jobName, checkpointId, directory)',
    ';',
    EVENTS,
  ],
  [
    'damage',
    'ObjectLiteral',
    '{ acceptDuplicates }',
    '{}',
    'test/checkpoint/left-behind.test.ts, a checkpoint that was left behind needs consent, too',
  ],
  [
    'decisions-abort',
    'ConditionalExpression',
    "purpose === 'final'",
    'false',
    'test/checkpoint/decisions.requests.test.ts, a final checkpoint that fails more often than is',
    "const counts = purpose === 'periodic' || purpose === 'final'",
  ],
  ['link-signature', 'CallExpression', 'requireHashes(store, link)', ';', COVER],
  ['link-signature', 'ObjectLiteral', '{ name: bare.name }', '{}', COVER],
  [
    'log-report',
    'BlockStatement',
    "{ announce(logger, 'millrace:checkpoint:triggered', { job, checkpoint }) }",
    '{}',
    EVENTS,
  ],
  [
    'manifest-checks',
    'EqualityOperator',
    'record.subtaskIndex >= vertex.parallelism',
    'record.subtaskIndex > vertex.parallelism',
    'test/checkpoint/manifest-codec.test.ts, every field is checked, and the message names the one',
  ],
  [
    'restore-plan',
    'ObjectLiteral',
    '{ checkpointId }',
    '{}',
    'test/checkpoint/restore-plan.test.ts, another number of key groups is refused',
  ],
  [
    'restore-plan',
    'ArithmeticOperator',
    'a.id - b.id',
    'a.id + b.id',
    'test/checkpoint/restore-plan.test.ts, restores are ordered by vertex and subtask',
  ],
]

const savepointRows: readonly Row[] = [
  [
    'write',
    'CallExpression',
    'this.#names.add(run.name)',
    ';',
    'test/savepoint/small.test.ts, nothing is left of a copy whose manifest cannot be written',
    'if (await copyRun(copy)) this.#names.add(run.name)',
  ],
]

/** Of these parts of one condition the record does not say how many were replaced. */
const METADATA_PARTS = [
  "typeof found === 'object' && found !== null && found.formatVersion === STATE_FORMAT_VERSION",
  "typeof found === 'object' && found !== null && found.formatVersion === STATE_FORMAT_VERSION " +
    "&& typeof found.jobName === 'string'",
  "typeof found === 'object' && found !== null && found.formatVersion === STATE_FORMAT_VERSION " +
    "&& typeof found.jobName === 'string' && Number.isSafeInteger(found.checkpointId)",
]

const runsRows: readonly Row[] = [
  [
    'block',
    'ConditionalExpression',
    'shared > lastBytes',
    'false',
    'test/state/runs/block.test.ts, a block whose keys do not ascend, or share less',
    'if (shared > lastBytes || next + shared + rest > keyBytes) ' +
      "throw badBlock('a key does not fit')",
  ],
  [
    'entry-key',
    'ConditionalExpression',
    'Number.isNaN(timeMs)',
    'false',
    'test/state/runs/entry.test.ts, a timer whose time is no number is damage',
  ],
  [
    'merge-plan',
    'EqualityOperator',
    'total - oldest > oldest * OUTDATED_SHARE',
    'total - oldest >= oldest * OUTDATED_SHARE',
    'test/state/runs/merge-plan.test.ts, everything is merged when the newer runs outweigh',
  ],
  ...METADATA_PARTS.map((part): Row => [
    'run-format',
    'ConditionalExpression',
    part,
    'true',
    'test/state/runs/metadata.test.ts, a run whose metadata is of another format version',
  ]),
  [
    'run-set',
    'StringLiteral',
    "'merge-before-close'",
    '""',
    'test/state/runs/snapshot.test.ts, a merge names the places where a fault may strike it',
  ],
  [
    'snapshot-reader',
    'ConditionalExpression',
    'names.has(reference.name)',
    'true',
    'test/state/runs/snapshot-reader.test.ts, verifying a snapshot reads the file of its records',
  ],
]

export const killedReasons: readonly Reason[] = [
  ...reasonsOf('src/checkpoint', checkpointRows, 'killed'),
  ...reasonsOf('src/savepoint', savepointRows, 'killed'),
  ...reasonsOf('src/state/runs', runsRows, 'killed'),
]
