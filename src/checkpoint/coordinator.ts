/**
 * The coordinator of one attempt: takes what happens, asks `decisions.ts`, performs the effects.
 * It knows the chain and the store; of workers it knows only how to send to all of them. One
 * decision at a time: what an effect causes is queued, never nested.
 */
import { type ErrorData, MillraceError, errorFromData, errorToData } from '../errors.ts'
import { assert } from '../util/assert.ts'
import type { TimerHandle } from '../util/clock.ts'
import { ChainKeeper } from './chain-keeper.ts'
import type { ChainEntry, ChainHead } from './chain.ts'
import type { CheckpointedJob, CoordinatorSetup, CoordinatorWorld } from './coordinator-world.ts'
import { decide, initialState } from './decisions.ts'
import { slowness } from './decisions-slow.ts'
import { announceSavepoint, announceTriggered, logReport } from './log-report.ts'
import type { CheckpointLink, ManifestLink } from './manifest.ts'
import type { FromWorker, TaskProgress } from './messages.ts'
import { PendingRequests } from './pending-requests.ts'
import type {
  CheckpointReport,
  CheckpointRequest,
  ProtocolEffect,
  ProtocolEvent,
  ProtocolState,
  RequestOutcome,
  RequestPurpose,
  SlowCheckpoint,
  TaskName,
} from './protocol.ts'
import { type CoordinatorCut, writeManifest } from './write-manifest.ts'

export type {
  CheckpointedJob,
  CoordinatorMessage,
  CoordinatorSetup,
  CoordinatorWorld,
} from './coordinator-world.ts'

type EffectOf<K extends ProtocolEffect['kind']> = Extract<ProtocolEffect, { readonly kind: K }>
/** Distributes over the union of events, so that each keeps its own fields. */
type Untimed<E> = E extends unknown ? Omit<E, 'atMs'> : never

export class Coordinator {
  readonly #world: CoordinatorWorld
  readonly #job: CheckpointedJob
  readonly #keeper: ChainKeeper
  #state: ProtocolState
  /** By the checkpoints under way. */
  readonly #cuts = new Map<number, CoordinatorCut>()
  #closed = false
  #timer: TimerHandle | undefined
  readonly #requests = new PendingRequests()
  readonly #events: ProtocolEvent[] = []
  #deciding = false
  /** The newest manifest, until it is written. */
  #confirming: Promise<void> | undefined
  /** What is under way and must be waited for before the attempt is over. */
  readonly #underWay = new Set<Promise<void>>()

  constructor(setup: CoordinatorSetup, world: CoordinatorWorld) {
    const { protocol, job, chain, keep } = setup
    assert(chain.head.leaderEpoch === job.leaderEpoch, 'the head of the chain is the own fence')
    this.#world = world
    this.#job = job
    this.#state = initialState(protocol)
    const unverified = protocol.restored !== undefined
    this.#keeper = new ChainKeeper({ chain, keep, unverified }, world)
  }

  /**
   * All workers run: checkpoints may begin.
   *
   * @param imported the link that made a foreign snapshot the own, if there was one to import.
   */
  start(imported?: ChainEntry): void {
    if (imported !== undefined) this.#keeper.appended(imported)
    this.#take({ kind: 'start' })
  }

  /**
   * Asks for a checkpoint. Resolves when it is complete and committed (and copied, if a savepoint
   * was asked for); rejects with `CHECKPOINT_FAILED`, or why the attempt ended.
   *
   * @param full all state is written anew, so that the checkpoint needs no older file.
   */
  request(purpose: RequestPurpose, savepoint?: string, full = false): Promise<RequestOutcome> {
    const take = (request: CheckpointRequest): void => this.#take({ kind: 'request', request })
    return this.#requests.ask({ purpose, savepoint, full }, take)
  }

