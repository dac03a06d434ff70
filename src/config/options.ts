/**
 * The one table of options. Types, validation, `--help`, environment names and
 * docs/reference/options.md all come from it; nothing else in Millrace declares an option.
 * `load.ts` says where values come from and which wins.
 */

import type { OptionPlace, OptionSpec } from './option-spec.ts'
import { CHECKPOINTING_OPTIONS } from './options-checkpointing.ts'
import { CONTROL_OPTIONS } from './options-control.ts'
import { ENCRYPTION_OPTIONS } from './options-encryption.ts'
import { HIGH_AVAILABILITY_OPTIONS } from './options-high-availability.ts'
import { RESTART_OPTIONS } from './options-restart.ts'
import { SIGNING_OPTIONS } from './options-signing.ts'
import { START_OPTIONS } from './options-start.ts'
import { STATE_OPTIONS } from './options-state.ts'

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
  ...CHECKPOINTING_OPTIONS,
  ...RESTART_OPTIONS,
  ...HIGH_AVAILABILITY_OPTIONS,
  ...CONTROL_OPTIONS,
  ...STATE_OPTIONS,
  ...ENCRYPTION_OPTIONS,
  ...SIGNING_OPTIONS,
  batchRecords: {
    type: 'integer',
    default: 512,
    min: 1,
    max: 65_536,
    summary: 'Records that a source hands over at once; also the reach of a prefetch.',
  },
  callTimeout: {
    type: 'duration',
    default: 60_000,
    min: 2_000,
    summary: 'A call of a function that has not returned for so long ends its worker.',
  },
  outboxBytes: {
    type: 'size',
    default: 4 * 1024 ** 2,
    min: 64 * 1024,
    summary:
      'What may wait for a slow receiver in memory, for each output of a task; more is on disk.',
  },
  ...START_OPTIONS,
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
