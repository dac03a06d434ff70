/**
 * A process that stands by: it looks at the marks of the lease and at the chain, says that it is
 * there, keeps the newest checkpoint at hand, and says when it is time to lead. On the leader's own
 * machine it also sees the leader's process end. What it decides is in `checkpoint/lease.ts`.
 */
import { ChainFollower } from '../checkpoint/chain-follower.ts'
import {
  type ChainSight,
  decideStandby,
  leaderOf,
  look,
  NOTHING_SEEN,
  type StandbyStep,
  type TakeoverReason,
} from '../checkpoint/lease.ts'
import {
  encodeContent,
  LEASES_PREFIX,
  type LeaderMark,
  type LeaseEnd,
  markName,
  type ProcessFacts,
  readMark,
  type StandbyMark,
} from '../checkpoint/lease-marks.ts'
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { FolderOwner, Host } from './host.ts'

export interface StandbyOptions {
  readonly host: Host
  readonly store: BlobStore
  readonly logger: Logger
  readonly directory: string
  readonly jobName: string
  /** Of this process's claims, marks and pins. */
  readonly id: string
  readonly leaseMs: number
  /** Throws if the job as it is here could not go on from this checkpoint. */
  requireFitting(link: CheckpointLink): void
}

/** Time to lead, or not any more. */
export type StandbyEnd =
  | {
      readonly kind: 'lead'
      readonly why: TakeoverReason
      /** The newest link that was seen: it must still be the newest when the fence is put. */
      readonly headSequence: number
      /** The claim of the former leader; its process may live. */
      readonly formerLeader: string | undefined
      /** The leader had been told to stop; what is left is to commit its output. */
      readonly stops: boolean
    }
  | {
      readonly kind: 'end'
      readonly how: Exclude<LeaseEnd, 'released'>
      readonly reason: string | undefined
    }
  | { readonly kind: 'aborted' }

/** Who leads, as a standby knows it. */
export interface LeaderFacts extends ProcessFacts {
  readonly leaderEpoch: number
}

export class Standby {
  readonly #options: StandbyOptions
  readonly #follower: ChainFollower
  /** Patience counts from here. */
  #sinceMs: number
  #view = NOTHING_SEEN
  #chain: ChainSight | undefined
  #owner: FolderOwner | undefined
  /** That owner lived at some look. */
  #wasSeen = false
  #own: StandbyMark | undefined
  #saidAtMs = 0
  #hasFollowed = false
  #warming: Promise<void> = Promise.resolve()
  #isWarming = false
  #leader: { readonly holder: string; readonly facts: LeaderFacts } | undefined

  constructor(options: StandbyOptions) {
    const { host, id } = options
    this.#options = options
    this.#follower = new ChainFollower(id, { ...options, clock: host.clock })
    this.#sinceMs = host.clock.monotonic()
  }

  get leader(): LeaderFacts | undefined {
    return this.#leader?.facts
  }

  /** The link that is followed; 0: none yet. */
  get sequence(): number {
    return this.#follower.newest?.sequence ?? 0
  }

  /**
   * Waits for the time to lead; may be called again when that failed. Storage that does not answer
   * is asked again: who cannot read the chain cannot lead either.
   *
   * @param onStandby called when everybody can see that it waits
   * @throws `CHECKPOINT_INCOMPATIBLE` if the job does not fit the state when it begins to follow.
   */
  async wait(signal: AbortSignal, onStandby: () => void): Promise<StandbyEnd> {
    const { host, logger, leaseMs } = this.#options
    let isSaid = false
    while (!signal.aborted) {
      let untilMs = host.clock.monotonic() + leaseMs / 6
      try {
        const step = await this.#look(signal)
        if (!isSaid) onStandby()
        isSaid = true
        if (step.kind === 'end') return await this.#ended(step.how)
        if (step.kind === 'lead') return this.#takeover(step.why)
        untilMs = step.untilMs
      } catch (error) {
        if (this.#own === undefined) throw error
        logger.warn({ err: error }, 'the leader could not be followed; tried again')
      }
      await this.#sleep(untilMs - host.clock.monotonic(), signal)
    }
    return { kind: 'aborted' }
  }

  /** It was not to lead after all: somebody was faster, or the leader lives. */
  standBack(): void {
    this.#sinceMs = this.#options.host.clock.monotonic()
    this.#hasFollowed = true
    this.#forgetOwner()
  }

  #forgetOwner(): void {
    this.#owner?.close()
    this.#owner = undefined
    this.#wasSeen = false
  }

