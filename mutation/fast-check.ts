// What the tests get for fast-check inside the mutation runner: the same inputs each time, fewer
// runs, and no search for the smallest failing input, which nobody reads here.
import real from 'fast-check'

let runsMax = Number.POSITIVE_INFINITY

export function limitRuns(max: number): void {
  runsMax = max
}

interface Limits {
  readonly numRuns?: number
}

function limited<Values>(
  parameters: (real.Parameters<Values> & Limits) | undefined,
): real.Parameters<Values> {
  const numRuns = Math.min(parameters?.numRuns ?? 100, runsMax)
  return { seed: 20_261_121, ...parameters, numRuns, endOnFailure: true }
}

const assert = <Values>(
  property: real.IRawProperty<Values>,
  parameters?: real.Parameters<Values>,
): unknown => real.assert(property, limited(parameters))

const check = <Values>(
  property: real.IRawProperty<Values>,
  parameters?: real.Parameters<Values>,
): unknown => real.check(property, limited(parameters))

export default { ...real, assert, check }
