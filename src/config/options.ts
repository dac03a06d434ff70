/**
 * The one table of options. Types, validation, `--help`, environment names and
 * docs/reference/options.md all come from it; nothing else in Millrace declares an option.
 * `load.ts` says where values come from and which wins.
 */

/** Where an option may be given. `run` is the options of `run()` and the flags of the CLI. */
export type OptionPlace = 'code' | 'file' | 'environment' | 'run'

interface SpecBase {
  /** One sentence for help and reference. */
  readonly summary: string
  /** Its own flag; every option can also be set with `--set key=value`. */
  readonly flag?: string
  /** Stands for the value of the flag in help; default: by the type. */
  readonly valueName?: string
  /** Absent: everywhere. */
  readonly places?: readonly OptionPlace[]
  /** How the default reads, where the value alone does not say it. */
  readonly defaultText?: string
}

export type OptionSpec = SpecBase &
  (
    | { readonly type: 'duration'; readonly default: number; readonly min?: number }
    | { readonly type: 'size'; readonly default: number | undefined; readonly min?: number }
    | {
        readonly type: 'integer'
        readonly default: number
        readonly min: number
        readonly max: number
      }
    | { readonly type: 'boolean'; readonly default: boolean }
    | { readonly type: 'string'; readonly default: string | undefined }
    | { readonly type: 'names'; readonly default: readonly string[] }
    /** Old names by new ones; as text `new=old,…`. */
    | { readonly type: 'renames'; readonly default: Readonly<Record<string, string>> }
    | { readonly type: 'enum'; readonly default: string; readonly values: readonly string[] }
    /** A name, or in code the backend itself: `hashmap()`, `rocksdb({ … })` or your own. */
    | { readonly type: 'backend'; readonly default: string; readonly values: readonly string[] }
  )

/** How one start treats what is there must not stay set in a file. */
const onlyThisRun = ['run'] as const

