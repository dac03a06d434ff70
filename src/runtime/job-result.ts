/** How a run of a job ended: what the caller is told, what is announced, and what standbys read. */
import { readChain } from '../checkpoint/chain.ts'
import { LEASES_PREFIX } from '../checkpoint/lease-marks.ts'
import { MillraceError } from '../errors.ts'
import { announce } from '../metrics/events.ts'
import type { Logger } from '../metrics/log.ts'
import type { AttemptOutcome } from './attempt-setup.ts'
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
  readonly progress: JobProgress
  readonly configured: ConfiguredJob | undefined
  readonly leadership: Leadership | undefined
  readonly logger: Logger
  /** What the caller or the user asked for. */
  readonly ending: RunEnding | undefined
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
    if (!isHandedOver) await deleteIfAsked(run.configured, leadership)
    return { ...nothing, outcome: how }
  }
  const { how, checkpointId } = outcome
  progress.state = how
  await leadership?.end(how)
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

/**
 * `onCancel: 'delete'`: manifests first, so that a half deleted job is an empty one. A leader that
 * has a successor deletes nothing: the state is not its own any more.
 * Marks stay while somebody stands by, who has yet to read that the job was cancelled.
 */
async function deleteIfAsked(
  configured: ConfiguredJob | undefined,
  leadership: Leadership | undefined,
): Promise<void> {
  if (configured?.resolved.values['checkpointing.onCancel'] !== 'delete') return
  const { store } = configured
  const { leaderEpoch = 0, hasStandbys = false } = leadership ?? {}
  if ((await readChain(store)).head.leaderEpoch > leaderEpoch) return
  const all = (await store.list('')).map((blob) => blob.name)
  const names = all.filter((name) => !hasStandbys || !name.startsWith(LEASES_PREFIX))
  const links = names.filter((name) => name.startsWith('chain/'))
  for (const name of [...links, ...names]) await store.delete(name)
  const copies = await configured.openCopies()
  for (const { name } of await copies.list('')) await copies.delete(name)
  await copies.close()
}
