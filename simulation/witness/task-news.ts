/**
 * What the messages between a master and a worker say of its tasks: what each restores, and which
 * checkpoints it has acknowledged and been told are complete.
 */
import type { FromWorker, ToWorker } from '../../src/checkpoint/messages.ts'
import type { RunReference } from '../../src/state/snapshot.ts'

type Deploy = Extract<ToWorker, { readonly kind: 'deploy' }>

/** One task, from the restore to its end. */
export class TaskNews {
  readonly vertex: number
  readonly subtaskIndex: number
  readonly lineage: string
  readonly leaderEpoch: number
  /** Oldest first. */
  readonly restored: readonly RunReference[]
  readonly #acknowledged = new Set<number>()
  readonly #complete: number[] = []

  constructor(deploy: Deploy | undefined, vertex: number, subtaskIndex: number) {
    const restore = deploy?.restores.find(
      (each) => each.vertex === vertex && each.subtaskIndex === subtaskIndex,
    )
    this.vertex = vertex
    this.subtaskIndex = subtaskIndex
    this.lineage = deploy?.scope.lineage ?? ''
    this.leaderEpoch = deploy?.scope.leaderEpoch ?? 0
    this.restored = (restore?.from ?? []).flatMap(({ runs }) => runs)
  }

  get name(): string {
    return `task ${this.vertex}/${this.subtaskIndex}`
  }

  acknowledged(checkpointId: number): void {
    this.#acknowledged.add(checkpointId)
  }

  complete(checkpointId: number): void {
    // It may be told again.
    if (this.#acknowledged.delete(checkpointId)) this.#complete.push(checkpointId)
  }

  /** The next of those that it confirms: it does so in order. */
  nextComplete(): number | undefined {
    return this.#complete.shift()
  }
}

/** The tasks of one worker. */
export class WorkerNews {
  readonly #subtaskIndex: number
  readonly #tasks = new Map<number, TaskNews>()
  #deploys: readonly Deploy[] = []

  constructor(subtaskIndex: number) {
    this.#subtaskIndex = subtaskIndex
  }

  sent(message: ToWorker): void {
    if (message.kind === 'deploy') this.#deploys = [message, ...this.#deploys]
    if (message.kind !== 'complete') return
    for (const task of this.#tasks.values()) task.complete(message.checkpointId)
  }

  received(message: FromWorker): void {
    if (message.kind !== 'acknowledge') return
    this.#tasks.get(message.task.vertex)?.acknowledged(message.checkpointId)
  }

  /** The task whose state has this folder is made; undefined if it is no such folder. */
  begins(directory: string): TaskNews | undefined {
    const vertex = /\/state-(\d+)$/.exec(directory)?.[1]
    if (vertex === undefined) return undefined
    const task = new TaskNews(this.#deploys[0], Number(vertex), this.#subtaskIndex)
    this.#tasks.set(Number(vertex), task)
    return task
  }
}