export const OPTIONS = {
  parallelism: {
    type: 'integer',
    default: 1,
    min: 1,
    max: 1024,
    flag: 'parallelism',
    summary: 'How many workers (threads) share the job; it may differ from the run before.',
  },
  maxParallelism: {
    type: 'integer',
    default: 128,
    min: 1,
    max: 32_768,
    summary: 'Key groups that state is cut into, the highest parallelism ever; fixed at first.',
  },
  backend: {
    type: 'backend',
    default: 'auto',
    defaultText: "rocksdb where it is installed, else hashmap; a job's own choice comes first",
    values: ['auto', 'hashmap', 'rocksdb'],
    flag: 'backend',
    summary: 'Where working state lives: in memory (hashmap), or beyond it (rocksdb).',
  },
  memory: {
    type: 'size',
    // Stands for the share; `resolve.ts` puts the bytes of this machine in its place.
    default: 0,
    defaultText: "25% of the container's limit, or of the machine's memory if there is none",
    min: 1024 ** 2,
    flag: 'memory',
    summary: 'What state, caches and buffers of the job may use together.',
  },
  directory: {
    type: 'string',
    default: '.millrace',
    places: ['file', 'environment', 'run'],
    flag: 'directory',
    valueName: 'path',
    summary:
      'The folder for checkpoints, local state and control files; each job has one inside it.',
  },
  'checkpointing.interval': {
    type: 'duration',
    default: 10_000,
    min: 10,
    summary: 'Time from the start of one checkpoint to the start of the next.',
  },
  'checkpointing.timeout': {
    type: 'duration',
    default: 600_000,
    min: 100,
    summary: 'A checkpoint that takes longer is given up.',
  },
  'checkpointing.minPause': {
    type: 'duration',
    default: 0,
    summary: 'Least time between the end of one checkpoint and the start of the next.',
  },
  'checkpointing.tolerableFailures': {
    type: 'integer',
    default: 3,
    min: 0,
    max: 1_000_000,
    summary: 'How many checkpoints may fail one after the other before the job is restarted.',
  },
  'checkpointing.storage': {
    type: 'string',
    default: undefined,
    defaultText: '<directory>/<job>/checkpoints',
    summary: 'Where checkpoints are kept: a path or a file: URL.',
  },
  'checkpointing.keep': {
    type: 'integer',
    default: 3,
    min: 1,
    max: 10_000,
    summary: 'How many complete checkpoints are kept.',
  },
  'checkpointing.onCancel': {
    type: 'enum',
    default: 'keep',
    values: ['keep', 'delete'],
    summary: 'What becomes of the checkpoints when the job is cancelled.',
  },
  'checkpointing.compression': {
    type: 'enum',
    default: 'zstd',
    values: ['zstd', 'none'],
    summary: 'How the blocks of checkpoint files are compressed.',
  },
  'restart.strategy': {
    type: 'enum',
    default: 'exponential-delay',
    values: ['exponential-delay', 'fixed-delay', 'failure-rate', 'none'],
    summary: 'What follows a failure that a restart may cure; others end the job at once.',
  },
  'restart.attempts': {
    type: 'integer',
    default: 10,
    min: 0,
    max: 1_000_000_000,
    summary: 'Restarts in a row before the job fails, about five minutes by the other defaults.',
  },
  'restart.delay': {
    type: 'duration',
    default: 1_000,
    summary: 'Time before a restart; exponential-delay doubles it each time.',
  },
  'restart.maxDelay': {
    type: 'duration',
    default: 60_000,
    summary: 'The longest delay of exponential-delay.',
  },
  'restart.resetAfter': {
    type: 'duration',
    default: 300_000,
    summary: 'After this time without a failure, attempts and delay start anew.',
  },
  'restart.failures': {
    type: 'integer',
    default: 3,
    min: 1,
    max: 1_000_000,
    summary: 'How many failures per restart.interval failure-rate allows.',
  },
  'restart.interval': {
    type: 'duration',
    default: 300_000,
    min: 1,
    summary: 'The span over which failure-rate counts.',
  },
  'state.blockCache': {
    type: 'size',
    default: undefined,
    defaultText: 'a share of memory',
    summary: "RocksDB's cache of blocks read from disk, per job.",
  },
  'state.writeBufferSize': {
    type: 'size',
    default: undefined,
    defaultText: 'a share of memory',
    summary: "RocksDB's buffer for rows that are written below, per job.",
  },
  'state.snapshotPolicy': {
    type: 'enum',
    default: 'incremental',
    values: ['incremental', 'full'],
    summary: 'Whether a checkpoint writes only what changed, or everything.',
  },
  batchRecords: {
    type: 'integer',
    default: 512,
    min: 1,
    max: 65_536,
    summary: 'Records that a source hands over at once; also the reach of a prefetch.',
  },
  outboxBytes: {
    type: 'size',
    default: 4 * 1024 ** 2,
    min: 64 * 1024,
    summary:
      'What may wait for a slow receiver in memory, for each output of a task; more is on disk.',
  },
  from: {
    type: 'string',
    default: undefined,
    defaultText: 'the newest checkpoint, if there is one',
    places: onlyThisRun,
    flag: 'from',
    valueName: 'n|path|latest',
    summary: 'What to start from: latest, a checkpoint number, or the folder of a snapshot.',
  },
  drop: {
    type: 'names',
    default: [],
    defaultText: 'none',
    flag: 'drop',
    valueName: 'uid|uid.state',
    summary: 'State that may be given up where the job does not claim it, or it does not fit.',
  },
  renamed: {
    type: 'renames',
    default: {},
    defaultText: 'none',
    summary: 'What operators and states were called before: new=old, or uid.new=uid.old.',
  },
  fresh: {
    type: 'boolean',
    default: false,
    places: onlyThisRun,
    flag: 'fresh',
    summary: 'Start with empty state although there are checkpoints.',
  },
  acceptDuplicates: {
    type: 'boolean',
    default: false,
    places: onlyThisRun,
    flag: 'accept-duplicates',
    summary:
      'Start from an older checkpoint even where output that is visible already will repeat.',
  },
  logLevel: {
    type: 'enum',
    default: 'info',
    places: ['file', 'environment', 'run'],
    values: ['debug', 'info', 'warn', 'error', 'silent'],
    flag: 'log-level',
    summary: 'The least severe lines that the CLI logs.',
  },
} as const satisfies Record<string, OptionSpec>

type Table = typeof OPTIONS
export type OptionKey = keyof Table

type ValueOf<S extends OptionSpec> =
  | (S extends { readonly type: 'enum'; readonly values: readonly (infer V)[] }
      ? V
      : S['type'] extends 'boolean'
        ? boolean
        : S['type'] extends 'string' | 'backend'
          ? string
          : S['type'] extends 'names'
            ? readonly string[]
            : S['type'] extends 'renames'
              ? Readonly<Record<string, string>>
              : number)
  | (undefined extends S['default'] ? undefined : never)

/** Every option with its value: durations in milliseconds, sizes in bytes. */
export type OptionValues = { readonly [K in OptionKey]: ValueOf<Table[K]> }

/** The keys in the order of the table. */
// Object.keys widens to string; the table is `as const`, so these are exactly its keys.
export const OPTION_KEYS = Object.keys(OPTIONS) as readonly OptionKey[]

export function isOptionKey(key: string): key is OptionKey {
  return Object.hasOwn(OPTIONS, key)
}

/** The entry of the table, as the wide type that code over all options needs. */
export function optionSpec(key: OptionKey): OptionSpec {
  return OPTIONS[key]
}

/** `checkpointing.minPause` → `MILLRACE_CHECKPOINTING_MIN_PAUSE`. */
export function environmentName(key: OptionKey): string {
  const words = key.replaceAll('.', '_').replace(/[A-Z]/g, (letter) => `_${letter}`)
  return `MILLRACE_${words.toUpperCase()}`
}

/** Whether `key` may be given in this place. */
export function isAllowedIn(key: OptionKey, place: OptionPlace): boolean {
  return optionSpec(key).places?.includes(place) ?? true
}
