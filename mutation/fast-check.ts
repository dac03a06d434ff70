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

function assert<Values>(
  property: real.IRawProperty<Values>,
  parameters?: real.Parameters<Values> & Limits,
): unknown {
  const numRuns = Math.min(parameters?.numRuns ?? 100, runsMax)
  const limited = { seed: 20_261_121, ...parameters, numRuns, endOnFailure: true }
  return real.assert(property, limited)
}

export default { ...real, assert }
