/**
 * The node of an operator under test: chained into a small job with the real API, so that it is
 * checked, planned and numbered exactly as in a job of the user.
 */
import { job } from '../api/job.ts'
import type { KeyedBroadcastConnectedStreams } from '../api/streams/connected.ts'
import type { DataStream, StreamEnvironment } from '../api/streams/data.ts'
import type { KeyedStream } from '../api/streams/keyed.ts'
import { sink } from '../connectors/define-sink.ts'
import { buildJobGraph } from '../graph/build.ts'
import type { OperatorNode } from '../graph/job-graph.ts'
import { planOf } from '../graph/plan-of.ts'
import type { JobPlan } from '../graph/plan.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { ProcessFunction } from '../operators/functions.ts'
import { MAX_PARALLELISM_DEFAULT } from '../state/key-groups.ts'
import { t } from '../types/t.ts'
import type { Type } from '../types/type.ts'
import { required } from '../util/assert.ts'

/** The name of the job that a function under test runs in: `jobName` of its `open`. */
export const HARNESS_JOB = 'harness'

export interface HarnessNode {
  readonly node: OperatorNode
  readonly plan: JobPlan
}

/** @param chain adds the operator under test, with this uid, to a stream keyed by `key`. */
export function harnessNode<K, I, O>(
  uid: string,
  key: Type<K> | undefined,
  chain: (keyed: KeyedStream<K, I>) => DataStream<O>,
  input?: Type<I>,
): HarnessNode {
  return nodeOf(uid, (env) => {
    const keyed = env
      .fromElements<I>('harness-input', [], input)
      // Never called: the harness hands over keys itself.
      .keyBy((): K => unreachable(), key ?? t.dynamic<K>())
    return chain(keyed)
  })
}

/** As above, of a process function over a stream without keys. */
export function processNode<I, O, R, P extends OperatorStateSchema>(
  uid: string,
  fn: ProcessFunction<I, O, R, P>,
): HarnessNode {
  return nodeOf(uid, (env) => env.fromElements<I>('harness-input', []).process(uid, fn))
}

/** As above, over two keyed streams. */
export function twoInputNode<K, A, B, O>(
  uid: string,
  key: Type<K> | undefined,
  chain: (first: KeyedStream<K, A>, second: KeyedStream<K, B>) => DataStream<O>,
  inputs: { readonly first?: Type<A>; readonly second?: Type<B> } = {},
): HarnessNode {
  return nodeOf(uid, (env) => {
    const first = env.fromElements<A>('harness-input', [], inputs.first)
    const second = env.fromElements<B>('harness-second-input', [], inputs.second)
    const keyType = key ?? t.dynamic<K>()
    return chain(
      first.keyBy((): K => unreachable(), keyType),
      second.keyBy((): K => unreachable(), keyType),
    )
  })
}

/** As above, over a keyed stream and a broadcast one. */
export function broadcastNode<K, A, B, O, BS extends BroadcastStateSchema>(
  uid: string,
  key: Type<K> | undefined,
  broadcast: BS,
  chain: (streams: KeyedBroadcastConnectedStreams<K, A, B, BS>) => DataStream<O>,
): HarnessNode {
  return nodeOf(uid, (env) => {
    const keyed = env
      .fromElements<A>('harness-input', [])
      .keyBy((): K => unreachable(), key ?? t.dynamic<K>())
    const second = env.fromElements<B>('harness-broadcast-input', []).broadcast(broadcast)
    return chain(keyed.connect(second))
  })
}

function nodeOf<O>(uid: string, chain: (env: StreamEnvironment) => DataStream<O>): HarnessNode {
  const under = job(HARNESS_JOB, (env) => {
    chain(env).sinkTo('harness-output', sink({ write() {} }))
  })
  const graph = buildJobGraph(under, {
    parallelism: 1,
    maxParallelism: MAX_PARALLELISM_DEFAULT,
    params: {},
  })
  const nodes = graph.vertices.flatMap((vertex) => vertex.nodes)
  const node = nodes.find((each) => each.uid === uid)
  return {
    node: required(node as OperatorNode | undefined, `no node "${uid}"`),
    plan: planOf(graph),
  }
}

function unreachable(): never {
  throw new Error('the key selector of a harness is not called')
}
