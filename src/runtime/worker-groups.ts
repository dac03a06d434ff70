/**
 * The tasks of a worker by region: deployed with the worker, and again when their region failed.
 * The first deployment is a step of the start; later ones go on beside the record loop, because the
 * other regions run meanwhile.
 */
import type { ToWorker } from '../checkpoint/messages.ts'
import type { WorkerSettings } from '../checkpoint/settings.ts'
import { type ErrorCode, errorToData, MillraceError } from '../errors.ts'
import type { JobGraph } from '../graph/job-graph.ts'
import type { JobPlan } from '../graph/plan.ts'
import { planOf } from '../graph/plan-of.ts'
import { type Region, regionsOf } from '../graph/regions.ts'
import type { Parking } from '../operators/failures/parking.ts'
import type { PhaseTimings, StateBackend } from '../state/backend.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { required } from '../util/assert.ts'
import { Alignment } from './alignment.ts'
import type { WorkerHost } from './host.ts'
import { TaskBuilder } from './task-builder.ts'
import { type BuildGroup, TaskGroup } from './task-group.ts'
import type { Task } from './task.ts'
import { addCounts, NO_COUNTS, sumTimings, type WorkerCounts } from './worker-status.ts'

type Deploy = Extract<ToWorker, { kind: 'deploy' }>
type Undeploy = Extract<ToWorker, { kind: 'undeploy' }>

/** What all tasks of a worker share. */
export interface WorkerWorld {
  readonly settings: WorkerSettings
  readonly backend: StateBackend
  readonly store: BlobStore
  processingTime(): number
}

export interface WorkerGroupsOptions {
  readonly workerIndex: number
  readonly host: WorkerHost
  readonly graph: JobGraph
  /** Of the graph. */
  readonly plan: JobPlan
  /** Builds the graph once more, for tasks that begin anew. */
  rebuild(): JobGraph
}

export class WorkerGroups {
  readonly alignment: Alignment
  readonly #options: WorkerGroupsOptions
  readonly #regions: readonly Region[]
  /** How many regions have a task here. */
  readonly #regionsHere: number
  #groups: readonly TaskGroup[] = []
  /** The last deployment, and the last of which all state is known to be loaded. */
  #round = -1
  #loadedRound = -1
  /** Met by restores since that. */
  #erasedEntries = 0
  /** Counts of tasks that are gone. */
  #past = NO_COUNTS
  /** Groups that are being closed. */
  #leaving: readonly TaskGroup[] = []

  constructor(options: WorkerGroupsOptions) {
    const { host, workerIndex, plan } = options
    this.#options = options
    this.#regions = regionsOf(plan)
    this.#regionsHere = this.#regions.filter(({ workers }) => workers.includes(workerIndex)).length
    this.alignment = new Alignment([], (report) => host.send(report))
  }

  get all(): readonly TaskGroup[] {
    return this.#groups
  }

  get tasks(): readonly Task[] {
    return this.#groups.flatMap(({ tasks }) => tasks)
  }

