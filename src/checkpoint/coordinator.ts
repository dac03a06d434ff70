/**
 * The coordinator of one attempt: takes what happens, asks `decisions.ts`, performs the effects.
 * It knows the chain and the store; of workers it knows only how to send to all of them. One
 * decision at a time: what an effect causes is queued, never nested.
 */
import { MillraceError, errorFromData, errorToData } from '../errors.ts'
import { assert } from '../util/assert.ts'
import type { TimerHandle } from '../util/clock.ts'
import { ChainKeeper } from './chain-keeper.ts'
import type { ChainEntry, ChainHead } from './chain.ts'
import type { CheckpointedJob, CoordinatorSetup, CoordinatorWorld } from './coordinator-world.ts'
import { decide, initialState } from './decisions.ts'
import type { ManifestLink, SourceRecord } from './manifest.ts'
import type { FromWorker } from './messages.ts'
import type {
  CheckpointReport,
  ProtocolEffect,
  ProtocolEvent,
  ProtocolState,
  RequestOutcome,
  RequestPurpose,
} from './protocol.ts'

export type {
  CheckpointedJob,
  CoordinatorMessage,
  CoordinatorSetup,
  CoordinatorWorld,
} from './coordinator-world.ts'

interface Cut {
  readonly sources: readonly SourceRecord[]
  readonly processingTime: number
}

interface Waiting {
  readonly resolve: (outcome: RequestOutcome) => void
  readonly reject: (error: MillraceError) => void
}

type EffectOf<K extends ProtocolEffect['kind']> = Extract<ProtocolEffect, { readonly kind: K }>
/** Distributes over the union of events, so that each keeps its own fields. */
type Untimed<E> = E extends unknown ? Omit<E, 'atMs'> : never

export class Coordinator {
  readonly #world: CoordinatorWorld
  readonly #job: CheckpointedJob
  readonly #keeper: ChainKeeper
  #state: ProtocolState
  /** By the checkpoints under way. */
  readonly #cuts = new Map<number, Cut>()
  #closed = false
  #timer: TimerHandle | undefined
  #requestId = 0
  readonly #waiting = new Map<number, Waiting>()
  readonly #events: ProtocolEvent[] = []
  #deciding = false
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
    const id = ++this.#requestId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#take({ kind: 'request', request: { id, purpose, savepoint, full } })
    })
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

  /** A worker died or a task failed: the attempt ends; `onFailed` is called. */
  fail(error: MillraceError): void {
    this.#take({ kind: 'worker-lost', error: errorToData(error) })
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
        return this.#run(() => this.#writeManifest(effect))
      case 'send-complete':
        return this.#world.send({
          kind: 'complete',
          checkpointId: effect.checkpointId,
          commit: true,
        })
      case 'send-abort':
        this.#cuts.delete(effect.checkpointId)
        return this.#world.send({ kind: 'abort', checkpointId: effect.checkpointId })
      case 'write-savepoint':
        return this.#run(() => this.#writeSavepoint(effect))
      case 'release':
        return this.#run(() => this.#collect())
      case 'resolve':
        return this.#answer(effect.requestId)?.resolve(effect.outcome)
      case 'reject':
        return this.#answer(effect.requestId)?.reject(errorFromData(effect.error))
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

  #trigger({ purpose: _purpose, ...message }: EffectOf<'trigger'>): void {
    const { checkpointId } = message
    try {
      this.#cuts.set(checkpointId, {
        sources: this.#world.cutSources(),
        processingTime: this.#world.processingTime(),
      })
      this.#world.send(message)
    } catch (error) {
      const data = errorToData(error, 'CHECKPOINT_FAILED')
      return this.#take({ kind: 'trigger-failed', checkpointId, error: data })
    }
    this.#take({ kind: 'triggered', checkpointId })
  }

  async #writeManifest(effect: EffectOf<'write-manifest'>): Promise<void> {
    const { checkpointId, purpose, finished, tasks, statistics } = effect
    const { parallelism, maxParallelism } = this.#job.plan
    const cut = this.#cuts.get(checkpointId)
    assert(cut !== undefined, 'the sources were cut when the checkpoint was triggered')
    this.#cuts.delete(checkpointId)
    const outcome = await this.#keeper.append({
      kind: 'checkpoint',
      ...this.#job,
      checkpointId,
      purpose,
      finished,
      parallelism,
      maxParallelism,
      tasks,
      ...cut,
      statistics,
    })
    if (outcome.kind === 'appended') {
      return this.#take({ kind: 'confirmed', checkpointId, sequence: outcome.sequence })
    }
    if (outcome.kind === 'lost') return this.#loseLeadership()
    const error = errorToData(outcome.error, 'STORAGE_FAILED')
    const mayBeWritten = outcome.kind === 'doubtful'
    this.#take({ kind: 'confirm-failed', checkpointId, error, mayBeWritten })
  }

  #loseLeadership(): void {
    const { store } = this.#world
    const message = `${store.location}: another process has taken over job ${this.#job.jobName}`
    const error = errorToData(new MillraceError('LEADERSHIP_LOST', message))
    this.#take({ kind: 'leadership-lost', error })
  }

  async #writeSavepoint(effect: EffectOf<'write-savepoint'>): Promise<void> {
    const { checkpointId, sequence, directory } = effect
    try {
      await this.#keeper.holding(sequence, (link) => this.#world.writeSavepoint(link, directory))
    } catch (error) {
      const data = errorToData(error, 'STORAGE_FAILED')
      return this.#take({ kind: 'savepoint-failed', checkpointId, error: data })
    }
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
    const { logger } = this.#world
    const fields = { checkpoint: report.checkpointId, purpose: report.purpose }
    if (report.outcome === 'failed') {
      logger.warn({ ...fields, code: report.error.code }, report.error.message)
    } else if (report.outcome === 'slow-commit') {
      const { waitingForWorkers } = report
      logger.warn({ ...fields, waitingForWorkers }, 'output is not committed yet; asked again')
    } else {
      const { tasks: _tasks, ...figures } = report.statistics
      const level = report.outcome === 'completed' ? 'info' : 'debug'
      logger[level](
        { ...fields, ...figures },
        `checkpoint ${report.checkpointId} ${report.outcome}`,
      )
    }
    this.#world.onReport(report)
  }

  #scheduleTick(atMs: number): void {
    this.#timer?.cancel()
    const delayMs = Math.max(0, atMs - this.#world.clock.monotonic())
    this.#timer = this.#world.clock.setTimer(delayMs, () => this.#take({ kind: 'tick' }))
  }

  #answer(requestId: number): Waiting | undefined {
    const waiting = this.#waiting.get(requestId)
    this.#waiting.delete(requestId)
    return waiting
  }

  /** Starts work that outlasts the decision; a programmer's error in it ends the attempt. */
  #run(work: () => Promise<void>): void {
    const running = work().catch((error: unknown) => {
      this.#take({ kind: 'worker-lost', error: errorToData(error) })
    })
    this.#underWay.add(running)
    void running.finally(() => this.#underWay.delete(running))
  }
}
