/**
 * What the world has seen already, and whether going on from another checkpoint would write it
 * again or leave it missing. Sinks that are exactly-once say in the plan whether they can take back
 * what is visible; for the others a person must decide. At-least-once sinks promise nothing that
 * going back could break.
 */
import { MillraceError } from '../errors.ts'
import type { JobPlan, PlanNode } from '../graph/plan.ts'
import { lineOf } from './line.ts'
import type { CheckpointLink, ManifestLink } from './manifest.ts'

/** Throws if output of the checkpoints that are passed over may be visible and would come again. */
export function requireNewerOutput(
  chosen: CheckpointLink,
  newer: readonly CheckpointLink[],
  hidden: boolean,
  formerNames: readonly string[],
): void {
  refuseSinks(
    `output newer than checkpoint ${chosen.checkpointId} may be visible, and going back to it`,
    chosen,
    [
      ...newer.flatMap(({ plan }) => exactSinks(plan, (sink) => sink.canWithdraw !== true)),
      // What no link names any more cannot be handed to a sink to be withdrawn.
      ...(hidden ? sinksThatFindNothing(chosen.plan, formerNames) : []),
    ],
  )
}

/**
 * Throws `OUTPUT_MAY_REPEAT` if a job that has output of its own is to go on from a foreign
 * snapshot, unless duplicates are accepted. A savepoint of the job itself is a point of its past:
 * what came later is taken back where sinks can. Of any other nobody knows what it will repeat.
 *
 * @param line the checkpoints that the job stands on now.
 */
export function requireForeignOutput(
  foreign: CheckpointLink,
  line: readonly CheckpointLink[],
  { acceptDuplicates }: { readonly acceptDuplicates: boolean },
): void {
  if (acceptDuplicates) return
  const isPast = (link: CheckpointLink): boolean => link.lineage === foreign.lineage
  const newer = line.filter((link) => !isPast(link) || link.checkpointId > foreign.checkpointId)
  refuseSinks(
    'the job has output that may be visible, and going on from another snapshot',
    foreign,
    newer.flatMap((link) =>
      exactSinks(link.plan, (sink) => !(isPast(link) && sink.canWithdraw === true)),
    ),
  )
}

/**
 * Throws unless going on from `chosen`, which the job has left behind by a rollback or a fresh
 * start, neither repeats output nor loses it: what came after the point that a job went back to has
 * been taken back where sinks can.
 *
 * @param links the whole chain, oldest first.
 * @throws `OUTPUT_TAKEN_BACK`; `OUTPUT_MAY_REPEAT` unless duplicates are accepted.
 */
export function requireOutputOf(
  chosen: CheckpointLink,
  links: readonly ManifestLink[],
  { acceptDuplicates }: { readonly acceptDuplicates: boolean },
): void {
  const { plan, checkpointId, lineage } = chosen
  const lost = exactSinks(plan, (sink) => sink.canWithdraw === true)
  if (lost.length > 0 && wasTakenBack(chosen, links)) {
    const message =
      `checkpoint ${checkpointId} was left behind, and what the job had written up to it was ` +
      `taken back: going on from it, that would be missing from ${lost.join(', ')}`
    throw new MillraceError('OUTPUT_TAKEN_BACK', message, { details: { checkpointId } })
  }
  if (acceptDuplicates) return
  const forerunners = lineOf(links.filter((link) => link.sequence <= chosen.sequence))
  const known = new Set(forerunners.map((link) => link.sequence))
  const others = lineOf(links).filter((link) => !known.has(link.sequence))
  refuseSinks(
    `the job has output that may be visible, and going on from checkpoint ${checkpointId}`,
    chosen,
    // Only output of one lineage is taken back.
    others.flatMap((link) =>
      exactSinks(link.plan, (sink) => !(link.lineage === lineage && sink.canWithdraw === true)),
    ),
  )
}

/** Whether the same lineage went on from an older point: it took back what came after that. */
function wasTakenBack(chosen: CheckpointLink, links: readonly ManifestLink[]): boolean {
  return links.some(
    (link) =>
      link.kind === 'fence' &&
      link.sequence > chosen.sequence &&
      link.restores < chosen.sequence &&
      link.lineage === chosen.lineage,
  )
}

/** Exactly-once sinks that cannot find by themselves what they wrote after a checkpoint. */
export function sinksThatFindNothing(
  plan: JobPlan,
  formerNames: readonly string[],
): readonly string[] {
  return exactSinks(plan, ({ findsNewerOutput, uid = '' }) => {
    return findsNewerOutput !== true || formerNames.includes(uid)
  })
}

function refuseSinks(why: string, chosen: CheckpointLink, sinks: readonly string[]): void {
  if (sinks.length === 0) return
  const message = `${why} would write that output again: ${[...new Set(sinks)].join(', ')}`
  throw new MillraceError('OUTPUT_MAY_REPEAT', message, {
    details: { checkpointId: chosen.checkpointId },
  })
}

/** Names of the exactly-once sinks that are like this. */
function exactSinks(plan: JobPlan, isLike: (sink: PlanNode) => boolean): readonly string[] {
  return plan.nodes
    .filter((node) => node.kind === 'sink' && node.guarantee === 'exactly-once' && isLike(node))
    .map((node) => `"${node.uid ?? node.label}"`)
}
