/** Flags that are options, from the table of options. Loads nothing else: help must be fast. */
import { isAllowedIn, OPTION_KEYS, type OptionKey, optionSpec } from '../config/options.ts'
import type { FlagSpec } from './command.ts'

const valueNames: Readonly<Record<string, string>> = {
  duration: 'duration',
  size: 'size',
  integer: 'n',
  string: 'text',
}

/** The flags of these options; default: of all that have one. */
export function optionFlags(keys: readonly OptionKey[] = OPTION_KEYS): FlagSpec[] {
  return keys.flatMap((key) => {
    const spec = optionSpec(key)
    if (spec.flag === undefined || !isAllowedIn(key, 'run')) return []
    const isSwitch = spec.type === 'boolean' || 'switchValue' in spec
    const choices = 'values' in spec ? spec.values.join('|') : valueNames[spec.type]
    const value = spec.valueName ?? choices ?? 'value'
    return [
      {
        name: spec.flag,
        summary: spec.summary,
        ...(isSwitch ? {} : { value }),
        ...(spec.type === 'names' ? { multiple: true } : {}),
      },
    ]
  })
}

/** `--config` and `--set`, for commands that take every option. */
export const configFlags: readonly FlagSpec[] = [
  {
    name: 'config',
    value: 'file',
    summary: 'A config file instead of millrace.config.ts or .yaml.',
  },
  {
    name: 'set',
    value: 'key=value',
    multiple: true,
    summary: 'Any option, by its key; see `millrace config`.',
  },
]
