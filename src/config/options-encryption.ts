/** Options of encryption at rest. */

import type { OptionSpec } from './option-spec.ts'

export const ENCRYPTION_OPTIONS = {
  'encryption.keys': {
    type: 'string',
    default: undefined,
    defaultText: 'nothing is encrypted',
    places: ['file', 'environment', 'run'],
    flag: 'encryption-keys',
    valueName: 'place',
    summary:
      'Where the keys are (env:NAME, file:path, command:line, module:path); then all is encrypted.',
  },
} as const satisfies Record<string, OptionSpec>
