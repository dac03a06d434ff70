/** Runs a seed, and every fiftieth twice: two runs of a seed must have the same history. */
import { simulatedBackends } from '../backends.ts'
import { runSeed } from '../run-seed.ts'
import { type SeedResult, resultOf } from './seed-result.ts'

export const TWICE_EVERY = 50

export async function runAndCheck(seed: number): Promise<SeedResult> {
  const result = resultOf(await runSeed({ seed, ...simulatedBackends }))
  if (result.failure !== undefined || seed % TWICE_EVERY !== 0) return result
  const again = await runSeed({ seed, ...simulatedBackends })
  if (again.traceHash === result.traceHash) return result
  return { ...result, failure: 'it is not deterministic: its two runs differ' }
}