  /** Takes what a worker said, if it concerns checkpoints; true if it did. */
  receive(worker: number, message: FromWorker): boolean {
    const { kind } = message
    if (kind === 'acknowledge' || kind === 'decline') this.#take(message)
    else if (kind === 'committed') this.#take({ ...message, worker })
    else if (kind === 'ended') this.#take({ ...message, kind: 'task-ended' })
    else return false
    return true
  }

  /** Periodic checkpoints are so far apart from now on. */
  changeInterval(intervalMs: number): void {
    this.#take({ kind: 'interval', intervalMs })
  }

  /** A source is catching up, or none any more. */
  changeBacklog(isBacklog: boolean): void {
    this.#take({ kind: 'backlog', isBacklog })
  }

  /** What a worker says, several times a second, of the checkpoints its tasks are in. */
  heard(worker: number, tasks: readonly TaskProgress[]): void {
    if (this.#state.active !== undefined) this.#take({ kind: 'progress', worker, tasks })
  }

  /** Checkpoints before their commit points, oldest first, and what they wait for. */
  get underWay(): readonly SlowCheckpoint[] {
    const { active, overlapping } = this.#state
    if (active === undefined) return []
    const nowMs = this.#world.clock.monotonic()
    return [active, ...overlapping].map((each) => slowness(this.#state, each, nowMs))
  }

  /** A worker died or a task failed: the attempt ends; `onFailed` is called. */
  fail(error: MillraceError): void {
    this.#take({ kind: 'worker-lost', error: errorToData(error) })
  }

  /**
   * Tasks of a region failed: no checkpoint begins until `resume`. Resolves with the newest
   * complete checkpoint of this leader, once it is known whether the one whose manifest is being
   * written is it; undefined if there is none.
   */
  async suspend(
    tasks: readonly Omit<TaskName, 'name'>[],
    error: ErrorData,
  ): Promise<CheckpointLink | undefined> {
    this.#take({ kind: 'tasks-lost', tasks, error })
    await this.#confirming
    this.#keeper.unverified() // until `restoreVerified`
    const link = this.links.findLast((each) => each.leaderEpoch === this.#job.leaderEpoch)
    return link?.kind === 'checkpoint' ? link : undefined
  }

  /** The tasks run again. */
  resume(): void {
    this.#take({ kind: 'tasks-restored' })
  }

  /** True when the last checkpoint is complete, and only its commits are missing. */
  get isEnding(): boolean {
    return this.#state.lastCheckpointId !== undefined
  }

  /** The restored checkpoint has been read to its last block: older ones may be deleted. */
  restoreVerified(): void {
    this.#keeper.verified()
  }

  /** Above every id used so far, for the next attempt. */
  get nextCheckpointId(): number {
    return this.#state.nextCheckpointId
  }

  /** The newest link this leader has written. */
  get head(): ChainHead {
    return this.#keeper.head
  }

  /** The links of the chain that are left, oldest first. */
  get links(): readonly ManifestLink[] {
    return this.#keeper.links
  }

  /** Ends the attempt; resolves when nothing of it writes to the store any more. */
  async close(reason?: MillraceError): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      const error = reason ?? new MillraceError('JOB_CANCELLED', 'the job was cancelled')
      this.#take({ kind: 'close', error: errorToData(error) })
      this.#timer?.cancel()
    }
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
  }

  #take(event: Untimed<ProtocolEvent>): void {
    this.#events.push({ ...event, atMs: this.#world.clock.monotonic() })
    if (this.#deciding) return
    this.#deciding = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const [state, effects] = decide(this.#state, next)
        this.#state = state
        for (const effect of effects) this.#perform(effect)
      }
    } finally {
      this.#deciding = false
    }
  }

