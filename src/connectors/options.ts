/**
 * Checks of the options that users give to connectors, made once when the connector is declared:
 * a wrong name or value is a coded error there, never a surprise while records flow.
 */
import { MillraceError } from '../errors.ts'
import { nearestName } from '../util/nearest.ts'

/** Throws `CONFIG_INVALID` unless `options` is an object, `CONFIG_UNKNOWN_OPTION` for strangers. */
export function checkOptions(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new MillraceError('CONFIG_INVALID', `${what} takes an object of options`, {
      cure: `its options are: ${known.join(', ')}`,
    })
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const nearest = nearestName(name, known)
    throw new MillraceError('CONFIG_UNKNOWN_OPTION', `${what} has no option "${name}"`, {
      cure:
        nearest === undefined
          ? `its options are: ${known.join(', ')}`
          : `did you mean "${nearest}"? Its options are: ${known.join(', ')}`,
      details: { option: name },
    })
  }
}

/** The error for an option whose value cannot be used. */
export function invalidOption(
  what: string,
  option: string,
  value: unknown,
  wanted: string,
): MillraceError {
  const shown = typeof value === 'function' ? 'a function' : shownValue(value)
  return new MillraceError('CONFIG_INVALID', `${what}: ${option} is ${shown}`, {
    cure: `give ${wanted}`,
    details: { option },
  })
}

export function checkFunction(what: string, option: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidOption(what, option, value, 'a function')
}

/** A whole number in `[min, max]`, or the default if the option was left out. */
export function wholeNumber(
  what: string,
  option: string,
  value: unknown,
  limits: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  if (value === undefined) return limits.otherwise
  if (
    typeof value === 'number' &&
    Number.isSafeInteger(value) &&
    value >= limits.min &&
    value <= limits.max
  ) {
    return value
  }
  throw invalidOption(what, option, value, `a whole number from ${limits.min} to ${limits.max}`)
}

function shownValue(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  const text = JSON.stringify(value)
  return text === undefined || text.length > 100 ? `a value of type ${typeof value}` : text
}
