/** Options of state and of the local stores below it. */

import type { OptionSpec } from './option-spec.ts'

export const STATE_OPTIONS = {
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
  'state.localRecovery': {
    type: 'enum',
    default: 'auto',
    values: ['auto', 'on', 'off'],
    summary: 'Copies of runs on the local disk, for restores; auto: if the storage is no folder.',
  },
  'state.localRecoverySize': {
    type: 'size',
    default: 10 * 1024 ** 3,
    min: 1024 ** 2,
    summary: 'What the copies of localRecovery may take on the local disk; more is not kept.',
  },
} as const satisfies Record<string, OptionSpec>
