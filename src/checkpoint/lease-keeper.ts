/**
 * The lease in the hands of the leader: looks at the marks, says again that it leads while somebody
 * stands by, tidies up, and says at the end how it ended. It may fail at any time and harm nobody:
 * then a standby takes over from a leader that lives, and the fence decides.
 */
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { Clock, TimerHandle } from '../util/clock.ts'
import { decideLeader, livingStandbys, look, NOTHING_SEEN } from './lease.ts'
import {
  encodeContent,
  LEASES_PREFIX,
  type LeaseEnd,
  type LeaseState,
  markName,
  type ProcessFacts,
  readMark,
} from './lease-marks.ts'

export interface LeaseKeeperOptions {
  /** Letters and digits: the claim of this process. */
  readonly holder: string
  readonly leaseMs: number
  readonly process: ProcessFacts
}

export interface LeaseKeeperWorld {
  readonly store: BlobStore
  readonly clock: Clock
  readonly logger: Logger
  /** Another process leads. */
  onSuperseded(): void
}

/** A process that stands by, as the leader knows it. */
export interface StandbyFacts extends ProcessFacts {
  readonly id: string
  /** The link of the chain that it follows; 0: none yet. */
  readonly sequence: number
}

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions
  readonly #world: LeaseKeeperWorld
  #view = NOTHING_SEEN
  #leaderEpoch = 0
  #renewal = 0
  #timer: TimerHandle | undefined
  /** One step at a time. */
  #busy: Promise<void> = Promise.resolve()
  #isOver = false
  #standbys: readonly StandbyFacts[] = []

  constructor(options: LeaseKeeperOptions, world: LeaseKeeperWorld) {
    this.#options = options
    this.#world = world
  }

  /** Who stands by; when it is over, who did then. */
  get standbys(): readonly StandbyFacts[] {
    return this.#standbys
  }

  /** Takes up the lease, or goes on with it under another epoch. */
  lead(leaderEpoch: number): void {
    this.#leaderEpoch = leaderEpoch
    this.#timer?.cancel()
    this.#next()
  }

  /** Looks now who stands by. */
  async refresh(): Promise<void> {
    if (this.#leaderEpoch === 0) return
    this.#timer?.cancel()
    this.#next()
    await this.#busy
  }

  /** Says how it ended, if somebody may want to know; nothing is said after it. */
  async end(how: LeaseEnd, reason?: string): Promise<void> {
    if (this.#isOver) return
    await this.close()
    if (this.#leaderEpoch === 0) return
    try {
      this.#view = look(this.#view, await this.#list(), this.#world.clock.monotonic())
      const { isSuperseded } = this.#decide()
      if (!isSuperseded && this.#view.marks.length > 0) await this.#put(how, reason)
      await this.#meet()
    } catch (error) {
      this.#world.logger.warn({ err: error }, 'standbys could not be told that the job has ended')
    }
  }

  /** Says nothing more. */
  async close(): Promise<void> {
    this.#isOver = true
    this.#timer?.cancel()
    await this.#busy
  }

  #next(): void {
    this.#busy = this.#busy.then(() => this.#turn())
  }

  async #turn(): Promise<void> {
    const { clock, logger } = this.#world
    if (this.#isOver) return
    let nextMs = clock.monotonic() + this.#options.leaseMs / 6
    try {
      this.#view = look(this.#view, await this.#list(), clock.monotonic())
      const step = this.#decide()
      if (step.isSuperseded) {
        this.#isOver = true
        return this.#world.onSuperseded()
      }
      nextMs = step.nextMs
      if (step.renews) await this.#put('held')
      await this.#meet()
      for (const mark of step.deletable) await this.#world.store.delete(markName(mark))
    } catch (error) {
      logger.warn({ err: error }, 'the lease could not be renewed; tried again')
    }
    if (this.#isOver) return
    // A turn that was asked for while another was under way: one of them goes on.
    this.#timer?.cancel()
    const delayMs = Math.max(0, nextMs - clock.monotonic())
    this.#timer = clock.setTimer(delayMs, () => this.#next())
  }

  #decide(): ReturnType<typeof decideLeader> {
    const { holder, leaseMs } = this.#options
    const self = { holder, leaseMs, leaderEpoch: this.#leaderEpoch }
    return decideLeader(this.#view, self, this.#world.clock.monotonic())
  }

  async #list(): Promise<readonly string[]> {
    return (await this.#world.store.list(LEASES_PREFIX)).map(({ name }) => name)
  }

  async #put(state: LeaseState, reason?: string): Promise<void> {
    const { holder, leaseMs, process } = this.#options
    const leaderEpoch = this.#leaderEpoch
    const renewal = ++this.#renewal
    const name = markName({ kind: 'leader', leaderEpoch, renewal, leaseMs, state, holder })
    const content = encodeContent({ ...process, ...(reason === undefined ? {} : { reason }) })
    await this.#world.store.putIfAbsent(name, content)
  }

  /** Reads who the standbys are that were not known yet. */
  async #meet(): Promise<void> {
    const { store, clock } = this.#world
    const living = livingStandbys(this.#view, this.#options.leaseMs, clock.monotonic())
    const facts: StandbyFacts[] = []
    for (const mark of living) {
      const { holder: id, sequence } = mark
      const known = this.#standbys.find((each) => each.id === id)
      // Replaced by its next one meanwhile: met at the next look.
      const content = known ?? (await readMark(store, mark).catch(() => undefined))
      if (content !== undefined) {
        facts.push({ id, host: content.host, pid: content.pid, sequence })
      }
    }
    this.#standbys = facts
  }
}
