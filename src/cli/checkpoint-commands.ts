/** The rows of `commands.ts` for checkpoints: what there is, whether it is sound, going back. */
import type { CommandSpec, FlagSpec, PositionalSpec } from './command.ts'
import { configFlags, optionFlags } from './option-flags.ts'

const snapshots: PositionalSpec = {
  name: 'dir|job',
  summary: 'A folder of checkpoints or a savepoint, or the name of a job.',
}
const checkpointFlag: FlagSpec = {
  name: 'checkpoint',
  value: 'n',
  summary: 'Its number; default: the newest.',
}
const directoryFlags: readonly FlagSpec[] = [
  ...optionFlags(['directory', 'encryption.keys', 'encryption.subjects', 'signing.keys']),
  ...configFlags.slice(0, 1),
]

export const CHECKPOINT_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'rollback',
    summary: 'Makes an older checkpoint of a stopped job the one that its next run goes on from.',
    description:
      'Nothing is deleted: newer checkpoints stay until as many new ones have taken their place. ' +
      'Until then a rollback can be undone, unless output was taken back. What exactly-once ' +
      'sinks made visible since then is taken back by the next run; where a sink cannot, ' +
      '`--accept-duplicates` is asked for. `run --from <n>` does so and runs the job.',
    positionals: [
      { name: 'job', summary: 'The name of a job that does not run.' },
      { name: 'checkpoint', summary: 'Its number, as `checkpoint ls` lists it.' },
    ],
    flags: [
      { name: 'accept-duplicates', summary: 'Go back although visible output will repeat.' },
      ...directoryFlags,
    ],
    examples: [
      { command: 'millrace checkpoint ls word-count', does: 'what there is' },
      { command: 'millrace rollback word-count 7', does: 'go back to checkpoint 7' },
    ],
    exits: ['absent', 'owned'],
    load: async () => (await import('./commands/rollback.ts')).rollback,
  },
  {
    name: 'checkpoint ls',
    summary: 'Lists the checkpoints of a job, or in a folder.',
    positionals: [snapshots],
    flags: directoryFlags,
    examples: [{ command: 'millrace checkpoint ls word-count', does: 'newest first' }],
    exits: ['absent'],
    load: async () => (await import('./commands/checkpoint-ls.ts')).checkpointLs,
  },
  {
    name: 'checkpoint show',
    summary: 'Shows what a checkpoint holds: operators, states, sizes, input positions, timings.',
    positionals: [snapshots],
    flags: [checkpointFlag, ...directoryFlags],
    examples: [
      { command: 'millrace checkpoint show word-count', does: 'the newest one' },
      { command: 'millrace checkpoint show word-count --checkpoint 7 --json', does: 'another one' },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/checkpoint-show.ts')).checkpointShow,
  },
  {
    name: 'checkpoint verify',
    summary:
      'Reads every byte of the checkpoints and compares the checksums; ends with 1 on damage.',
    description:
      'Of each damaged file it tells which checkpoints need it, and what of their state is lost: ' +
      'operators and key groups. The job may be running meanwhile. Of the chain of manifests it ' +
      'tells the first broken link; with `--signing-keys` also whether each is signed rightly.',
    positionals: [snapshots],
    flags: [
      { ...checkpointFlag, summary: 'Only this one; default: all.' },
      {
        name: 'link',
        value: 'n:hash',
        summary: 'Whether this link is still in the chain, as an earlier verify said the newest.',
      },
      ...directoryFlags,
    ],
    examples: [
      { command: 'millrace checkpoint verify backup/1', does: 'is the copy sound?' },
      {
        command: 'millrace checkpoint verify word-count --signing-keys file:keys.pem',
        does: 'has anybody changed it?',
      },
      { command: 'millrace checkpoint verify word-count --json', does: 'for a program' },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/checkpoint-verify.ts')).checkpointVerify,
  },
  {
    name: 'checkpoint gc',
    summary: 'Deletes files that no checkpoint needs any more, such as crashes leave behind.',
    description:
      'A running job does this by itself after each checkpoint; this is for what earlier runs of ' +
      'the job left. The job may be running meanwhile: checkpoints, files of its newest run, and ' +
      'what readers hold are never touched. Ends with 1 if a damaged manifest prevents it.',
    positionals: [snapshots],
    flags: [
      { name: 'dry-run', summary: 'Only tell what would be deleted, and why.' },
      ...directoryFlags,
    ],
    examples: [
      { command: 'millrace checkpoint gc word-count --dry-run', does: 'what could go?' },
      { command: 'millrace checkpoint gc word-count', does: 'delete it' },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/checkpoint-gc.ts')).checkpointGc,
  },
  {
    name: 'checkpoint convert',
    summary: 'Writes a checkpoint as a savepoint, with other key groups if asked to.',
    description:
      'maxParallelism, the number of key groups that state is cut into, is fixed by the first ' +
      'checkpoint of a job. To change it: stop the job, convert, set it in the job to the new ' +
      'number, and run that --from the savepoint. State is streamed and sorted anew; the memory ' +
      'needed does not depend on its size.',
    positionals: [
      snapshots,
      { name: 'to', summary: 'A folder that is new or empty, for the savepoint.' },
    ],
    flags: [
      {
        name: 'max-parallelism',
        value: 'n',
        summary: 'Key groups of the savepoint, 1 to 32768; default: as many as before.',
      },
      {
        name: 'accept-unsigned',
        summary:
          'Sign what is not signed: you vouch for it. Without --signing-keys it changes nothing.',
      },
      checkpointFlag,
      ...directoryFlags,
    ],
    examples: [
      {
        command: 'millrace checkpoint convert word-count backup/wide --max-parallelism 1024',
        does: 'then run the job --from backup/wide',
      },
      {
        command: 'millrace checkpoint convert word-count backup/7 --checkpoint 7',
        does: 'keep one of the checkpoints of a job',
      },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/checkpoint-convert.ts')).checkpointConvert,
  },
]
