/** Runs a seed, and every fiftieth twice: two runs of a seed must have the same history. */
import { simulatedBackends } from '../backends.ts'
import { runSeed } from '../run-seed.ts'
import { type SeedResult, resultOf } from './seed-result.ts'

export const TWICE_EVERY = 50
const STACK_LINES = 10

export async function runAndCheck(seed: number): Promise<SeedResult> {
  // Most errors are injected, and nobody reads their stacks; they take longer than the errors.
  const result = await runWithStacks(seed, 0)
  const hasFailed = result.failure !== undefined
  if (!hasFailed && seed % TWICE_EVERY !== 0) return result
  const again = await runWithStacks(seed, hasFailed ? STACK_LINES : 0)
  if (again.traceHash === result.traceHash) return again
  const first = hasFailed ? `; the first: ${result.failure}` : ''
  return { ...result, failure: `it is not deterministic: its two runs differ${first}` }
}

async function runWithStacks(seed: number, lines: number): Promise<SeedResult> {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = lines
  try {
    return resultOf(await runSeed({ seed, ...simulatedBackends }))
  } finally {
    Error.stackTraceLimit = before
  }
}
