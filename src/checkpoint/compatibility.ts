/**
 * Does a job fit a checkpoint? State must find its owner again, with the same kind and a type that
 * fits; nothing is ever dropped that was not named. What is compared: `comparison.ts`.
 */
import { MillraceError } from '../errors.ts'
import type { JobPlan } from '../graph/plan.ts'
import {
  type ComparisonOptions,
  compareWithCheckpoint,
  type Finding,
  type PlannedCheckpoint,
} from './comparison.ts'

/**
 * Throws `CHECKPOINT_INCOMPATIBLE`, one line per difference, if the plan cannot go on from the
 * checkpoint.
 */
export function requireCompatible(
  link: PlannedCheckpoint,
  plan: JobPlan,
  options: ComparisonOptions = {},
): void {
  const refusals = refusalsOf(compareWithCheckpoint(link, plan, options))
  if (refusals.length === 0) return
  const { checkpointId, jobName } = link
  const lines = refusals.map(({ why = '' }) => `\n  - ${why}`).join('')
  throw new MillraceError(
    'CHECKPOINT_INCOMPATIBLE',
    `checkpoint ${checkpointId} of job "${jobName}" does not fit the job as it is now:${lines}\n`,
    {
      cure: 'undo these changes, or start without the state with --fresh',
      details: { checkpointId, differences: refusals.length },
    },
  )
}

/** What keeps a job from going on. */
export function refusalsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ verdict }) => verdict === 'lost' || verdict === 'incompatible')
}
