/** Which states a command is about: those of `--state`, or all. */
import { MillraceError } from '../errors.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import { nearestName } from '../util/nearest.ts'

/** Throws `STATE_UNKNOWN` for a name that the operator does not have. */
export function chosenStates(
  { uid, states }: OperatorRecord,
  wanted: readonly string[],
): readonly string[] {
  const names = states.map((state) => state.name)
  for (const name of wanted) {
    if (names.includes(name)) continue
    const near = nearestName(name, names)
    throw new MillraceError('STATE_UNKNOWN', `"${uid}" has no state "${name}"`, {
      cure: near === undefined ? `its states are: ${names.join(', ')}` : `did you mean ${near}?`,
    })
  }
  return wanted.length === 0 ? names : wanted
}
