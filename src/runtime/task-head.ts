/** What stands at the head of a task: the source it reads, or the gate to the tasks before it. */
import type { JobGraph, SourceNode, Vertex } from '../graph/job-graph.ts'
import type { SourceContext } from '../operators/source.ts'
import { required } from '../util/assert.ts'
import type { Chain } from './chain.ts'
import type { ChannelReader } from './exchange/channel.ts'
import { type GateChannel, InputGate } from './exchange/input-gate.ts'
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

export function sourceHeadOf(node: SourceNode, signal: AbortSignal, place: Place): SourceHead {
  const { uid } = node
  const { subtaskIndex, chain, host } = place
  const random = host.random.fork(`${uid}/${subtaskIndex}`)
  const context: SourceContext = { signal, clock: host.clock, random, subtaskIndex }
  return new SourceHead(node, chain.entry, chain.malformed, {
    context,
    isBlocked: () => place.task().isBlocked(),
    wake: () => host.wake(),
    finished: (splitId) => host.send({ kind: 'split-finished', uid, splitId }),
    wantsSplits: () => host.send({ kind: 'wants-splits', uid, subtaskIndex }),
    monotonic: () => host.clock.monotonic(),
  })
}

/** @param reader opens the channel of an edge from a subtask before it. */
export function gateOf(
  { vertices }: JobGraph,
  { inputs }: Vertex,
  place: Place,
  reader: (edgeId: number, from: number) => ChannelReader,
): InputGate {
  const { subtaskIndex, chain, host } = place
  const channels: GateChannel[] = []
  for (const { id, fromVertex, edge } of inputs) {
    const senders = required(vertices[fromVertex], `no vertex ${fromVertex}`)
    for (let from = 0; from < senders.parallelism; from++) {
      if (edge.partitioning === 'forward' && from !== subtaskIndex) continue
      const output = edge.input === 0 ? chain.entry : chain.secondEntry
      const sender = `${senders.name}[${from}]`
      channels.push({ sender, reader: reader(id, from), type: edge.type, output })
    }
  }
  return new InputGate(channels, {
    isBlocked: () => place.task().isBlocked(),
    aligned: (aligned) => place.task().aligned(aligned),
    monotonic: () => host.clock.monotonic(),
  })
}
