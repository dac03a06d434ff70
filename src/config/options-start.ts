/** Options of one start: what it begins from, and what of that it may leave behind. */

import type { OptionSpec } from './option-spec.ts'

/** How one start treats what is there must not stay set in a file. */
const onlyThisRun = ['run'] as const

export const START_OPTIONS = {
  from: {
    type: 'string',
    default: undefined,
    defaultText: 'the newest checkpoint, if there is one',
    places: onlyThisRun,
    flag: 'from',
    valueName: 'n|path|latest',
    summary: 'What to start from: latest, a checkpoint number, or the folder of a snapshot.',
  },
  claim: {
    type: 'enum',
    default: 'no-claim',
    values: ['no-claim', 'claim'],
    switchValue: 'claim',
    places: onlyThisRun,
    flag: 'claim',
    summary: "Makes the folder of --from the job's own: its files go when they are needed no more.",
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
} as const satisfies Record<string, OptionSpec>
