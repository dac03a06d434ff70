/**
 * The lease as pure decisions: what an observer makes of the marks it lists, when the leader says
 * again that it leads, and when a standby tries to lead. Times are those of the observer's own
 * monotonic clock, at which it saw something change; no clock of another machine is read, and a
 * decision that is wrong costs a takeover, never the state.
 */
import {
  type LeaderMark,
  type LeaseEnd,
  type Mark,
  markName,
  parseMarkName,
} from './lease-marks.ts'
import type { StandbyMark } from './lease-marks.ts'

/** A mark, and when it was put: after `sinceMs`, the look before, and before it was seen. */
interface Seen<M> {
  readonly mark: M
  readonly sinceMs: number
  readonly seenMs: number
  /** It was there at the first look: it may be of long ago. */
  readonly isOld: boolean
}

/** What an observer knows of the marks. */
export interface LeaseView {
  /** The newest by epoch and renewal. */
  readonly leader: Seen<LeaderMark> | undefined
  /** The newest of each holder. */
  readonly standbys: readonly Seen<StandbyMark>[]
  /** All marks of the last look. */
  readonly marks: readonly Mark[]
  readonly lookedAtMs: number | undefined
  /**
   * The observer had not looked for a whole lease (it slept, or its storage did), and was back
   * then: its leader may have spoken just before, or have forgotten who stands by.
   */
  readonly lateAtMs: number | undefined
}

export const NOTHING_SEEN: LeaseView = {
  leader: undefined,
  standbys: [],
  marks: [],
  lookedAtMs: undefined,
  lateAtMs: undefined,
}

/** The leader says that it leads so many times in a lease; a standby looks twice as often. */
const RENEWALS_PER_LEASE = 3
const LOOKS_PER_LEASE = 6
/** A standby says once per lease that it is there; without it for so many leases it is gone. */
const STANDBY_LEASES = 3

/** Takes a listing of the marks into account. */
export function look(view: LeaseView, names: readonly string[], atMs: number): LeaseView {
  const marks = names.map(parseMarkName).filter((mark) => mark !== undefined)
  const isOld = view.lookedAtMs === undefined
  const sinceMs = view.lookedAtMs ?? atMs
  const seen = <M extends Mark>(mark: M, before: Seen<M> | undefined): Seen<M> =>
    before !== undefined && markName(before.mark) === markName(mark)
      ? { ...before, mark } // the mark of this look, by which it is known among `marks`
      : { mark, sinceMs, seenMs: atMs, isOld }
  let leader: LeaderMark | undefined
  const standbys = new Map<string, StandbyMark>()
  for (const mark of marks) {
    if (mark.kind === 'leader') {
      if (leader === undefined || isNewer(mark, leader)) leader = mark
    } else if (mark.renewal > (standbys.get(mark.holder)?.renewal ?? -1)) {
      standbys.set(mark.holder, mark)
    }
  }
  const before = new Map(view.standbys.map((each) => [each.mark.holder, each]))
  const patienceMs = (leader ?? view.leader?.mark)?.leaseMs ?? Number.POSITIVE_INFINITY
  return {
    leader: leader === undefined ? undefined : seen(leader, view.leader),
    standbys: [...standbys.values()].map((mark) => seen(mark, before.get(mark.holder))),
    marks,
    lookedAtMs: atMs,
    lateAtMs: atMs - sinceMs >= patienceMs ? atMs : view.lateAtMs,
  }
}

function isNewer(a: LeaderMark, b: LeaderMark): boolean {
  if (a.leaderEpoch !== b.leaderEpoch) return a.leaderEpoch > b.leaderEpoch
  return a.renewal > b.renewal
}

/** Standbys that were heard of lately, as the leader sees them. */
export function livingStandbys(
  { standbys }: LeaseView,
  leaseMs: number,
  nowMs: number,
): readonly StandbyMark[] {
  return standbys
    .filter(({ seenMs }) => nowMs - seenMs < STANDBY_LEASES * leaseMs)
    .map(({ mark }) => mark)
}

export interface Leading {
  readonly holder: string
  readonly leaderEpoch: number
  readonly leaseMs: number
}

export interface LeaderStep {
  /** Another process has the lead: nothing more is said. */
  readonly isSuperseded: boolean
  /** Whether to say again that this process leads. */
  readonly renews: boolean
  /** Marks that mean nothing any more. */
  readonly deletable: readonly Mark[]
  /** When to look again. */
  readonly nextMs: number
}

/**
 * After a look of the leader's. Without a standby nobody reads what it would say, so it only looks,
 * once per lease; but a mark of another leader is answered, for its writer may only be asleep. A
 * mark of a later epoch that was there at the first look is left over from a chain that somebody
 * has deleted. A leader that has really come later says so again.
 */
