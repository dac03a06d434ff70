/**
 * Who leads the job, from where this process stands: it claims the folder, stands by if it was
 * asked to, holds the lease while it leads, and says how it ended. One object for the whole run of
 * a job, over all its attempts.
 */
import { join } from 'node:path'
import { adaptCheckpoint, type CodeChanges } from '../checkpoint/adapt.ts'
import { requireFitting } from '../checkpoint/compatibility.ts'
import { LeaseKeeper } from '../checkpoint/lease-keeper.ts'
import type { LeaseEnd } from '../checkpoint/lease-marks.ts'
import { errorToData, isMillraceError, messageOf, MillraceError } from '../errors.ts'
import type { JobPlan } from '../graph/plan.ts'
import { announce } from '../metrics/events.ts'
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { httpControl, type HttpControl } from './control/http-options.ts'
import type { ControlHandler, Host, JobClaim } from './host.ts'
import type { ConfiguredJob } from './job-setup.ts'
import type { LeadershipStatus } from './job-status.ts'
import { Standby, type StandbyEnd } from './standby.ts'

type Turn = Extract<StandbyEnd, { kind: 'lead' }>

export interface LeadershipWorld {
  readonly host: Host
  readonly logger: Logger
  readonly jobName: string
  readonly control: ControlHandler
  /** Another process leads: whatever runs here is to end. */
  onSuperseded(error: MillraceError): void
}

interface Options extends LeadershipWorld {
  readonly store: BlobStore
  readonly directory: string
  /** Of this process's claim, marks, pins and fences. */
  readonly id: string
  readonly leaseMs: number
  readonly changes: CodeChanges
  readonly http: HttpControl | undefined
  readonly auditBytes: number
}

export class Leadership {
  readonly #options: Options
  readonly #keeper: LeaseKeeper
  #claim: JobClaim | undefined
  #standby: Standby | undefined
  #isLeading = false
  #leaderEpoch = 0
  readonly #closing: Promise<void>[] = []

  constructor({ resolved, paths, store, id }: ConfiguredJob, world: LeadershipWorld) {
    const { values } = resolved
    const { host, logger, jobName } = world
    const leaseMs = values['highAvailability.lease']
    const changes = { drop: values.drop, renamed: values.renamed }
    const savepoints = join(paths.job, 'savepoints')
    const http = httpControl(resolved, savepoints, (place) => host.absoluteLocation(place))
    const auditBytes = values['control.auditSize']
    const { directory } = paths
    this.#options = { ...world, store, directory, id, leaseMs, changes, http, auditBytes }
    this.#keeper = new LeaseKeeper(
      { holder: id, leaseMs, process: host.process },
      {
        store,
        clock: host.clock,
        logger,
        onSuperseded() {
          const message = `${store.location}: another process has taken over job ${jobName}`
          world.onSuperseded(new MillraceError('LEADERSHIP_LOST', message))
        },
      },
    )
  }

  /** Of the newest lead that this process has had; 0: none. */
  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  /** Who stood by at the last look: their claims. */
  get standbys(): readonly string[] {
    return this.#keeper.standbys.map(({ id }) => id)
  }

  /** Looks now who stands by. Throws `STANDBY_MISSING` if nobody does. */
  async requireStandbys(): Promise<void> {
    await this.#keeper.refresh()
    if (this.standbys.length > 0) return
    const message = `nobody stands by for ${this.#options.jobName}`
    throw new MillraceError('STANDBY_MISSING', message)
  }

  get status(): LeadershipStatus {
    const { host, id, leaseMs } = this.#options
    const self = { id, ...host.process }
    const standbys = this.#keeper.standbys
    if (this.#isLeading || this.#standby === undefined) {
      return { role: 'leader', self, leaseMs, leaderEpoch: this.#leaderEpoch, standbys }
    }
    const { leader, sequence } = this.#standby
    return { role: 'standby', self, leaseMs, leader, follows: sequence }
  }

  /**
   * Claims the job's folder.
   *
   * @param lapsed claims of former leaders, which may be there still but lead no more
   * @throws `JOB_OWNED`
   */
  async claim(lapsed: readonly string[] = [], isTakeover = false): Promise<void> {
    const { host, directory, jobName, id, store, control, logger, http, auditBytes } = this.#options
    this.#claim = await host.claim({
      directory,
      jobName,
      id,
      lapsed,
      http,
      auditBytes,
      isTakeover,
      warn: (error) => logger.warn({ err: error }, messageOf(error)),
      onHttp: (url) => announce(logger, 'millrace:control:open', { job: jobName, url }),
    })
    this.#claim.serve(control)
    await store.cleanTemporary?.()
  }

  /** Waits until it is time to lead. Throws `CHECKPOINT_INCOMPATIBLE` if the job does not fit. */
  async standBy(plan: JobPlan, signal: AbortSignal, onStandby: () => void): Promise<StandbyEnd> {
    const { changes } = this.#options
    this.#standby ??= new Standby({
      ...this.#options,
      requireFitting(link) {
        requireFitting(link, adaptCheckpoint(link, plan, changes).findings)
      },
    })
    return this.#standby.wait(signal, onStandby)
  }

  /** True if the error means that this process does not lead yet: then it stands by again. */
  async standsBack(error: unknown): Promise<boolean> {
    if (!isMillraceError(error) || this.#standby === undefined || this.#isLeading) return false
    if (error.code !== 'JOB_OWNED' && error.code !== 'LEADERSHIP_LOST') return false
    await this.#claim?.release()
    this.#claim = undefined
    this.#standby.standBack()
    return true
  }

  /**
   * This process has written the newest fence. A standby claims the folder only now: until then it
   * was a former leader's, who may live.
   *
   * @param fenced the leaders before it: whichever of them holds the folder leads no more
   */
  async lead(
    leaderEpoch: number,
    turn: Turn | undefined,
    fenced: readonly string[],
  ): Promise<void> {
    if (turn !== undefined) {
      const { host, logger, jobName: job } = this.#options
      const { formerLeader } = turn
      await this.claim(formerLeader === undefined ? fenced : [formerLeader, ...fenced], true)
      announce(logger, 'millrace:job:taking-over', { job, reason: turn.why, leaderEpoch })
      await host.at('taken-over')
      if (this.#standby !== undefined) this.#closing.push(this.#standby.close())
    }
    this.#isLeading = true
    this.#leaderEpoch = leaderEpoch
    this.#keeper.lead(leaderEpoch)
  }

  /** The run has failed for good: what another process may not mend ends the standbys too. */
  async fail(error: unknown): Promise<void> {
    const { code, message, retryable } = errorToData(error)
    if (code === 'LEADERSHIP_LOST') return
    await this.#keeper.end(retryable ? 'released' : 'failed', `${code}: ${message}`)
  }

  /** Tells those who stand by how it ended. */
  end(how: LeaseEnd, reason?: string): Promise<void> {
    return this.#keeper.end(how, reason)
  }

  /** Nothing more is written; the folder can be claimed by others. */
  async release(): Promise<void> {
    await this.#keeper.close()
    if (!this.#isLeading) await this.#standby?.close()
    await Promise.all(this.#closing)
  }

  /** Last of all: whoever waits for the folder may have it. */
  async releaseFolder(): Promise<void> {
    await this.#claim?.release()
  }
}
