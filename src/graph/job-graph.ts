/**
 * A job as data. `api/` builds nodes as the user chains them; `chaining.ts` groups neighbours into
 * vertices, each a task per subtask; the runtime instantiates operators from their factories. Nodes
 * hold the user's functions, so a graph never crosses a thread: each worker builds its own from the
 * job's module, and only its `plan` (JSON) travels.
 */
import type { ParkingLimits } from '../operators/failures/parking.ts'
import type { ErrorPolicy } from '../operators/failures/policy.ts'
import type { OperatorContext, Operator } from '../operators/operator.ts'
import type { Source } from '../operators/source.ts'
import type { WatermarkStrategy } from '../operators/watermarks.ts'
import type { Sink } from '../operators/sink.ts'
import type { StateDescriptor } from '../state/descriptors.ts'
import type { SubjectOf } from '../state/sealed/subject.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { NonKeyedState } from '../state/operator-descriptors.ts'
import type { Type } from '../types/type.ts'

/** Watermarks of a source, per split. */
export interface TimeStrategy extends WatermarkStrategy {
  readonly idlenessMs?: number
  /** No split holds anything older than the splits before it. */
  readonly splitsInOrder?: boolean
  /** Not to be read further ahead of the slowest of its group. */
  readonly alignment?: { readonly group: string; readonly maxDriftMs: number }
}

export interface KeySelector {
  readonly select: (value: unknown) => unknown
  readonly type: Type<unknown>
  /** Whose a key is, where subjects can be erased. */
  readonly shredBy?: SubjectOf
}

interface NodeBase {
  /** Position in the graph, dense from 0 in order of creation; equal in every worker. */
  readonly id: number
  /** What the user sees: the uid, or the operation and the line that made it. */
  readonly label: string
  /** The user's source line (`file:line:column`), for messages. */
  readonly location: string | undefined
  readonly outputType: Type<unknown>
}

export interface SourceNode extends NodeBase {
  readonly kind: 'source'
  readonly uid: string
  readonly source: Source<unknown>
  readonly time: TimeStrategy | undefined
}

export interface OperatorNode extends NodeBase {
  readonly kind: 'operator'
  /** Required for nodes that own state; absent for the others. */
  readonly uid: string | undefined
  /** map, flatMap, filter, count, reduce, process, … */
  readonly operation: string
  readonly inputs: readonly Edge[]
  /** Present when the first input is keyed: all its edges, by the same type. */
  readonly key: KeySelector | undefined
  /** Of the second input, by the same type; without it the edges of that are not keyed. */
  readonly secondKey?: KeySelector
  readonly states: Readonly<Record<string, StateDescriptor>>
  /** State of the subtask that belongs to no key: declared lists, and maps of broadcast streams. */
  readonly operatorStates?: Readonly<Record<string, NonKeyedState>>
  readonly usesTimers: boolean
  /** Those that the function declares, by name. */
  readonly timers?: TimerSchema
  readonly sideOutputs: ReadonlyMap<string, Type<unknown>>
  /**
   * Each record, and each timer, is one call whose effects can be held back and undone: it may
   * have an error policy.
   */
  readonly isUndoable?: boolean
  /** What becomes of records at which the function throws. Default: `fail`. */
  readonly onError?: ErrorPolicy
  /** Of the policy `park`: limits, and the node that owns what is parked. */
  readonly parking?: ParkingLimits & { readonly node: number }
  /** It takes lines of text as bytes as well as in strings. */
  readonly readsText?: boolean
  /** Owns state for another operator, and gets no records. */
  readonly isParking?: boolean
  /** Makes one running instance for a subtask. */
  readonly create: (context: OperatorContext) => Operator
}

export interface SinkNode extends NodeBase {
  readonly kind: 'sink'
  readonly uid: string
  readonly inputs: readonly Edge[]
  readonly sink: Sink<unknown>
}

export type GraphNode = SourceNode | OperatorNode | SinkNode

export interface Edge {
  readonly from: number
  /** Name of the side output that is read, or undefined for the main one. */
  readonly tag: string | undefined
  /** Which input of the node it feeds: 1 only for operators that have `processElement2`. */
  readonly input: 0 | 1
  /** How records are spread when the sides run in different tasks. */
  readonly partitioning: 'forward' | 'hash' | 'rebalance' | 'broadcast'
  /** For hash partitioning. */
  readonly key: KeySelector | undefined
  /** Type of the records on this edge. */
  readonly type: Type<unknown>
}

export interface StreamGraph {
  readonly nodes: readonly GraphNode[]
}

/** Nodes that share a task: `nodes[0]` is its head, the others follow by forward edges. */
export interface Vertex {
  /** Dense from 0, in topological order. */
  readonly id: number
  readonly name: string
  readonly nodes: readonly GraphNode[]
  /** Edges into the head from other vertices, in the order of the head's inputs. */
  readonly inputs: readonly VertexEdge[]
  readonly parallelism: number
}

export interface VertexEdge {
  readonly id: number
  readonly fromVertex: number
  readonly toVertex: number
  readonly edge: Edge
}

export interface JobGraph {
  readonly jobName: string
  readonly parallelism: number
  readonly maxParallelism: number
  readonly vertices: readonly Vertex[]
  readonly edges: readonly VertexEdge[]
}