  /** Of all tasks, what a restore would read; undefined while a region is gone. */
  get files(): readonly string[] | undefined {
    if (this.#groups.length < this.#regionsHere) return undefined
    return this.tasks.flatMap(({ parts }) => parts.snapshots.files)
  }

  /** Of tasks that are no more, or are being closed: what is counted never goes back. */
  get past(): WorkerCounts {
    return addCounts(
      this.#past,
      this.#leaving.flatMap(({ tasks }) => tasks),
    )
  }

  /** Does something with each task that runs. */
  each(action: (task: Task) => void): void {
    for (const group of this.#groups) group.run(action)
  }

  /** What the running subtask of an operator here has parked, if there is one. */
  parkingOf(uid: string): Parking | undefined {
    let found: Parking | undefined
    this.each(({ parts }) => {
      for (const { node, guard } of parts.chain.operators) {
        if (node.uid === uid) found = guard?.parking
      }
    })
    return found
  }

  /** Builds and restores the tasks of some regions, and says so; or that it failed. */
  async deploy(deploy: Deploy, world: WorkerWorld): Promise<void> {
    const { host, workerIndex } = this.#options
    // What `build` made belongs to the tasks that it was made for.
    const graph = deploy.round === 0 ? this.#options.graph : this.#graphAnew()
    const groups = deploy.regions.map((region) => this.#groupOf(region))
    this.#groups = [...this.#groups, ...groups]
    const timings: PhaseTimings[] = []
    const onErased = (): void => void this.#erasedEntries++
    const builderOf: BuildGroup = (own) =>
      new TaskBuilder({ ...world, ...own, graph, workerIndex, deploy, host, onErased })
    for (const group of groups) {
      try {
        timings.push(...(await group.build(builderOf)))
      } catch (error) {
        return this.#failed(group, '', error)
      }
    }
    const sources = this.tasks.map(({ parts }) => parts.source)
    this.alignment.replace(sources.filter((each) => each !== undefined))
    await host.at('restored')
    this.#round = deploy.round
    host.send({ kind: 'deployed', round: deploy.round, openTimings: sumTimings(timings) })
  }

  /** Says so once after each deployment, when every block that was restored has been read. */
  tellRestored(): void {
    if (this.#loadedRound === this.#round) return
    if (this.tasks.some(({ parts }) => parts.backend?.isRestoring === true)) return
    this.#loadedRound = this.#round
    const erasedEntries = this.#erasedEntries
    this.#erasedEntries = 0
    this.#options.host.send({ kind: 'restored', round: this.#round, erasedEntries })
  }

  /** Their tasks stand still from now on. */
  stop({ regions }: Pick<Undeploy, 'regions'>): void {
    for (const group of this.#groups) if (regions.includes(group.region)) group.stop()
  }

  async undeploy({ round, regions }: Undeploy): Promise<void> {
    const leaving = this.#groups.filter(({ region }) => regions.includes(region))
    this.#groups = this.#groups.filter((group) => !leaving.includes(group))
    this.#leaving = [...this.#leaving, ...leaving]
    for (const group of leaving) await group.close()
    this.#leaving = this.#leaving.filter((group) => !leaving.includes(group))
    const tasks = leaving.flatMap((group) => group.tasks)
    this.#past = addCounts(this.#past, tasks)
    this.#options.host.send({ kind: 'undeployed', round })
  }

  /** True if all that is due here is visible; what a lost region left comes when it is back. */
  async settle(checkpointId: number, commit: boolean): Promise<boolean> {
    const groups = this.#groups
    let all = groups.length === this.#regionsHere
    for (const group of groups) if (!(await group.settle(checkpointId, commit))) all = false
    return all
  }

  async close(): Promise<void> {
    for (const group of this.#groups) await group.close()
  }

  #groupOf(id: number): TaskGroup {
    const { workerIndex, host } = this.#options
    const { tasks } = required(this.#regions[id], `no region ${id}`)
    const own = tasks.filter(({ subtaskIndex }) => subtaskIndex === workerIndex)
    return new TaskGroup({
      region: id,
      vertices: new Set(own.map(({ vertex }) => vertex)),
      onFailed: (group, task, error, code) => this.#failed(group, task, error, code),
      onCloseFailed: (error) => host.report('closing tasks', error),
    })
  }

  #graphAnew(): JobGraph {
    const graph = this.#options.rebuild()
    if (JSON.stringify(planOf(graph)) === JSON.stringify(this.#options.plan)) return graph
    throw new MillraceError('JOB_GRAPH_INVALID', 'the job built another graph at its restart', {
      cure: 'build the graph from params only, not from clocks, random numbers or changing files',
    })
  }

  /** Other regions go on; where there are none, the worker ends. */
  #failed(
    { region }: TaskGroup,
    task: string,
    error: unknown,
    code: ErrorCode = 'FUNCTION_FAILED',
  ): void {
    if (this.#regions.length === 1) throw error
    const { host } = this.#options
    host.send({ kind: 'task-failed', region, task, error: errorToData(error, code) })
    host.wake()
  }
}