  /** Takes its mark and its pin back. */
  async close(): Promise<void> {
    this.#owner?.close()
    await this.#warming
    await this.#follower.close()
    const { store } = this.#options
    if (this.#own !== undefined) await store.delete(markName(this.#own)).catch(() => undefined)
  }

  async #look(signal: AbortSignal): Promise<StandbyStep> {
    const { host, directory, jobName } = this.#options
    this.#owner ??= await host.owner(directory, jobName)
    const before = this.#view.leader
    await this.#listen()
    const { leader } = this.#view
    const isNews = leader !== before || this.#owner?.isGone === true
    if (this.#chain === undefined || isNews) await this.#follow(signal)
    if (leader !== undefined) await this.#meet(leader.mark)
    await this.#say()
    const step = this.#decide()
    // One that is gone and did not lead: whoever has claimed the folder since is looked at next.
    if (step.kind === 'wait' && this.#owner?.isGone === true) this.#forgetOwner()
    if (step.kind !== 'lead') return step
    // Storage may have been slow since: who leads has said so meanwhile, or the chain has grown.
    await this.#listen()
    await this.#follow(signal)
    return this.#decide()
  }

  /** Looks at the marks of the lease. */
  async #listen(): Promise<void> {
    const { host, store } = this.#options
    const names = (await store.list(LEASES_PREFIX)).map(({ name }) => name)
    this.#view = look(this.#view, names, host.clock.monotonic())
  }

  #decide(): StandbyStep {
    const { host, leaseMs } = this.#options
    const nowMs = host.clock.monotonic()
    const chain = this.#chain
    if (chain === undefined) return { kind: 'wait', untilMs: nowMs }
    const view = this.#view
    const isNew = view.leader?.isOld === false || !chain.isOld
    this.#wasSeen ||= this.#owner?.isGone === false
    this.#hasFollowed ||= isNew || this.#wasSeen
    const owner =
      this.#owner === undefined
        ? undefined
        : { claim: this.#owner.claim, isGone: this.#owner.isGone, wasSeen: this.#wasSeen }
    const [beganAtMs, hasFollowed] = [this.#sinceMs, this.#hasFollowed]
    return decideStandby({ view, chain, leaseMs, beganAtMs, hasFollowed, owner }, nowMs)
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options
    const before = this.#follower.newest
    this.#chain = await this.#follower.look()
    const { newest } = this.#follower
    if (newest === undefined || newest.sequence === before?.sequence) return
    try {
      this.#options.requireFitting(newest)
    } catch (error) {
      // Refused where the user sees it; later the leader may have been given other code.
      if (this.#own === undefined) throw error
      logger.error({ err: error, checkpoint: newest.checkpointId }, 'the job fits no longer')
    }
    if (this.#isWarming) return
    this.#isWarming = true
    this.#warming = this.#follower.warm(signal).finally(() => (this.#isWarming = false))
  }

  /** Says that it is there: when it has news, and once per lease. */
  async #say(): Promise<void> {
    const { host, store, id, leaseMs } = this.#options
    const { sequence } = this
    const nowMs = host.clock.monotonic()
    const former = this.#own
    if (former?.sequence === sequence && nowMs - this.#saidAtMs < leaseMs) return
    const renewal = (former?.renewal ?? 0) + 1
    const mark: StandbyMark = { kind: 'standby', holder: id, renewal, sequence }
    await store.putIfAbsent(markName(mark), encodeContent(host.process))
    this.#own = mark
    this.#saidAtMs = nowMs
    if (former !== undefined) await store.delete(markName(former))
  }

  /** Learns who leads. */
  async #meet(mark: LeaderMark): Promise<void> {
    const { holder, leaderEpoch } = mark
    const known = this.#leader
    if (known?.holder === holder && known.facts.leaderEpoch === leaderEpoch) return
    const content = await readMark(this.#options.store, mark).catch(() => undefined)
    if (content === undefined) return
    this.#leader = { holder, facts: { host: content.host, pid: content.pid, leaderEpoch } }
  }

  async #ended(how: Exclude<LeaseEnd, 'released'>): Promise<StandbyEnd> {
    const mark = this.#view.leader?.mark
    const read = mark === undefined ? undefined : readMark(this.#options.store, mark)
    const content = await read?.catch(() => undefined)
    return { kind: 'end', how, reason: content?.reason }
  }

  #takeover(why: TakeoverReason): StandbyEnd {
    const { newest, headSequence } = this.#follower
    const isStopped = newest?.purpose === 'stop' && newest.sequence === headSequence
    const stops = isStopped && this.#hasFollowed && why !== 'released'
    const known = this.#chain === undefined ? undefined : leaderOf(this.#view, this.#chain)
    const formerLeader = known ?? this.#owner?.claim
    return { kind: 'lead', why, headSequence, formerLeader, stops }
  }

  /** Until then, or until the owner of the folder is gone. */
  async #sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    const wake = (): void => woken.abort()
    signal.addEventListener('abort', wake)
    if (signal.aborted) wake()
    const owner = this.#owner
    if (owner?.isGone === false) void owner.gone.then(wake)
    await this.#options.host.clock.sleep(Math.max(0, delayMs), woken.signal)
    signal.removeEventListener('abort', wake)
  }
}
