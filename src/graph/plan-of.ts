/** From the graph that runs to its plan: what it is, without its functions. */
import type { GraphNode, JobGraph, OperatorNode } from './job-graph.ts'
import type { TimerRecord } from '../state/snapshot.ts'
import type { Type } from '../types/type.ts'
import type { JobPlan, PlanNode } from './plan.ts'

/** The plan of a graph. */
export function planOf(graph: JobGraph): JobPlan {
  const nodes = graph.vertices.flatMap((vertex) => vertex.nodes).sort((a, b) => a.id - b.id)
  return {
    jobName: graph.jobName,
    parallelism: graph.parallelism,
    maxParallelism: graph.maxParallelism,
    nodes: nodes.map(planNode),
    vertices: graph.vertices.map((vertex) => ({
      id: vertex.id,
      name: vertex.name,
      nodes: vertex.nodes.map((node) => node.id),
      parallelism: vertex.parallelism,
      inputs: [...new Set(vertex.inputs.map((edge) => edge.fromVertex))],
    })),
    edges: graph.edges.map(({ id, fromVertex, toVertex, edge }) => {
      const { partitioning, input } = edge
      return { id, fromVertex, toVertex, partitioning, ...(input === 0 ? {} : { input }) }
    }),
  }
}

function planNode(node: GraphNode): PlanNode {
  const { id, kind, label, uid } = node
  const base = { id, kind, label, ...(uid === undefined ? {} : { uid }) }
  if (node.kind === 'source') {
    const { name, bounded, replayable, discoverEveryMs, readsAllSplits = false } = node.source
    const isTimed = node.time !== undefined && node.time.splitsInOrder !== true
    return {
      ...base,
      operation: name,
      states: [],
      usesTimers: false,
      inputs: [],
      bounded,
      replayable,
      ...(bounded && (readsAllSplits || isTimed) ? { readsAllSplits: true } : {}),
      ...(discoverEveryMs === undefined ? {} : { discoverEveryMs }),
    }
  }
  const inputs = node.inputs.map((edge) => edge.from)
  if (node.kind === 'sink') {
    const { name, guarantee, canWithdraw, findsNewerOutput } = node.sink
    return {
      ...base,
      operation: name,
      states: [],
      usesTimers: false,
      inputs,
      guarantee,
      ...(canWithdraw === undefined ? {} : { canWithdraw }),
      ...(findsNewerOutput === undefined ? {} : { findsNewerOutput }),
    }
  }
  const { operation, usesTimers, key } = node
  const keyType = key === undefined ? {} : { keyType: key.type.schema }
  const states = { states: planStates(node.states), ...planOperatorStates(node) }
  const shredded = key?.shredBy === undefined ? {} : { shredded: true as const }
  const timers = { usesTimers, ...planTimers(node) }
  return { ...base, operation, ...keyType, ...states, ...timers, ...shredded, inputs }
}

function planOperatorStates({ operatorStates = {} }: OperatorNode): Partial<PlanNode> {
  if (Object.keys(operatorStates).length === 0) return {}
  return { operatorStates: planStates(operatorStates) }
}

interface Declared<Kind> {
  readonly kind: Kind
  readonly type: Type<unknown>
  readonly keyType?: Type<unknown>
}

function planStates<Kind>(states: Readonly<Record<string, Declared<Kind>>>) {
  return Object.entries(states).map(([name, { kind, type, keyType }]) => ({
    name,
    kind,
    type: type.schema,
    ...(keyType === undefined ? {} : { keyType: keyType.schema }),
  }))
}

/** Nothing for operators that declare no timers. */
function planTimers({ timers = {} }: OperatorNode): { readonly timers?: readonly TimerRecord[] } {
  const records = Object.entries(timers).map(([name, { domain, payload }]) => ({
    name,
    domain,
    ...(payload === undefined ? {} : { payload: payload.schema }),
  }))
  return records.length === 0 ? {} : { timers: records }
}
