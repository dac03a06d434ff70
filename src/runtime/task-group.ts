/**
 * The tasks of one region in one worker: built, started, stepped and ended together. When one of
 * them fails they all stand still at once, and nothing else of the worker does.
 */
import type { ErrorCode } from '../errors.ts'
import type { PhaseTimings } from '../state/backend.ts'
import type { TaskBuilder, TaskBuilderOptions } from './task-builder.ts'
import type { Task } from './task.ts'

const MAINTAIN_MS = 1
/** While state is loaded: looking it up costs the records more than loading it. */
const RESTORE_MS = 8

/** What a group is given to build its tasks with. */
export type BuildGroup = (
  own: Pick<TaskBuilderOptions, 'signal' | 'resources' | 'vertices'>,
) => TaskBuilder

export interface TaskGroupOptions {
  readonly region: number
  /** Vertices of which it has a task. */
  readonly vertices: ReadonlySet<number>
  /** A task failed; the group stands still already. Called once. */
  onFailed(group: TaskGroup, task: string, error: unknown, code: ErrorCode): void
  /** Something was closed with an error, which harms nobody. */
  onCloseFailed(error: unknown): void
}

export class TaskGroup {
  readonly region: number
  tasks: readonly Task[] = []
  readonly #options: TaskGroupOptions
  readonly #abort = new AbortController()
  readonly #resources = new AsyncDisposableStack()
  #stage: 'new' | 'built' | 'running' | 'over' = 'new'
  #settling: Promise<unknown> = Promise.resolve()

  constructor(options: TaskGroupOptions) {
    this.region = options.region
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#stage === 'running'
  }

  /** Builds and restores the tasks. */
  async build(builderOf: BuildGroup): Promise<readonly PhaseTimings[]> {
    const { vertices } = this.#options
    const { signal } = this.#abort
    const builder = builderOf({ signal, resources: this.#resources, vertices })
    this.tasks = await builder.build()
    if (this.#stage === 'new') this.#stage = 'built'
    return builder.timings
  }

  start(): void {
    if (this.#stage !== 'built') return
    this.#stage = 'running'
    this.run((task) => task.start())
  }

  /** A little of everything; true if anything was done. */
  step(processingTime: number, recordsMax: number): boolean {
    let worked = false
    this.run((task) => {
      if (task.nextProcessingTimer <= processingTime) {
        task.processingTime(processingTime)
        worked = true
      }
      if (task.step(recordsMax)) worked = true
      const { backend } = task.parts
      if (backend?.maintain(backend.isRestoring ? RESTORE_MS : MAINTAIN_MS) === true) worked = true
    })
    return worked
  }

  /** Does something with each task, as long as none fails. */
  run(action: (task: Task) => void): void {
    for (const task of this.tasks) {
      if (this.#stage !== 'running') return
      try {
        action(task)
      } catch (error) {
        this.#fail(task, error, 'FUNCTION_FAILED')
      }
    }
  }

  /** Output of a complete checkpoint becomes visible; false if the group did not come to that. */
  settle(checkpointId: number, commit: boolean): Promise<boolean> {
    const work = this.#each((task) => task.settle(checkpointId, commit))
    this.#settling = work.catch(() => undefined)
    return work
  }

  async abort(checkpointId: number): Promise<void> {
    await this.#each((task) => task.abort(checkpointId))
  }

  /** Stands still from now on. */
  stop(): void {
    this.#stage = 'over'
    this.#abort.abort()
  }

  /** Resolves when nothing of it writes any more. */
  async close(): Promise<void> {
    this.stop()
    await this.#settling
    await this.#resources
      .disposeAsync()
      .catch((error: unknown) => this.#options.onCloseFailed(error))
  }

  async #each(action: (task: Task) => Promise<void>): Promise<boolean> {
    for (const task of this.tasks) {
      if (this.#stage !== 'running') return false
      try {
        await action(task)
      } catch (error) {
        this.#fail(task, error, 'CONNECTOR_FAILED')
      }
    }
    return this.isRunning
  }

  #fail({ parts: { vertex, subtaskIndex } }: Task, error: unknown, code: ErrorCode): void {
    if (this.#stage === 'over') return
    this.#stage = 'over'
    try {
      this.#options.onFailed(this, `${vertex.name}[${subtaskIndex}]`, error, code)
    } finally {
      // After the failure is told: what it ends must not be told as failures of their own.
      this.#abort.abort()
    }
  }
}
