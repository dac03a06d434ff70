/** Options of processes that stand by to take over a job. */

import type { OptionSpec } from './option-spec.ts'

export const HIGH_AVAILABILITY_OPTIONS = {
  standby: {
    type: 'boolean',
    default: false,
    places: ['run'],
    flag: 'standby',
    summary: 'Stand by while another process runs the job, and take over when it is gone.',
  },
  'highAvailability.lease': {
    type: 'duration',
    default: 5_000,
    min: 100,
    summary: 'A leader that was not heard of for so long is succeeded by a standby.',
  },
} as const satisfies Record<string, OptionSpec>
