/**
 * Builds the running chain of a vertex: operators from their factories, a stage before each, and
 * outputs between them. Made from the leaves up, so that every operator gets its output at birth.
 */
import type { JobGraph, KeySelector, OperatorNode, SinkNode, Vertex } from '../graph/job-graph.ts'
import { parkedTypeOf } from '../graph/parking.ts'
import { Guard } from '../operators/failures/guard.ts'
import { Parking } from '../operators/failures/parking.ts'
import { malformedTag } from '../operators/malformed.ts'
import type { Operator, OperatorContext, OperatorWorld, Output } from '../operators/operator.ts'
import type { KeyedStateTable } from '../state/backend.ts'
import { assert, required } from '../util/assert.ts'
import { discard } from './chain-outputs.ts'
import { Fusion } from './fused-chain.ts'
import { PlainStage } from './plain-stage.ts'
import { markStage, nameOf } from './profile/marked-stage.ts'
import type { Marks } from './profile/marks.ts'
import type { Stage } from './stage.ts'
import { KeyedStage } from './stages.ts'

/** What the task gives to the chain it builds. */
export interface ChainHost {
  readonly jobName: string
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly world: OperatorWorld
  processingTime(): number
  /** So many due timers fire before the task looks at messages and barriers. */
  readonly timersPerStep: number
  /** The output that ends the chain in a sink. */
  sink(node: SinkNode): Output
  /** The output that ends it in an exchange. */
  exchange(edgeId: number): Output
  /** The rows of a keyed operator. */
  table(node: OperatorNode): KeyedStateTable
  /** Where the record was read that is being processed; empty if it is not known. */
  place(): string
  /** Something for the log that fails nothing. */
  report(event: string, error: unknown): void
  /** What stands for an operator in snapshots. */
  operatorId(uid: string): number | undefined
  /** Of a job that is profiled. */
  readonly marks?: Marks
  /** True: records go from operator to operator, as they do where no code may be made. */
  readonly isPlain?: boolean
}

export interface ChainOperator {
  readonly node: OperatorNode
  readonly operator: Operator
  readonly stage: Stage
  /** Of an operator that has an error policy. */
  readonly guard?: Guard
}

export interface Chain {
  /** In topological order. */
  readonly operators: readonly ChainOperator[]
  /** Where records for the head go. */
  readonly entry: Output
  /** Where those for its second input go; for other heads the same. */
  readonly secondEntry: Output
  /** By node: where records for it go, and times for both of its inputs. */
  readonly entries: ReadonlyMap<number, Output>
  /** Of a source: where records go that did not parse. */
  readonly malformed: Output
}

export function buildChain(graph: JobGraph, vertex: Vertex, host: ChainHost): Chain {
  const entries = new Map<number, Output>()
  const operators: ChainOperator[] = []
  let malformed: Output = discard
  const inVertex = new Set(vertex.nodes.map((node) => node.id))
  const fusion = new Fusion(vertex.id, host.isPlain === true || host.marks !== undefined)

  /** Consumers of one output of a node: in this task, and over exchanges. */
  const consumersOf = (nodeId: number, tag: string | undefined): Output => {
    const outputs: Output[] = []
    for (const node of vertex.nodes) {
      if (node.kind === 'source') continue
      const entry = entries.get(node.id)
      for (const edge of node.inputs) {
        const isLocal = inVertex.has(edge.from) && edge.from === nodeId && edge.tag === tag
        if (isLocal && entry !== undefined) outputs.push(entry)
      }
    }
    for (const { id, fromVertex, edge } of graph.edges) {
      if (fromVertex === vertex.id && edge.from === nodeId && edge.tag === tag) {
        outputs.push(host.exchange(id))
      }
    }
    return fusion.joined(outputs)
  }

  for (const node of [...vertex.nodes].reverse()) {
    if (node.kind === 'sink') entries.set(node.id, host.sink(node))
    else if (node.kind === 'source') {
      malformed = consumersOf(node.id, malformedTag.name)
      const entry = fusion.main(consumersOf(node.id, undefined), [malformed])
      host.marks?.methods(entry, node.id, node.uid, { collect: 'record' })
      entries.set(node.id, entry)
    } else {
      const built = buildOperator(node, vertex, host, { fusion, consumersOf })
      operators.unshift(built)
      entries.set(node.id, built.stage)
    }
  }
  const head = required(vertex.nodes[0], `vertex ${vertex.id} is empty`)
  const entry = fusion.fused(required(entries.get(head.id), 'the head was not built'))
  const first = operators.find(({ node }) => node === head)
  malformed = fusion.fused(malformed)
  fusion.make()
  return { operators, entry, secondEntry: first?.stage.second ?? entry, entries, malformed }
}

