/**
 * The node of a function under test: chained into a small job with the real API, so that it is
 * checked, planned and numbered exactly as in a job of the user.
 */
import { job } from '../api/job.ts'
import { sink } from '../connectors/define-sink.ts'
import { buildJobGraph } from '../graph/build.ts'
import type { OperatorNode } from '../graph/job-graph.ts'
import { planOf } from '../graph/plan-of.ts'
import type { JobPlan } from '../graph/plan.ts'
import type { KeyedProcess } from '../operators/functions.ts'
import type { StateSchema } from '../state/descriptors.ts'
import { MAX_PARALLELISM_DEFAULT } from '../state/key-groups.ts'
import { t } from '../types/t.ts'
import { required } from '../util/assert.ts'

/** The name of the job that a function under test runs in: `jobName` of its `open`. */
export const HARNESS_JOB = 'harness'

export interface HarnessNode {
  readonly node: OperatorNode
  readonly plan: JobPlan
}

export function harnessNode<K, I, O, S extends StateSchema, R>(
  uid: string,
  fn: KeyedProcess<K, I, O, S, R>,
): HarnessNode {
  const under = job(HARNESS_JOB, (env) => {
    env
      .fromElements<I>('harness-input', [])
      // Never called: the harness hands over keys itself.
      .keyBy((): K => unreachable(), fn.key ?? t.dynamic<K>())
      .process(uid, fn)
      .sinkTo('harness-output', sink({ write() {} }))
  })
  const graph = buildJobGraph(under, {
    parallelism: 1,
    maxParallelism: MAX_PARALLELISM_DEFAULT,
    params: {},
  })
  const nodes = graph.vertices.flatMap((vertex) => vertex.nodes)
  const node = nodes.find((each) => each.kind === 'operator' && each.key !== undefined)
  return { node: required(node as OperatorNode | undefined, 'no keyed node'), plan: planOf(graph) }
}

function unreachable(): never {
  throw new Error('the key selector of a harness is not called')
}
