/** The profile of one worker, when it ends. */
import type { JobGraph } from '../../graph/job-graph.ts'
import { attribute } from './attribution.ts'
import type { WatchedTime } from './cpu-profile.ts'
import type { WorkerProfile } from './job-profile.ts'
import { nameOf } from './marked-stage.ts'
import type { Marks } from './marks.ts'

/** What watches where the time of a worker goes, from its start on. */
export interface Profiler {
  readonly marks: Marks
  /** Folder of the engine's files, as a URL that ends with a slash. */
  readonly engineUrl: string
  /** Records are processed from now on; what was before was the start. */
  begin(): void
  /** Ends it; once. */
  stop(): WatchedTime
}

/** @param graph undefined: the worker ended before it knew it. */
export function workerProfile(
  profiler: Profiler,
  graph: JobGraph | undefined,
): Omit<WorkerProfile, 'attempt' | 'worker'> {
  const watched = profiler.stop()
  const nodes = graph?.vertices.flatMap((vertex) => vertex.nodes) ?? []
  const names = new Map(nodes.map((node) => [node.id, nameOf(node)]))
  const only = (kind: 'source' | 'sink'): number | undefined => {
    const ids = new Set(nodes.filter((node) => node.kind === kind).map(({ id }) => id))
    return ids.size === 1 ? [...ids][0] : undefined
  }
  const job = { engineUrl: profiler.engineUrl, source: only('source'), sink: only('sink') }
  const operators = attribute(watched, profiler.marks.counts, job)
  return {
    wallMs: watched.wallMs,
    cpuMs: watched.cpuMs,
    operators: operators.map(({ node, times, counts }) => {
      return { operator: node === undefined ? undefined : names.get(node), times, counts }
    }),
    cpuProfile: JSON.stringify(watched.profile),
  }
}
