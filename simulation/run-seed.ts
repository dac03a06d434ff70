/** One seed from its number to its report. */
import { Scenario } from './scenario.ts'
import { Violation } from './scheduler.ts'
import type { SeedOptions, SeedReport } from './seed.ts'

/** Runs one seed from beginning to end. Never throws for what the engine does. */
export async function runSeed(options: SeedOptions): Promise<SeedReport> {
  const scenario = new Scenario(options)
  let violation: Error | undefined
  try {
    await scenario.run()
  } catch (error) {
    violation = error instanceof Error ? error : new Violation(String(error))
  }
  return { ...scenario.report(), violation }
}
