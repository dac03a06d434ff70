// Jobs for the tests of the graph: built from the public API, planned at some parallelism.
import { type DataStream, job, type StreamEnvironment } from 'millrace'
import { buildJobGraph } from '../../src/graph/build.ts'
import { asJob, type JobOptions } from '../../src/graph/job.ts'
import type { JobGraph } from '../../src/graph/job-graph.ts'
import type { JobPlan } from '../../src/graph/plan.ts'
import { planOf } from '../../src/graph/plan-of.ts'

export type Build = (env: StreamEnvironment, lines: DataStream<string>) => void

/** The graph of a job whose source is `lines`. */
export function graphOf(parallelism: number, build: Build, options: JobOptions = {}): JobGraph {
  const built = job('tested', options, (env) => build(env, env.fromElements('lines', ['a b'])))
  return buildJobGraph(asJob(built), { parallelism, maxParallelism: 128, params: {} })
}

export function planFor(parallelism: number, build: Build): JobPlan {
  return planOf(graphOf(parallelism, build))
}

/** The vertices as text, each with what it reads: `counts → out < 0 hash`. */
export function shapeOf(parallelism: number, build: Build): string[] {
  const plan = planFor(parallelism, build)
  return plan.vertices.map(({ id, name }) => {
    const inputs = plan.edges
      .filter((edge) => edge.toVertex === id)
      .map((edge) => `${edge.fromVertex} ${edge.partitioning}`)
    return inputs.length === 0 ? name : `${name} < ${inputs.join(', ')}`
  })
}
