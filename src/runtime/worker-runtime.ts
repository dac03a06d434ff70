/**
 * A worker: loads the job, builds its tasks when told to, and steps them in one loop. Messages of
 * the master are handled between steps, in order; a split that was assigned after a trigger waits
 * until that trigger's barrier has passed. The same code runs in a thread, in the caller's thread
 * and in the simulator.
 */
import type { ToWorker } from '../checkpoint/messages.ts'
import type { WorkerSettings } from '../checkpoint/settings.ts'
import { errorToData } from '../errors.ts'
import { buildJobGraph } from '../graph/build.ts'
import type { JobGraph } from '../graph/job-graph.ts'
import { asJob, type Job } from '../graph/job.ts'
import { parseParams } from '../graph/params.ts'
import { planOf } from '../graph/plan-of.ts'
import { NOTHING_RELEASED } from '../operators/failures/release.ts'
import type { StateBackend } from '../state/backend.ts'
import { chooseBackend } from './choose-backend.ts'
import { settingsFor } from './shredding.ts'
import { required } from '../util/assert.ts'
import { EventTimeObserver } from './event-time-status.ts'
import { encryptedWorkerHost } from './encryption.ts'
import { signedWorkerHost } from './signing.ts'
import type { WorkerHost, WorkerSpec } from './host.ts'
import { loadJobModule } from './load-module.ts'
import { workerProfile } from './profile/worker-profile.ts'
import { SourceDiscovery } from './source-discovery.ts'
import { WorkerSubjects } from './subject-keys.ts'
import type { Task } from './task.ts'
import { WorkerGroups } from './worker-groups.ts'
import { workerStatus } from './worker-status.ts'
import { openWorkerStore, type WorkerStore } from './worker-store.ts'

const IDLE_MS_MAX = 1_000
const STATUS_EVERY_MS = 250

type Deploy = Extract<ToWorker, { kind: 'deploy' }>
type Complete = Extract<ToWorker, { kind: 'complete' }>
type Release = Extract<ToWorker, { kind: 'release' }>
type Configure = Extract<ToWorker, { kind: 'configure' }>

export class WorkerRuntime {
  readonly #spec: WorkerSpec
  #host: WorkerHost
  readonly #abort = new AbortController()
  readonly #inbox: ToWorker[] = []
  #job: Job | undefined
  #settings: WorkerSettings | undefined
  #discovery: SourceDiscovery | undefined
  #store: WorkerStore | undefined
  #backend: Promise<StateBackend> | undefined
  readonly #subjects = new WorkerSubjects()
  #graph: JobGraph | undefined
  #groups: WorkerGroups | undefined
  readonly #eventTime: EventTimeObserver
  #started = false
  #closing = false
  #processingTime = 0
  #statusAtMs = 0
  /** Commits of complete checkpoints, in order. */
  #commits: Promise<void> = Promise.resolve()
  /** Regions that end and begin again beside the loop, in order. */
  #changes: Promise<void> = Promise.resolve()

  constructor(spec: WorkerSpec, host: WorkerHost) {
    this.#spec = spec
    this.#host = host
    this.#eventTime = new EventTimeObserver(host.clock)
  }

  /** Takes a message of the master; the loop handles it. */
  receive(message: ToWorker): void {
    this.#inbox.push(message)
    this.#host.wake()
  }

  /** Runs until closed; reports a failure to the master and ends. */
  async run(): Promise<void> {
    try {
      await this.#load()
      while (!this.#closing) await this.#turn()
    } catch (error) {
      this.#sendLastStatus()
      this.#host.send({ kind: 'failed', error: errorToData(error) })
    } finally {
      await this.#shutDown()
    }
  }

  async #load(): Promise<void> {
    const { moduleUrl, job: given } = this.#spec
    const job = moduleUrl === undefined ? asJob(given) : await loadJobModule(moduleUrl)
    this.#job = job
    const { backend } = job.settings
    // A backend cannot be sent; that the job brings one along, of whatever name, its name tells.
    const named = typeof backend === 'object' ? { name: backend.name } : backend
    const options = { ...job.settings, ...(backend === undefined ? {} : { backend: named }) }
    this.#host.send({ kind: 'loaded', job: { name: job.name, options } })
  }

