/**
 * The table of commands: names, flags, examples and exit codes, from which help and
 * docs/reference/cli.md are made. The work is in `commands/`, loaded when called.
 */
import { CHECKPOINT_COMMANDS } from './checkpoint-commands.ts'
import type { CommandSpec, FlagSpec, PositionalSpec } from './command.ts'
import { configFlags, optionFlags } from './option-flags.ts'
import { STATE_COMMANDS } from './state-commands.ts'

const jobModule: PositionalSpec = {
  name: 'job.ts',
  summary: 'The module whose default export is the job: .ts, .mts, .js or .mjs.',
}
const runningJob: PositionalSpec = { name: 'job', summary: 'The name of a running job.' }
const param: FlagSpec = {
  name: 'param',
  value: 'name=value',
  multiple: true,
  summary: 'A parameter that the job declares.',
}
const profileFlags: readonly FlagSpec[] = [
  {
    name: 'profile',
    value: 'file',
    isValueOptional: true,
    summary: 'Tells where the time went, by operator; writes <job>.cpuprofile or this file.',
  },
  {
    name: 'profile-interval',
    value: 'µs',
    summary: 'Microseconds between two samples of the profile; default: 1000.',
  },
]
const directoryFlags: readonly FlagSpec[] = [
  ...optionFlags(['directory']),
  ...configFlags.slice(0, 1),
]

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'run',
    summary:
      'Runs a job until its input ends or it is stopped; resumes from its newest checkpoint.',
    description:
      'SIGINT (Ctrl-C) or SIGTERM takes a last checkpoint and ends with 0; a second one ends at ' +
      'once. If another process stands by, it goes on with the job. Output of the job goes to ' +
      'stdout; logs go to stderr, as text on a terminal and as JSON lines otherwise.',
    positionals: [jobModule],
    flags: [param, ...optionFlags(), ...configFlags, ...profileFlags],
    examples: [
      { command: 'millrace run count.ts', does: 'run a job, or go on where it was' },
      {
        command: 'millrace run count.ts --param input=book.txt --parallelism 4',
        does: 'with a parameter, on four threads',
      },
      {
        command: 'millrace run count.ts --set checkpointing.interval=1s --memory 1GB',
        does: 'any option can be set',
      },
      { command: 'millrace run count.ts --fresh', does: 'begin again with empty state' },
      { command: 'millrace run count.ts --standby', does: 'take over when its process is gone' },
      { command: 'millrace run count.ts --profile', does: 'tell where the time goes' },
    ],
    exits: ['owned', 'absent', 'interrupted', 'terminated'],
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'list',
    summary: 'Lists the jobs that run in a directory.',
    positionals: [],
    flags: directoryFlags,
    examples: [
      { command: 'millrace list', does: 'jobs of this folder' },
      {
        command: 'millrace list --directory /var/lib/millrace --json',
        does: 'of another one, as JSON',
      },
    ],
    exits: [],
    load: async () => (await import('./commands/list.ts')).list,
  },
  {
    name: 'status',
    summary: 'Shows how a running job is, and what holds its event time back.',
    positionals: [runningJob],
    flags: directoryFlags,
    examples: [
      { command: 'millrace status word-count', does: 'why does no window fire?' },
      { command: 'millrace status word-count --json', does: 'everything that is known of it' },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'stop',
    summary: 'Stops a job after a last checkpoint; run again, it goes on from there.',
    positionals: [runningJob],
    flags: [
      { name: 'savepoint', value: 'dir', summary: 'Also write a savepoint into this folder.' },
      { name: 'drain', summary: 'End the input: windows and timers fire as if nothing followed.' },
      ...directoryFlags,
    ],
    examples: [
      { command: 'millrace stop word-count', does: 'stop with a checkpoint' },
      { command: 'millrace stop word-count --savepoint backup/1', does: 'and with a savepoint' },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/control.ts')).stop,
  },
  {
    name: 'cancel',
    summary: 'Ends a job at once, without a checkpoint; what came after the newest one is redone.',
    positionals: [runningJob],
    flags: directoryFlags,
    examples: [{ command: 'millrace cancel word-count', does: 'end it now' }],
    exits: ['absent'],
    load: async () => (await import('./commands/control.ts')).cancel,
  },
  {
    name: 'handover',
    summary: 'Lets a process that stands by go on with a job, after a checkpoint.',
    description:
      'The process that ran the job ends with 0. Without a standby it goes on, and this fails.',
    positionals: [runningJob],
    flags: directoryFlags,
    examples: [{ command: 'millrace handover word-count', does: 'before its machine goes away' }],
    exits: ['absent'],
    load: async () => (await import('./commands/control.ts')).handover,
  },
  {
    name: 'savepoint',
    summary: 'Writes a complete copy of the state of a running job; the job goes on.',
    positionals: [
      runningJob,
      {
        name: 'dir',
        optional: true,
        summary:
          "A folder that is new or empty. Default: one named by the time, in the job's folder.",
      },
    ],
    flags: directoryFlags,
    examples: [
      { command: 'millrace savepoint word-count backup/1', does: 'copy the state' },
      { command: 'millrace run count.ts --from backup/1', does: 'start from it' },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/control.ts')).savepoint,
  },
  {
    name: 'release',
    summary: 'Tries again what an operator has parked; what fails again stays parked.',
    description:
      "Of operators with onError('park'), when the cause is gone without a restart: a restart " +
      'tries all of them by itself. Ends when each key has failed again or goes on. ' +
      '`millrace status` shows what is parked.',
    positionals: [runningJob, { name: 'operator', summary: 'The uid of the operator.' }],
    flags: [
      { name: 'key', value: 'key', summary: 'Only this key: text as it is, all else as JSON.' },
      ...directoryFlags,
    ],
    examples: [
      { command: 'millrace release accounts states', does: 'all that states has parked' },
      { command: 'millrace release accounts states --key ann --json', does: 'one key' },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/release.ts')).release,
  },
  {
    name: 'checkpoint',
    summary: 'Takes a checkpoint of a running job now; ends when its output is committed.',
    positionals: [runningJob],
    flags: [
      {
        name: 'full',
        summary: 'Write all state anew, so that the checkpoint needs no file of an older one.',
      },
      ...directoryFlags,
    ],
    examples: [
      { command: 'millrace checkpoint word-count', does: 'what changed since the last one' },
      { command: 'millrace checkpoint word-count --full --json', does: 'all of the state' },
    ],
    exits: ['absent'],
    load: async () => (await import('./commands/control.ts')).checkpoint,
  },
  ...CHECKPOINT_COMMANDS,
  ...STATE_COMMANDS,
  {
    name: 'plan',
    summary: 'Shows what a job is made of, without running it.',
    positionals: [jobModule],
    flags: [param, ...optionFlags(['parallelism']), ...configFlags],
    examples: [
      { command: 'millrace plan count.ts --parallelism 4', does: 'its tasks and exchanges' },
    ],
    exits: [],
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  {
    name: 'check',
    summary: 'Tells before a deploy whether a job fits a snapshot, and what would be lost.',
    description:
      'Builds the job and reads one manifest; runs and writes nothing, so the job may be running ' +
      'meanwhile. What is `new` starts empty. If a state.lock.json beside the module names the ' +
      'job, it is compared too, or alone where --against is not given.',
    positionals: [jobModule],
    flags: [
      {
        name: 'against',
        value: 'n|dir|job',
        summary:
          "A checkpoint number of this job, a folder or a job. Without a lock: this job's newest.",
      },
      { name: 'lock', summary: 'The state lock must be there, and name this job.' },
      param,
      ...optionFlags(['directory', 'parallelism', 'drop']),
      ...configFlags,
    ],
    examples: [
      { command: 'millrace check count.ts', does: 'against its newest checkpoint' },
      { command: 'millrace check count.ts --against backup/1', does: 'against a savepoint' },
      { command: 'millrace check count.ts --lock', does: 'in CI: is each change of state locked?' },
    ],
    exits: ['absent', 'wouldLose', 'incompatible', 'unlocked'],
    load: async () => (await import('./commands/check.ts')).check,
  },
  {
    name: 'lock',
    summary: 'Writes what a job keeps (uids, states, types) into state.lock.json beside it.',
    positionals: [jobModule],
    flags: [param, ...optionFlags(['parallelism']), ...configFlags],
    examples: [{ command: 'millrace lock count.ts', does: 'then commit the file with the change' }],
    exits: [],
    load: async () => (await import('./commands/lock.ts')).lock,
  },
  {
    name: 'config',
    summary: 'Shows every option with its value and where it came from.',
    positionals: [
      { ...jobModule, optional: true, summary: 'Also take the options of this job into account.' },
    ],
    flags: [...optionFlags(), ...configFlags],
    examples: [
      { command: 'millrace config', does: 'defaults, config file and environment' },
      { command: 'millrace config count.ts --memory 1GB', does: 'what a run would use' },
    ],
    exits: [],
    load: async () => (await import('./commands/config.ts')).config,
  },
  {
    name: 'doctor',
    summary: 'Looks for what would keep jobs from running well here; ends with 1 on a problem.',
    positionals: [],
    flags: [
      ...optionFlags(['directory', 'memory', 'backend']),
      ...optionFlags(['encryption.keys', 'encryption.subjects', 'signing.keys']),
      ...configFlags.slice(0, 1),
    ],
    examples: [
      { command: 'millrace doctor', does: 'Node, disk, memory, RocksDB, left-overs, checkpoints' },
    ],
    exits: [],
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
]
