/**
 * Makes a case that failed smaller as long as it fails in the same way: a candidate that does is
 * the next case to make smaller. A case has few histories that fail, so each candidate is tried in
 * a few of them.
 */
import type { SeedReport } from '../seed.ts'
import { candidates } from './candidates.ts'
import type { Shrunk } from './shrunk.ts'

const ROLLS = 3
const CLASS_CHARS = 60

export interface ShrinkOptions {
  /** Runs the seed so much smaller; undefined if that cannot be. */
  run(shrunk: Shrunk): Promise<SeedReport | undefined>
  /** Asked before each run: whether there is time for it. */
  mayGoOn(): boolean
  /** Called for each case that is smaller and fails. */
  onSmaller?(shrunk: Shrunk, runs: number): void
}

export interface ShrunkCase {
  readonly shrunk: Shrunk
  readonly report: SeedReport
  /** How often the seed was run. */
  readonly runs: number
  /** Nothing is left that could be left away. */
  readonly isMinimal: boolean
}

export async function shrink(
  failed: SeedReport,
  begun: Shrunk,
  options: ShrinkOptions,
): Promise<ShrunkCase> {
  const wanted = violationClass(failed.violation)
  let best = { shrunk: begun, report: failed }
  let runs = 0
  const smallerThan = async ({ shrunk, report }: typeof best): Promise<typeof best | undefined> => {
    for (const candidate of candidates(shrunk, report)) {
      const { roll = 0 } = candidate
      for (let next = 0; next < ROLLS; next++) {
        if (!options.mayGoOn()) return undefined
        const rolled = next === 0 ? candidate : { ...candidate, roll: roll + next }
        const tried = await options.run(rolled)
        runs++
        if (tried === undefined) break
        if (violationClass(tried.violation) === wanted) return { shrunk: rolled, report: tried }
      }
    }
    return undefined
  }
  for (;;) {
    const next = await smallerThan(best)
    if (next === undefined) return { ...best, runs, isMinimal: options.mayGoOn() }
    best = next
    options.onSmaller?.(best.shrunk, runs)
  }
}

/** What two violations have in common that show the same bug; empty for none. */
export function violationClass(violation: Error | undefined): string {
  if (violation === undefined) return ''
  const { name, message } = violation
  const [line = ''] = message.split('\n', 1)
  const plain = line.replace(/\d+/g, '#')
  // Which sink, and what is wrong with it, changes with the workload.
  if (plain.startsWith('sink-# ')) return 'output of a sink'
  return `${name} ${plain.slice(0, CLASS_CHARS)}`
}