  async #configure(message: Configure): Promise<void> {
    const { settings } = message
    const encrypted = await encryptedWorkerHost(this.#host, settings.encryptionKeys, this.#subjects)
    const host = (this.#host = signedWorkerHost(encrypted, settings.isSigned))
    const job = required(this.#job, 'not loaded')
    const params = parseParams(job, message.params)
    const { parallelism, maxParallelism } = settings
    const build = (): JobGraph => buildJobGraph(job, { parallelism, maxParallelism, params })
    const graph = (this.#graph = build())
    this.#settings = settingsFor(graph, settings)
    this.#discovery = new SourceDiscovery(graph, host, this.#abort.signal)
    const [workerIndex, plan] = [this.#spec.index, planOf(graph)]
    this.#groups = new WorkerGroups({ workerIndex, host, graph, plan, rebuild: build })
    host.send({ kind: 'planned', plan, params })
    this.#backend = chooseBackend(settings, job.settings.backend)
  }

  async #turn(): Promise<void> {
    const { clock } = this.#host
    while (this.#inbox.length > 0 && this.#mayHandle()) {
      const message = this.#inbox.shift()
      if (message !== undefined) await this.#handle(message)
    }
    const groups = this.#groups
    if (this.#closing) return
    let worked = false
    if (this.#started && groups !== undefined) {
      this.#processingTime = Math.max(this.#processingTime, clock.now())
      const { batchRecords } = required(this.#settings, 'not configured')
      for (const group of groups.all) {
        if (group.step(this.#processingTime, batchRecords)) worked = true
      }
      groups.tellRestored()
    }
    this.#reportStatus()
    if (this.#started) groups?.alignment.report(clock.monotonic(), !worked)
    if (!worked) await this.#host.idle(this.#idleMs())
    else if (this.#host.shouldYield()) await clock.yield()
  }

  /** Assignments wait for the barrier of a trigger that came before them. */
  #mayHandle(): boolean {
    const next = this.#inbox[0]
    if (next?.kind !== 'assign' && next?.kind !== 'no-more-splits') return true
    return !this.#built.all.some(({ isRunning, tasks }) => {
      return isRunning && tasks.some((task) => task.barriers.awaitsCut)
    })
  }

  async #handle(message: ToWorker): Promise<void> {
    switch (message.kind) {
      case 'configure':
        return this.#configure(message)
      case 'deploy':
        if (message.round === 0) return this.#deploy(message)
        return this.#change(() => this.#deploy(message))
      case 'undeploy':
        this.#built.stop(message)
        return this.#change(() => this.#built.undeploy(message))
      case 'start':
        this.#started = true
        this.#host.profiler?.begin()
        for (const group of this.#built.all) group.start()
        return
      case 'discover':
        return required(this.#discovery, 'not loaded').discover(message.uid)
      case 'assign':
        for (const task of this.#sourceTasks(message.uid)) task.parts.source?.assign(message.splits)
        return
      case 'no-more-splits':
        for (const task of this.#sourceTasks(message.uid)) task.parts.source?.noMoreSplits()
        return
      case 'trigger': {
        const { kind: _kind, ...barrier } = message
        this.#built.each((task) => task.trigger(barrier))
        return
      }
      case 'complete':
        this.#built.each((task) => task.complete(message.checkpointId))
        this.#deleteStaleCopies()
        this.#commits = this.#guard(this.#commit(this.#commits, message))
        return
      case 'abort':
        for (const group of this.#built.all) void this.#guard(group.abort(message.checkpointId))
        return
      case 'group-watermark':
        this.#built.alignment.receive(message.group, message.watermark)
        return
      case 'release':
        return this.#release(message)
      case 'drain':
        this.#built.each((task) => task.parts.source?.drain())
        return
      case 'close':
        this.#closing = true
    }
  }

  /** Between two records; answered when all of it has been tried. */
  #release({ id, uid, only }: Release): void {
    const host = this.#host
    const parking = this.#built.parkingOf(uid)
    if (parking === undefined) host.send({ kind: 'released', id, outcome: NOTHING_RELEASED })
    else parking.release(only, (outcome) => host.send({ kind: 'released', id, outcome }))
  }

  async #deploy(deploy: Deploy): Promise<void> {
    const settings = required(this.#settings, 'not configured')
    this.#processingTime = Math.max(this.#processingTime, deploy.processingTime)
    if (deploy.vault !== undefined) this.#subjects.take(deploy.vault)
    this.#store ??= await openWorkerStore(this.#host, settings, this.#spec.index, deploy)
    const backend = await required(this.#backend, 'not configured')
    const { store } = this.#store
    const processingTime = (): number => this.#processingTime
    await this.#built.deploy(deploy, { settings, backend, store, processingTime })
  }

  /** Not while a region is gone: its copies may be wanted any moment. */
  #deleteStaleCopies(): void {
    const { files } = this.#built
    if (files !== undefined) this.#store?.copying?.retain(new Set(files))
  }

  /** Beside the loop, one after the other. */
  #change(work: () => Promise<void>): void {
    this.#changes = this.#guard(this.#changes.then(() => (this.#closing ? undefined : work())))
  }

  /** Commits checkpoint after checkpoint, beside the record loop. */
  async #commit(former: Promise<void>, { checkpointId, commit }: Complete): Promise<void> {
    await former
    if (!(await this.#built.settle(checkpointId, commit))) return
    this.#sendStatus()
    this.#host.send({ kind: 'committed', checkpointId })
  }

  /** A failure beside the loop fails the worker as one in it does. */
  async #guard(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      if (this.#abort.signal.aborted) return
      this.#host.send({ kind: 'failed', error: errorToData(error, 'CONNECTOR_FAILED') })
      this.#closing = true
    } finally {
      this.#host.wake()
    }
  }

  get #built(): WorkerGroups {
    return required(this.#groups, 'not configured')
  }

  #sourceTasks(uid: string): readonly Task[] {
    return this.#built.tasks.filter((task) => task.parts.source?.uid === uid)
  }

  #reportStatus(): void {
    const nowMs = this.#host.clock.monotonic()
    if (!this.#started || nowMs - this.#statusAtMs < STATUS_EVERY_MS) return
    this.#statusAtMs = nowMs
    this.#sendStatus()
  }

  #sendStatus(): void {
    const { tasks, past } = this.#built
    const eventTime = this.#eventTime.observe(tasks)
    const status = workerStatus(tasks, this.#processingTime, eventTime, past)
    this.#host.send({ kind: 'status', status })
  }

  #idleMs(): number {
    const nowMs = this.#host.clock.monotonic()
    let waitMs = IDLE_MS_MAX
    this.#groups?.each((task) => {
      const untilTimerMs = task.nextProcessingTimer - this.#processingTime
      waitMs = Math.min(waitMs, untilTimerMs, task.barriers.nextDeadlineMs - nowMs)
    })
    return Math.max(0, waitMs)
  }

  /** So that no record is missing from the counts of the job. */
  #sendLastStatus(): void {
    if (this.#started) this.#sendStatus()
  }

  async #shutDown(): Promise<void> {
    this.#sendLastStatus()
    this.#closing = true
    this.#abort.abort()
    for (const group of this.#groups?.all ?? []) group.stop()
    await Promise.all([this.#commits, this.#changes])
    await this.#groups?.close()
    await this.#store?.store.close()
    const { profiler } = this.#host
    if (profiler !== undefined) {
      this.#host.send({ kind: 'profile', profile: workerProfile(profiler, this.#graph) })
    }
    this.#host.send({ kind: 'closed' })
  }
}
