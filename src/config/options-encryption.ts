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
  'encryption.subjects': {
    type: 'string',
    default: undefined,
    defaultText: 'no subject can be erased by itself',
    places: ['file', 'environment', 'run'],
    flag: 'encryption-subjects',
    valueName: 'place',
    summary:
      'Where the keys of the vault are, from which each subject has a key of its own (shredBy).',
  },
} as const satisfies Record<string, OptionSpec>
