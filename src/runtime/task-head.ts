/** What stands at the head of a task: the source it reads, or the gate to the tasks before it. */
import type { Edge, GraphNode, JobGraph, SourceNode, Vertex } from '../graph/job-graph.ts'
import type { Source, SourceContext } from '../operators/source.ts'
import { assert, required } from '../util/assert.ts'
import type { Chain } from './chain.ts'
import type { ChannelReader } from './exchange/channel.ts'
import type { GateChannel } from './exchange/gate-channel.ts'
import type { ChannelInput } from './exchange/in-flight.ts'
import { InputGate } from './exchange/input-gate.ts'
import type { WorkerHost } from './host.ts'
import { SourceHead } from './source-head.ts'
import type { Task } from './task.ts'

export interface TaskHead {
  readonly head: SourceHead | InputGate
  readonly source: SourceHead | undefined
  readonly gate: InputGate | undefined
}

interface Place {
  readonly subtaskIndex: number
  readonly chain: Chain
  readonly host: WorkerHost
  /** The task, which is made after its head. */
  task(): Task
}

export function sourceHeadOf(
  node: SourceNode,
  source: Source<unknown>,
  signal: AbortSignal,
  place: Place,
): SourceHead {
  const { uid } = node
  const { subtaskIndex, chain, host } = place
  const random = host.random.fork(`${uid}/${subtaskIndex}`)
  const context: SourceContext = { signal, clock: host.clock, random, subtaskIndex }
  const head = new SourceHead({ ...node, source }, chain.entry, chain.malformed, {
    context,
    isBlocked: () => place.task().isBlocked(),
    wake: () => host.wake(),
    finished: (splitId) => host.send({ kind: 'split-finished', uid, splitId }),
    wantsSplits: () => host.send({ kind: 'wants-splits', uid, subtaskIndex }),
    monotonic: () => host.clock.monotonic(),
  })
  host.profiler?.marks.methods(head, node.id, uid, { step: 'engine' })
  return head
}

/** @param reader opens the channel of an edge from a subtask before it. */
export function gateOf(
  graph: JobGraph,
  { inputs, nodes }: Vertex,
  place: Place,
  reader: (edgeId: number, from: number) => ChannelReader,
  operatorIds: ReadonlyMap<string, number>,
): InputGate {
  const { vertices } = graph
  const { subtaskIndex, chain, host } = place
  const [first] = nodes
  const channels: GateChannel[] = []
  for (const { id, fromVertex, edge } of inputs) {
    const input = inputOf(graph, id, operatorIds)
    const senders = required(vertices[fromVertex], `no vertex ${fromVertex}`)
    for (let from = 0; from < senders.parallelism; from++) {
      if (edge.partitioning === 'forward' && from !== subtaskIndex) continue
      const output = edge.input === 0 ? chain.entry : chain.secondEntry
      const sender = `${senders.name}[${from}]`
      channels.push({
        sender,
        reader: reader(id, from),
        type: edge.type,
        output,
        takesHashes: output.collectHashed !== undefined && findsSameKeys(edge, first),
        input,
        from,
        to: subtaskIndex,
        isBroadcast: edge.partitioning === 'broadcast',
      })
    }
  }
  const gate = new InputGate(channels, {
    isBlocked: () => place.task().isBlocked(),
    aligned: (aligned) => place.task().barriers.aligned(aligned),
    aligns: (checkpointId) => place.task().barriers.aligns(checkpointId),
    finish: () => place.task().finishTimers(),
    monotonic: () => host.clock.monotonic(),
  })
  if (first !== undefined) {
    host.profiler?.marks.methods(gate, first.id, 'receive', { step: 'exchange' })
  }
  return gate
}

/** By the function that senders route by. */
function findsSameKeys({ key, input }: Edge, head: GraphNode | undefined): boolean {
  if (key === undefined || head?.kind !== 'operator') return false
  const own = input === 0 ? head.key : (head.secondKey ?? head.key)
  return own?.select === key.select
}

/** The input of a node that an edge between two vertices feeds. */
export function inputOf(
  { edges, vertices }: JobGraph,
  edgeId: number,
  operatorIds: ReadonlyMap<string, number>,
): ChannelInput {
  const { toVertex } = required(edges[edgeId], `no edge ${edgeId}`)
  const { nodes, inputs, parallelism } = required(vertices[toVertex], `no vertex ${toVertex}`)
  const node = required(nodes[0], 'an empty vertex')
  assert(node.kind !== 'source', 'nothing flows into a source')
  const edge = inputs.findIndex(({ id }) => id === edgeId)
  // As declared: where there is one subtask, the edge between the vertices needs no key.
  const { key, type } = required(node.inputs[edge], `${node.label} has no input ${edge}`)
  return {
    node: node.id,
    edge,
    receivers: parallelism,
    type,
    key,
    operatorId: entriesOf(node.uid, operatorIds),
  }
}

/** What channel data lies under: an operator without uid has no id, and takes another's. */
function entriesOf(uid: string | undefined, operatorIds: ReadonlyMap<string, number>): number {
  const own = uid === undefined ? undefined : operatorIds.get(uid)
  return own ?? Math.min(...operatorIds.values())
}

/** What has no key is told by the operator that asks for it, if it has an error policy. */
export function sendsKeyless({ vertices }: JobGraph, vertex: number): boolean {
  const head = vertices[vertex]?.nodes[0]
  return head?.kind === 'operator' && (head.onError ?? 'fail') !== 'fail'
}
