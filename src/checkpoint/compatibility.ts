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
  requireFitting(link, compareWithCheckpoint(link, plan, options))
}

/** The same, of what has been compared already. */
export function requireFitting(
  link: Pick<PlannedCheckpoint, 'checkpointId' | 'jobName'>,
  findings: readonly Finding[],
): void {
  const refusals = refusalsOf(findings)
  if (refusals.length === 0) return
  const { checkpointId, jobName } = link
  const lines = refusals.map(({ why = '' }) => `\n  - ${why}`).join('')
  throw new MillraceError(
    'CHECKPOINT_INCOMPATIBLE',
    `checkpoint ${checkpointId} of job "${jobName}" does not fit the job as it is now:${lines}\n`,
    {
      cure: cureOf(refusals),
      details: { checkpointId, differences: refusals.length },
    },
  )
}

function cureOf(refusals: readonly Finding[]): string {
  const drops = dropsOf(refusals)
  const ways = ['undo these changes', 'say under `renamed` what has another name now']
  if (drops.length > 0) ways.push(`give up what is named by --drop ${drops.join(',')}`)
  if (refusals.some(({ what }) => what === 'maxParallelism')) {
    ways.push('or keep maxParallelism, or rewrite the state with `millrace checkpoint convert`')
  }
  return `${ways.join(', ')}, or start without any state with --fresh`
}

/** What would have to be named among the drops for the job to start. */
export function dropsOf(refusals: readonly Finding[]): readonly string[] {
  return [...new Set(refusals.flatMap(({ drop = [] }) => drop))]
}

/** What keeps a job from going on. */
export function refusalsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ verdict }) => verdict === 'lost' || verdict === 'incompatible')
}
