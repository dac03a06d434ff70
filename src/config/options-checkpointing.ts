/** Options of checkpoints: when they are taken, where they are kept, when they are given up. */

import type { OptionSpec } from './option-spec.ts'

export const CHECKPOINTING_OPTIONS = {
  'checkpointing.interval': {
    type: 'duration',
    default: 10_000,
    min: 10,
    summary: 'Time from the start of one checkpoint to the start of the next.',
  },
  'checkpointing.recoveryTarget': {
    type: 'duration',
    default: 0,
    defaultText: '0: none',
    summary:
      'After a failure all is as before within this time: the interval is worked out for it.',
  },
  'checkpointing.intervalDuringBacklog': {
    type: 'duration',
    default: undefined,
    defaultText: 'like interval',
    summary: 'The interval while a source is catching up; 0: no checkpoints until it has.',
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
  'checkpointing.maxConcurrent': {
    type: 'integer',
    default: 1,
    min: 1,
    max: 8,
    summary: 'How many checkpoints may be under way at a time; 1 where minPause is above 0.',
  },
  'checkpointing.tolerableFailures': {
    type: 'integer',
    default: 3,
    min: 0,
    max: 1_000_000,
    summary: 'How many checkpoints may fail one after the other before the job is restarted.',
  },
  'checkpointing.mode': {
    type: 'enum',
    default: 'exactly-once',
    values: ['exactly-once', 'at-least-once'],
    summary: 'Whether a record may count twice after a failure; then no task waits for barriers.',
  },
  'checkpointing.unaligned': {
    type: 'enum',
    default: 'auto',
    values: ['auto', 'always', 'never'],
    summary:
      'Whether barriers overtake records that wait: after the alignment timeout, at once, never.',
  },
  'checkpointing.alignmentTimeout': {
    type: 'duration',
    default: 500,
    summary: 'How long barriers keep their place before they overtake, if they may.',
  },
  'checkpointing.storage': {
    type: 'string',
    default: undefined,
    defaultText: '<directory>/<job>/checkpoints',
    summary: 'Where checkpoints are kept: a path, or a URL such as s3://bucket/folder.',
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
} as const satisfies Record<string, OptionSpec>
