/**
 * The plan: what a job is, as JSON, without its functions. Workers send it to the master, which
 * never loads user code; `millrace plan`, the manifest and the compatibility check read it.
 */
import type { StateKind } from '../state/descriptors.ts'
import type { TimerRecord } from '../state/snapshot.ts'
import type { OperatorStateKind } from '../state/operator-state.ts'
import type { TypeSchema } from '../types/type.ts'

export interface PlanState {
  readonly name: string
  readonly kind: StateKind
  readonly type: TypeSchema
  readonly keyType?: TypeSchema
}

/** A state that belongs to no key. */
export interface PlanOperatorState {
  readonly name: string
  readonly kind: OperatorStateKind
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
  readonly operatorStates?: readonly PlanOperatorState[]
  readonly usesTimers: boolean
  /** Its keyed state is sealed under the keys of subjects. */
  readonly shredded?: true
  /** The timers that are declared by name. */
  readonly timers?: readonly TimerRecord[]
  readonly inputs: readonly number[]
  /** Sources: whether it ends, and whether it can be read again. */
  readonly bounded?: boolean
  readonly replayable?: boolean
  /** A bounded source in event time: a split that nobody reads would hold records of any time. */
  readonly readsAllSplits?: boolean
  /** How often it looks for new splits. */
  readonly discoverEveryMs?: number
  /** Sinks. */
  readonly guarantee?: 'exactly-once' | 'at-least-once'
  readonly canWithdraw?: boolean
  readonly findsNewerOutput?: boolean
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
  readonly partitioning: 'forward' | 'hash' | 'rebalance' | 'broadcast'
  /** Present for edges into the second input of an operator. */
  readonly input?: 1
}

export interface JobPlan {
  readonly jobName: string
  readonly parallelism: number
  readonly maxParallelism: number
  readonly nodes: readonly PlanNode[]
  readonly vertices: readonly PlanVertex[]
  readonly edges: readonly PlanEdge[]
}
