/** How a run of a job ended: what the caller is told, what is announced, and what standbys read. */
import type { Chain } from '../checkpoint/chain.ts'
import type { Reach } from '../checkpoint/crash-points.ts'
import { deleteGivenUp, giveUp } from '../checkpoint/give-up.ts'
import { LEASES_PREFIX, parseMarkName } from '../checkpoint/lease-marks.ts'
import { isMillraceError, MillraceError } from '../errors.ts'
import { announce } from '../metrics/events.ts'
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { AttemptOutcome } from './attempt-setup.ts'
import type { Host } from './host.ts'
import type { ConfiguredJob } from './job-setup.ts'
import type { JobProgress } from './job-status.ts'
import type { Leadership } from './leadership.ts'
import type { StoodBy } from './take-turn.ts'

/** How a run ended, if it did not fail. */
export interface JobResult {
  /** `handed-over`: another process goes on with the job. */
  readonly outcome: 'finished' | 'stopped' | 'cancelled' | 'handed-over'
  /** The checkpoint it ended with. */
  readonly checkpointId: number | undefined
  /** The job had finished before this run; only its last output was committed again. */
  readonly hadFinished: boolean
  /** This process stood by until then, and never ran the job. */
  readonly stoodBy: boolean
}

export type RunEnding = 'cancel' | 'hand-over'

export interface EndedRun {
  readonly host: Host
  readonly progress: JobProgress
  readonly configured: ConfiguredJob | undefined
  readonly leadership: Pick<Leadership, 'end' | 'leaderEpoch' | 'standbys'> | undefined
  readonly logger: Logger
  /** What the caller or the user asked for. */
  readonly ending: RunEnding | undefined
  /** A stop of this process only: the job goes on where somebody stands by. */
  readonly leaves: boolean
}

/** @throws `LEADER_FAILED` for a standby whose leader ended by an error that it would meet too. */
export async function resultOf(
  outcome: Exclude<AttemptOutcome, { how: 'failed' }> | StoodBy,
  run: EndedRun,
): Promise<JobResult> {
  const { progress, leadership, logger, ending } = run
  const nothing = { checkpointId: undefined, hadFinished: false, stoodBy: false }
  const job = progress.jobName
  if (outcome.how === 'stood-by') {
    const how = howItEnded(outcome, ending)
    progress.state = how
    return { ...nothing, outcome: how, stoodBy: true }
  }
  if (outcome.how === 'cancelled') {
    const isHandedOver = ending === 'hand-over'
    const how = isHandedOver ? 'handed-over' : 'cancelled'
    progress.state = how
    await leadership?.end(isHandedOver ? 'released' : 'cancelled')
    announce(logger, `millrace:job:${how}`, { job })
    if (!isHandedOver) await deleteIfAsked(run)
    return { ...nothing, outcome: how }
  }
  const { how, checkpointId } = outcome
  progress.state = how
  await leadership?.end(how === 'stopped' && run.leaves ? 'released' : how)
  announce(logger, `millrace:job:${how}`, { job, checkpoint: checkpointId })
  return { outcome: how, checkpointId, hadFinished: progress.hadFinished, stoodBy: false }
}

/** The job has ended elsewhere, or this process was told to end. */
function howItEnded(
  { end }: StoodBy,
  ending: RunEnding | undefined,
): 'finished' | 'stopped' | 'cancelled' {
  if (end.kind === 'aborted') return ending === 'cancel' ? 'cancelled' : 'stopped'
  if (end.how !== 'failed') return end.how
  throw new MillraceError('LEADER_FAILED', `the leader ended: ${end.reason ?? 'unknown'}`)
}

const LEFT = 'what is left of the checkpoints is deleted by the next run or `checkpoint gc`'

/**
 * `onCancel: 'delete'`: the job gives its checkpoints up. A leader that has a successor does not:
 * the state is not its own any more. Marks stay while somebody stands by, who has yet to read that
 * the job was cancelled.
 */
async function deleteIfAsked(run: EndedRun): Promise<void> {
  const { configured, leadership, host, logger, progress } = run
  const { leaderEpoch = 0, standbys = [] } = leadership ?? {}
  if (configured?.resolved.values['checkpointing.onCancel'] !== 'delete' || leaderEpoch === 0)
    return
  const { store, id: leader } = configured
  const reach: Reach = (point) => host.at(point)
  const nowMs = host.clock.now()
  const { jobName } = progress
  let chain: Chain
  try {
    const request = { jobName, leader, leaderEpoch, lineage: host.random.id(), nowMs }
    chain = await giveUp(store, request, reach)
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'LEADERSHIP_LOST') throw error
    return logger.warn({ err: error }, 'no checkpoint was deleted: another process leads the job')
  }
  try {
    const { damaged } = await deleteGivenUp(store, chain, { nowMs, standbys }, reach)
    if (damaged.length > 0) logger.warn({}, `somebody reads a checkpoint: ${LEFT}`)
    if (standbys.length === 0) await deleteMarks(store, chain.head.leaderEpoch)
    const copies = await configured.openCopies()
    for (const { name } of await copies.list('')) await copies.delete(name)
    await copies.close()
  } catch (error) {
    logger.warn({ err: error }, `not all could be deleted: ${LEFT}`)
  }
}

async function deleteMarks(store: BlobStore, leaderEpoch: number): Promise<void> {
  for (const { name } of await store.list(LEASES_PREFIX)) {
    const mark = parseMarkName(name)
    // Whoever leads already has marks of its own.
    if (mark?.kind === 'leader' && mark.leaderEpoch > leaderEpoch) continue
    if (mark !== undefined) await store.delete(name)
  }
}