interface Wiring {
  readonly fusion: Fusion
  readonly consumersOf: (nodeId: number, tag: string | undefined) => Output
}

function buildOperator(
  node: OperatorNode,
  vertex: Vertex,
  host: ChainHost,
  { fusion, consumersOf }: Wiring,
): ChainOperator {
  const sides = new Map<string, Output>()
  for (const tag of node.sideOutputs.keys()) {
    sides.set(tag, fusion.fused(consumersOf(node.id, tag)))
  }
  const main = consumersOf(node.id, undefined)
  const output = sides.size === 0 ? main : fusion.main(main, [...sides.values()])
  const fused = fusion.fused(output)
  const table = node.key === undefined ? undefined : host.table(node)
  const context: OperatorContext = {
    jobName: host.jobName,
    uid: node.uid ?? node.label,
    operatorId: node.uid === undefined ? undefined : host.operatorId(node.uid),
    subtaskIndex: host.subtaskIndex,
    parallelism: host.parallelism,
    output: fused,
    // What nobody reads is dropped, as in Flink; a declared list is checked by the operator.
    sideOutput: (tag) => sides.get(tag.name) ?? discard,
    table,
    timers: table?.timers,
    processingTime: () => host.processingTime(),
    world: { ...host.world, random: host.world.random.fork(node.label) },
  }
  const guard = guardOf(node, context, host, parkingOf(node, context, vertex, host))
  const operator = node.create(guard?.context ?? context)
  guard?.protect(operator)
  const stage =
    table === undefined || node.key === undefined
      ? new PlainStage(node.label, operator)
      : keyedStage(node, node.key, { operator, table, guard, host })
  if (host.marks !== undefined) markStage(stage, node.id, nameOf(node), host.marks)
  if (operator.inline !== undefined && guard === undefined) {
    const { label } = node
    fusion.describe(stage, { label, inline: operator.inline, next: output })
    // Its records go on in the function of those before it.
    fusion.leave(fused)
  }
  return { node, operator, stage, ...(guard === undefined ? {} : { guard }) }
}

function keyedStage(
  { label, secondKey }: OperatorNode,
  key: KeySelector,
  parts: Pick<ChainOperator, 'operator'> & {
    readonly table: KeyedStateTable
    readonly guard: Guard | undefined
    readonly host: ChainHost
  },
): KeyedStage {
  const { operator, table, guard, host } = parts
  return new KeyedStage(label, operator, table, key, secondKey, host.timersPerStep, guard)
}

function guardOf(
  { onError: policy = 'fail', label, states, inputs }: OperatorNode,
  context: OperatorContext,
  host: ChainHost,
  parking: Parking | undefined,
): Guard | undefined {
  if (policy === 'fail') return undefined
  const place = (): string => host.place()
  const report = (event: string, error: unknown): void => host.report(event, error)
  const isSecondBroadcast = inputs.some(
    ({ input, partitioning }) => input === 1 && partitioning === 'broadcast',
  )
  const options = { policy, label, states, isSecondBroadcast, parking, place, report }
  return new Guard(context, options)
}

/** What it parks is in the state of another node, in the same task. */
function parkingOf(
  node: OperatorNode,
  { table, timers }: OperatorContext,
  { nodes }: Vertex,
  host: ChainHost,
): Parking | undefined {
  const { parking, label } = node
  if (parking === undefined || table === undefined || timers === undefined) return undefined
  const owner = nodes.find(({ id }) => id === parking.node)
  assert(owner?.kind === 'operator', `${label} has nowhere to park`)
  const { recordsMax, bytesMax } = parking
  return new Parking({
    label,
    table,
    timers,
    parked: host.table(owner),
    recordType: parkedTypeOf(node),
    recordsMax,
    bytesMax,
  })
}
