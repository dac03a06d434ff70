/**
 * Regions: what must be restored together when a task fails. Two tasks are of one region if records
 * go from one to the other, or if they share state that is handed out as a whole; so nothing that a
 * region did since a checkpoint can be seen by another, and one can go back without the others.
 * Splits that the subtasks of a source share do not join them: the coordinator takes back those of
 * the tasks that failed. A pure function of the plan: master and workers come to the same regions.
 */
import type { JobPlan, PlanVertex } from './plan.ts'

export interface TaskId {
  readonly vertex: number
  readonly subtaskIndex: number
}

export interface Region {
  /** Dense from 0, in the order of their first tasks. */
  readonly id: number
  /** By vertex, then subtask. */
  readonly tasks: readonly TaskId[]
  /** Workers that run any of them, ascending: worker i runs subtask i of every vertex. */
  readonly workers: readonly number[]
}

/** The regions of a job, each task in exactly one. */
export function regionsOf(plan: JobPlan): readonly Region[] {
  const first = new Map<number, number>()
  let count = 0
  for (const { id, parallelism } of plan.vertices) {
    first.set(id, count)
    count += parallelism
  }
  const sets = new DisjointSets(count)
  const place = (vertex: number, subtaskIndex: number): number =>
    (first.get(vertex) ?? 0) + subtaskIndex
  const joinAll = ({ id, parallelism }: PlanVertex): void => {
    for (let index = 1; index < parallelism; index++) sets.join(place(id, 0), place(id, index))
  }
  const byId = new Map(plan.vertices.map((vertex) => [vertex.id, vertex]))
  for (const { fromVertex, toVertex, partitioning } of plan.edges) {
    const from = byId.get(fromVertex)
    const to = byId.get(toVertex)
    if (from === undefined || to === undefined) continue
    const isOneToOne = partitioning === 'forward' && from.parallelism === to.parallelism
    const lanes = isOneToOne ? from.parallelism : 1
    for (let at = 0; at < lanes; at++) sets.join(place(fromVertex, at), place(toVertex, at))
    if (isOneToOne) continue
    joinAll(from)
    joinAll(to)
  }
  for (const vertex of plan.vertices) if (sharesState(vertex, plan)) joinAll(vertex)
  return grouped(plan, (task) => sets.find(place(task.vertex, task.subtaskIndex)))
}

/** Union and broadcast state goes to every subtask whole: one alone would get others' by it. */
function sharesState({ nodes }: PlanVertex, plan: JobPlan): boolean {
  return plan.nodes.some(({ id, operatorStates = [] }) => {
    return nodes.includes(id) && operatorStates.some(({ kind }) => kind !== 'operator-list')
  })
}

function grouped(plan: JobPlan, setOf: (task: TaskId) => number): readonly Region[] {
  const groups = new Map<number, TaskId[]>()
  for (const { id: vertex, parallelism } of plan.vertices.toSorted((a, b) => a.id - b.id)) {
    for (let subtaskIndex = 0; subtaskIndex < parallelism; subtaskIndex++) {
      const task = { vertex, subtaskIndex }
      const set = setOf(task)
      const group = groups.get(set)
      if (group === undefined) groups.set(set, [task])
      else group.push(task)
    }
  }
  return [...groups.values()].map((tasks, id) => {
    const workers = [...new Set(tasks.map(({ subtaskIndex }) => subtaskIndex))]
    return { id, tasks, workers: workers.toSorted((a, b) => a - b) }
  })
}

/** Union-find over dense numbers. */
class DisjointSets {
  readonly #parents: number[]

  constructor(count: number) {
    this.#parents = Array.from({ length: count }, (_, at) => at)
  }

  find(element: number): number {
    let root = element
    for (let next = this.#parents[root]; next !== undefined && next !== root;) {
      root = next
      next = this.#parents[root]
    }
    this.#parents[element] = root
    return root
  }

  join(a: number, b: number): void {
    const [low, high] = [this.find(a), this.find(b)].toSorted((x, y) => x - y)
    if (low !== undefined && high !== undefined) this.#parents[high] = low
  }
}
