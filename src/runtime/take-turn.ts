/**
 * From standing by to leading: waits for the turn of this process, and takes the lead. A standby
 * that somebody else was faster than goes on standing by.
 */
import { type Lead, type LeadRequest, takeLead } from './lead.ts'
import { type ConfiguredJob, startOf } from './job-setup.ts'
import type { Leadership } from './leadership.ts'
import type { StandbyEnd } from './standby.ts'
import type { Planned } from './worker-set.ts'

type LeadWish = Omit<LeadRequest, 'formerEpoch' | 'expectedHead'>

/** The job has ended, or this process was told to end, before it was its turn to lead. */
export interface StoodBy {
  readonly how: 'stood-by'
  readonly end: Exclude<StandbyEnd, { kind: 'lead' }>
}

export interface TurnRequest {
  readonly leadership: Leadership
  /** False: it leads at once, whoever led before. */
  readonly standsBy: boolean
  readonly lead: LeadWish
  /** This process is to end. */
  readonly abort: AbortSignal
  /** A worker is gone; the reason says why. */
  readonly lost: AbortSignal
  /** The leader can know now that this process stands by. */
  readonly onStandby: () => void
}

export interface Taken extends Lead {
  /** The former leader had been told to stop: so does this one, when it has committed. */
  readonly stops: boolean
}

/** @throws what `takeLead` throws; why a worker was lost. */
export async function takeTurn(request: TurnRequest): Promise<Taken | StoodBy> {
  const { leadership, standsBy, lead: leadRequest, abort, lost, onStandby } = request
  for (;;) {
    const signal = AbortSignal.any([abort, lost])
    const turn = standsBy
      ? await leadership.standBy(leadRequest.plan, signal, onStandby)
      : undefined
    if (turn?.kind === 'aborted' && lost.aborted) throw lost.reason
    if (turn !== undefined && turn.kind !== 'lead') return { how: 'stood-by', end: turn }
    try {
      const lead = await takeLead({
        ...leadRequest,
        formerEpoch: leadership.leaderEpoch,
        expectedHead: turn?.headSequence,
      })
      await leadership.lead(lead.job.leaderEpoch, turn, leadersBefore(lead))
      return { ...lead, stops: turn?.stops === true }
    } catch (error) {
      if (!(await leadership.standsBack(error))) throw error
    }
  }
}

/**
 * Claims of earlier leaders, as their fences tell. The one that holds the folder need not be the
 * last of them: somebody may have put a fence, and died before the folder was its own.
 */
function leadersBefore({ chain, job }: Lead): readonly string[] {
  return chain.entries.flatMap(({ link }) => {
    if (link.kind !== 'fence' || link.leaderEpoch >= job.leaderEpoch) return []
    return link.leader === undefined ? [] : [link.leader]
  })
}

/** What an attempt of this job wants to go on from; where from is said for the first one only. */
export function leadWish(
  { resolved: { values }, store, vaults, id }: ConfiguredJob,
  { plan, params }: Planned,
  start: Pick<LeadRequest, 'host' | 'readsAll' | 'logger' | 'erasures'> & {
    readonly isFirst: boolean
  },
): LeadWish {
  const { host, readsAll, logger, erasures, isFirst } = start
  return {
    host,
    store,
    vaults,
    erasures,
    plan,
    params,
    ...startOf(values, isFirst),
    changes: { drop: values.drop, renamed: values.renamed },
    readsAll,
    leader: id,
    logger,
  }
}
