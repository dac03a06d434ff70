/** Options of restarts: what follows a failure that a restart may cure. */

import type { OptionSpec } from './option-spec.ts'

export const RESTART_OPTIONS = {
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
} as const satisfies Record<string, OptionSpec>
