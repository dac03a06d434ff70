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
    summary: 'Where keys are that sign checkpoints (as encryption.keys); then all must be signed.',
  },
} as const satisfies Record<string, OptionSpec>