  #perform(effect: ProtocolEffect): void {
    switch (effect.kind) {
      case 'trigger':
        return this.#trigger(effect)
      case 'write-manifest':
        return void (this.#confirming = this.#run(() => this.#writeManifest(effect)))
      case 'send-complete':
        return this.#world.send({ ...effect, kind: 'complete', commit: true })
      case 'send-abort':
        this.#cuts.delete(effect.checkpointId)
        return this.#world.send({ kind: 'abort', checkpointId: effect.checkpointId })
      case 'write-savepoint':
        return void this.#run(() => this.#writeSavepoint(effect))
      case 'release':
        return void this.#run(() => this.#collect())
      case 'resolve':
        return this.#requests.answer(effect.requestId)?.resolve(effect.outcome)
      case 'reject':
        return this.#requests.answer(effect.requestId)?.reject(errorFromData(effect.error))
      case 'report':
        return this.#report(effect.report)
      case 'fail-job':
        return this.#closed ? undefined : this.#world.onFailed(errorFromData(effect.error))
      case 'ended':
        return this.#world.onEnded(effect.how, effect.checkpointId)
      case 'schedule-tick':
        return this.#scheduleTick(effect.atMs)
    }
  }

  #trigger({ purpose, ...message }: EffectOf<'trigger'>): void {
    const { checkpointId } = message
    try {
      this.#cuts.set(checkpointId, {
        sources: this.#world.cutSources(),
        processingTime: this.#world.processingTime(),
      })
      // What is kept, and what ends the job, is never unaligned.
      const aligned = purpose !== 'periodic' && purpose !== 'manual'
      this.#world.send({ ...message, aligned })
    } catch (error) {
      const data = errorToData(error, 'CHECKPOINT_FAILED')
      return this.#take({ kind: 'trigger-failed', checkpointId, error: data })
    }
    announceTriggered(this.#world.logger, this.#job.jobName, checkpointId)
    this.#take({ kind: 'triggered', checkpointId })
  }

  async #writeManifest(effect: EffectOf<'write-manifest'>): Promise<void> {
    const cut = this.#cuts.get(effect.checkpointId)
    assert(cut !== undefined, 'the sources were cut when the checkpoint was triggered')
    this.#cuts.delete(effect.checkpointId)
    const { location } = this.#world.store
    const outcome = await writeManifest(this.#keeper, this.#job, effect, cut, location)
    if (outcome.kind === 'confirmed') this.#world.onConfirmed?.(effect.tasks, cut.sources)
    this.#take(outcome)
  }

  async #writeSavepoint(effect: EffectOf<'write-savepoint'>): Promise<void> {
    const { checkpointId, sequence, directory } = effect
    try {
      await this.#keeper.holding(sequence, (link) => this.#world.writeSavepoint(link, directory))
    } catch (error) {
      const data = errorToData(error, 'STORAGE_FAILED')
      return this.#take({ kind: 'savepoint-failed', checkpointId, error: data })
    }
    announceSavepoint(this.#world.logger, this.#job.jobName, checkpointId, directory)
    this.#take({ kind: 'savepoint-written', checkpointId })
  }

  /** Not after the end: a collection that outlives its attempt could meet its successor's. */
  async #collect(): Promise<void> {
    if (this.#closed) return
    const { active, nextCheckpointId } = this.#state
    const checkpointId = active?.checkpointId ?? nextCheckpointId
    await this.#keeper.collect({ leaderEpoch: this.#job.leaderEpoch, checkpointId })
  }

  #report(report: CheckpointReport): void {
    logReport(this.#world.logger, report)
    this.#world.onReport(report)
  }

  #scheduleTick(atMs: number): void {
    const { clock } = this.#world
    this.#timer?.cancel()
    const delayMs = Math.max(0, atMs - clock.monotonic())
    this.#timer = clock.setTimer(delayMs, () => this.#take({ kind: 'tick' }))
  }

  /** Starts work that outlasts the decision; a programmer's error in it ends the attempt. */
  #run(work: () => Promise<void>): Promise<void> {
    const running = work().catch((error: unknown) => {
      this.#take({ kind: 'worker-lost', error: errorToData(error) })
    })
    this.#underWay.add(running)
    void running.finally(() => this.#underWay.delete(running))
    return running
  }
}
