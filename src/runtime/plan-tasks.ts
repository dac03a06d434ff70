/** What the master reads from the plan of a job: its tasks, and its sources. */
import type { TaskName } from '../checkpoint/protocol.ts'
import type { JobPlan } from '../graph/plan.ts'
import type { Region } from '../graph/regions.ts'
import { required } from '../util/assert.ts'
import type { SourceSpec } from './split-coordinator.ts'

/** What the split coordinator must know of the sources. */
export function sourceSpecs(plan: JobPlan): readonly SourceSpec[] {
  const specs: SourceSpec[] = []
  for (const vertex of plan.vertices) {
    for (const id of vertex.nodes) {
      const node = required(plan.nodes[id], `no node ${id}`)
      if (node.kind !== 'source' || node.uid === undefined) continue
      const { uid, bounded = true, discoverEveryMs } = node
      const discoversAgain = discoverEveryMs !== undefined
      const onDemand = bounded && node.readsAllSplits !== true
      specs.push({ uid, bounded, onDemand, discoversAgain, parallelism: vertex.parallelism })
    }
  }
  return specs
}

/** Every task of the job, with the name of its vertex. */
export function taskNames(plan: JobPlan): readonly TaskName[] {
  return plan.vertices.flatMap(({ id, name, parallelism }) =>
    Array.from({ length: parallelism }, (_, subtaskIndex) => ({ vertex: id, subtaskIndex, name })),
  )
}

/** The source a vertex reads, if it reads one. */
export function sourceUidOf(plan: JobPlan, vertex: number): string | undefined {
  const head = plan.vertices.find(({ id }) => id === vertex)?.nodes[0]
  const node = plan.nodes.find(({ id }) => id === head)
  return node?.kind === 'source' ? node.uid : undefined
}

/** As messages call the tasks of a region. */
export function namesOf({ tasks }: Region, plan: JobPlan): readonly string[] {
  return tasks.map(({ vertex, subtaskIndex }) => {
    const name = plan.vertices.find(({ id }) => id === vertex)?.name ?? `vertex ${vertex}`
    return `${name}[${subtaskIndex}]`
  })
}
