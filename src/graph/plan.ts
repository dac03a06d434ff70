/**
 * The plan: what a job is, as JSON, without its functions. Workers send it to the master, which
 * never loads user code; `millrace plan`, the manifest and the compatibility check read it.
 */
import type { StateKind } from '../state/descriptors.ts'
import type { TypeSchema } from '../types/type.ts'
import type { GraphNode, JobGraph, OperatorNode } from './job-graph.ts'

export interface PlanState {
  readonly name: string
  readonly kind: StateKind
  readonly type: TypeSchema
  readonly keyType?: TypeSchema
}

export interface PlanNode {
  readonly id: number
  readonly kind: 'source' | 'operator' | 'sink'
  readonly operation: string
  readonly label: string
  readonly uid?: string
  readonly keyType?: TypeSchema
  readonly states: readonly PlanState[]
  readonly usesTimers: boolean
  readonly inputs: readonly number[]
  /** Sources: whether it ends, and whether it can be read again. */
  readonly bounded?: boolean
  readonly replayable?: boolean
  /** Sinks. */
  readonly guarantee?: 'exactly-once' | 'at-least-once'
  readonly canWithdraw?: boolean
}

export interface PlanVertex {
  readonly id: number
  readonly name: string
  readonly nodes: readonly number[]
  readonly parallelism: number
  /** Ids of the vertices this one reads from. */
  readonly inputs: readonly number[]
}

export interface PlanEdge {
  readonly id: number
  readonly fromVertex: number
  readonly toVertex: number
  readonly partitioning: 'forward' | 'hash' | 'rebalance'
}

export interface JobPlan {
  readonly jobName: string
  readonly parallelism: number
  readonly maxParallelism: number
  readonly nodes: readonly PlanNode[]
  readonly vertices: readonly PlanVertex[]
  readonly edges: readonly PlanEdge[]
}

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
      return { id, fromVertex, toVertex, partitioning: edge.partitioning }
    }),
  }
}

function planNode(node: GraphNode): PlanNode {
  const { id, kind, label, uid } = node
  const base = { id, kind, label, ...(uid === undefined ? {} : { uid }) }
  if (node.kind === 'source') {
    const { name, bounded, replayable } = node.source
    return {
      ...base,
      operation: name,
      states: [],
      usesTimers: false,
      inputs: [],
      bounded,
      replayable,
    }
  }
  const inputs = node.inputs.map((edge) => edge.from)
  if (node.kind === 'sink') {
    const { name, guarantee } = node.sink
    return { ...base, operation: name, states: [], usesTimers: false, inputs, guarantee }
  }
  const { operation, usesTimers, key } = node
  const keyType = key === undefined ? {} : { keyType: key.type.schema }
  return { ...base, operation, ...keyType, states: planStates(node), usesTimers, inputs }
}

function planStates(node: OperatorNode): PlanState[] {
  return Object.entries(node.states).map(([name, { kind, type, keyType }]) => ({
    name,
    kind,
    type: type.schema,
    ...(keyType === undefined ? {} : { keyType: keyType.schema }),
  }))
}
