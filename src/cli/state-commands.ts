/** The rows of `commands.ts` for the tools over the state in snapshots. */
import type { CommandSpec, FlagSpec, PositionalSpec } from './command.ts'
import { configFlags, optionFlags } from './option-flags.ts'

const where: PositionalSpec = {
  name: 'dir|job',
  summary: 'A folder of checkpoints or a savepoint, or the name of a job.',
}
const uid: PositionalSpec = { name: 'uid', summary: 'The uid of an operator.' }
const checkpoint: FlagSpec = {
  name: 'checkpoint',
  value: 'n',
  summary: 'Its number; default: the newest.',
}
const state: FlagSpec = {
  name: 'state',
  value: 'name',
  multiple: true,
  summary: 'Only this state; may be given again.',
}
const directory: readonly FlagSpec[] = [
  ...optionFlags(['directory', 'encryption.keys', 'encryption.subjects', 'signing.keys']),
  ...configFlags.slice(0, 1),
]

export const STATE_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'state ls',
    summary: 'Lists what a snapshot holds: operators, their keys and timers, states, sizes.',
    positionals: [where],
    flags: [checkpoint, ...directory],
    examples: [
      { command: 'millrace state ls word-count', does: 'of the newest checkpoint' },
      { command: 'millrace state ls backup/1 --json', does: 'of a savepoint, as JSON' },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/state-ls.ts')).stateLs,
  },
  {
    name: 'state get',
    summary: 'Shows the states of one key.',
    positionals: [where, uid],
    flags: [
      {
        name: 'key',
        value: 'key',
        summary: 'Strings as they are, all else as JSON: 7, [1,"a"], {"id":1}.',
      },
      state,
      checkpoint,
      ...directory,
    ],
    examples: [
      { command: 'millrace state get word-count counts --key whale', does: 'what it counted' },
      {
        command: `millrace state get backup/1 visits --key '["ann",3]' --state recent --json`,
        does: 'one state of a composite key',
      },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/state-get.ts')).stateGet,
  },
  {
    name: 'state diff',
    summary: 'Compares two snapshots: keys and timers added, removed and changed, per state.',
    positionals: [
      { name: 'before', summary: 'A folder of checkpoints or a savepoint, or the name of a job.' },
      { name: 'after', summary: 'The same.' },
    ],
    flags: [
      {
        ...checkpoint,
        multiple: true,
        summary: 'Its number; given twice, of the first and the second. Default: the newest.',
      },
      { name: 'uid', value: 'uid', summary: 'Only this operator.' },
      { name: 'keys', summary: 'Also write each key and timer that differs, with its values.' },
      ...directory,
    ],
    examples: [
      { command: 'millrace state diff backup/1 word-count', does: 'since the savepoint' },
      {
        command: 'millrace state diff word-count word-count --checkpoint 3 --checkpoint 7 --keys',
        does: 'between two checkpoints, key by key',
      },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/state-diff.ts')).stateDiff,
  },
  {
    name: 'state erase',
    summary: 'Makes all of one subject unreadable, in every checkpoint and savepoint of a job.',
    description:
      'Of states with shredBy, in a job with encryption.subjects. A running job stops with a ' +
      'checkpoint and goes on without the subject, as after a restart. Nothing is rewritten, and ' +
      'nothing brings back what was erased. Asking again does no harm.',
    positionals: [{ name: 'job', summary: 'The name of a job, running or not.' }],
    flags: [
      { name: 'subject', value: 'subject', summary: 'As shredBy of the job returns it.' },
      {
        name: 'type',
        value: 'type',
        summary: 'text, number, or bytes in hexadecimal digits. Default: text.',
      },
      ...directory,
    ],
    examples: [
      { command: 'millrace state erase orders --subject ann', does: 'all of ann' },
      { command: 'millrace state erase orders --subject 7 --type number', does: 'not of "7"' },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/state-erase.ts')).stateErase,
  },
  {
    name: 'state export',
    summary: 'Writes all keys of an operator with their states, as JSON lines, CSV or Parquet.',
    positionals: [where, uid],
    flags: [
      {
        name: 'format',
        value: 'format',
        summary: 'json-lines, csv or parquet. Default: json-lines. Parquet needs @duckdb/node-api.',
      },
      {
        name: 'output',
        value: 'file',
        summary: 'A file that is not there yet. Default: stdout, but not for parquet.',
      },
      state,
      checkpoint,
      ...directory,
    ],
    examples: [
      { command: 'millrace state export word-count counts', does: 'a line of JSON per key' },
      {
        command: 'millrace state export word-count counts --format csv --output counts.csv',
        does: 'a table',
      },
      {
        command: 'millrace state export word-count counts --format parquet --output counts.parquet',
        does: 'a table with types, for DuckDB, Spark and others',
      },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/state-export.ts')).stateExport,
  },
]
