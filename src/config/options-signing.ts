/** Options of tamper evidence. */

import type { OptionSpec } from './option-spec.ts'

export const SIGNING_OPTIONS = {
  'signing.keys': {
    type: 'string',
    default: undefined,
    defaultText: 'nothing is signed',
    places: ['file', 'environment', 'run'],
    flag: 'signing-keys',
    valueName: 'place',
    summary:
      'Where the keys are that sign checkpoints (as `encryption.keys`); then nothing unsigned is restored.',
  },
} as const satisfies Record<string, OptionSpec>