export function decideLeader(view: LeaseView, self: Leading, nowMs: number): LeaderStep {
  const { holder, leaderEpoch, leaseMs } = self
  const newest = view.leader?.mark
  const isLater = newest !== undefined && newest.leaderEpoch > leaderEpoch
  if (isLater && newest.holder !== holder && view.leader?.isOld === false) {
    return { isSuperseded: true, renews: false, deletable: [], nextMs: nowMs + leaseMs }
  }
  const living = livingStandbys(view, leaseMs, nowMs)
  const isAnswer = newest !== undefined && newest.holder !== holder
  const everyMs = living.length > 0 ? leaseMs / RENEWALS_PER_LEASE : leaseMs
  const kept = new Set<Mark>(living)
  return {
    isSuperseded: false,
    renews: living.length > 0 || isAnswer,
    deletable: view.marks.filter((mark) => !kept.has(mark) && mark !== ownNewest(view, holder)),
    nextMs: nowMs + everyMs,
  }
}

function ownNewest({ leader }: LeaseView, holder: string): Mark | undefined {
  return leader?.mark.holder === holder ? leader.mark : undefined
}

/** What a standby knows of the chain. */
export interface ChainSight {
  /** Of the newest fence; 0: nobody has ever led. */
  readonly leaderEpoch: number
  /** Who wrote that fence, if it is still there and says so. */
  readonly leader: string | undefined
  /** The newest link ends the job: a last checkpoint, or there is no link at all. */
  readonly hasEnded: boolean
  /** It ends so because the job was cancelled and gave its checkpoints up. */
  readonly isGivenUp: boolean
  /** It was like this at the first look: it may be of long ago. */
  readonly isOld: boolean
  /** Since when it is as it is, at the earliest. */
  readonly sinceMs: number
}

export interface StandbyState {
  readonly view: LeaseView
  readonly chain: ChainSight
  /** Its own option; the leader's counts as soon as the leader has said it. */
  readonly leaseMs: number
  readonly beganAtMs: number
  /** Somebody has led since it began. */
  readonly hasFollowed: boolean
  /** Who has claimed the job's folder on this machine. */
  readonly owner:
    { readonly claim: string; readonly isGone: boolean; readonly wasSeen: boolean } | undefined
}

export type StandbyStep =
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'lead'; readonly why: TakeoverReason }
  | { readonly kind: 'end'; readonly how: Exclude<LeaseEnd, 'released'> }

export type TakeoverReason = 'nobody leads' | 'released' | 'process gone' | 'lease ended'

/** What a standby does now. */
export function decideStandby(state: StandbyState, nowMs: number): StandbyStep {
  const { view, chain, owner, hasFollowed, beganAtMs } = state
  const { leader } = view
  // Its mark may have gone with the checkpoints, or be older than the fence that gives them up.
  if (chain.isGivenUp && !chain.isOld) return { kind: 'end', how: 'cancelled' }
  if (leader !== undefined && leader.mark.leaderEpoch >= chain.leaderEpoch) {
    const how = leader.mark.state
    if (how === 'released') return { kind: 'lead', why: 'released' }
    if (how !== 'held') {
      return leader.isOld ? { kind: 'lead', why: 'nobody leads' } : { kind: 'end', how }
    }
  }
  if (owner?.isGone === true) {
    // Where nobody has said who leads, it is who was seen to run the job here.
    const leads = leaderOf(view, chain) ?? (owner.wasSeen ? owner.claim : undefined)
    if (leads === owner.claim) return { kind: 'lead', why: 'process gone' }
  }
  if (owner?.isGone !== false && chain.hasEnded && !hasFollowed) {
    return { kind: 'lead', why: 'nobody leads' }
  }
  const sinceMs = Math.max(beganAtMs, view.lateAtMs ?? beganAtMs)
  const signMs = Math.max(sinceMs, chain.sinceMs, leader?.sinceMs ?? sinceMs)
  const endsMs = signMs + patienceMs(state)
  if (nowMs >= endsMs) return { kind: 'lead', why: 'lease ended' }
  return { kind: 'wait', untilMs: Math.min(endsMs, nowMs + lookEveryMs(state)) }
}

/** The claim of who leads, as far as that is known. */
export function leaderOf({ leader }: LeaseView, chain: ChainSight): string | undefined {
  const isOfNow = leader !== undefined && leader.mark.leaderEpoch >= chain.leaderEpoch
  return isOfNow ? leader.mark.holder : chain.leader
}

/** A leader that knows of no standby looks once per lease only, and then begins to renew. */
function patienceMs({ view: { leader, lateAtMs = -1 }, leaseMs }: StandbyState): number {
  if (leader === undefined) return 2 * leaseMs
  const isOld = leader.isOld || leader.seenMs <= lateAtMs
  return isOld ? 2 * Math.max(leaseMs, leader.mark.leaseMs) : leader.mark.leaseMs
}

function lookEveryMs({ view: { leader }, leaseMs }: StandbyState): number {
  return (leader?.mark.leaseMs ?? leaseMs) / LOOKS_PER_LEASE
}
