/**
 * The channels of a worker's tasks: rings to and from other workers; between two tasks of this one,
 * which are always made and stopped together, a channel without shared memory.
 */
import type { ToWorker } from '../checkpoint/messages.ts'
import type { JobGraph } from '../graph/job-graph.ts'
import { required } from '../util/assert.ts'
import type { ChannelReader, ChannelWriter } from './exchange/channel.ts'
import { LocalChannel } from './exchange/local-channel.ts'
import { ringCapacityOf, RingReader, RingWriter } from './exchange/ring.ts'
import type { WorkerHost } from './host.ts'

export interface TaskChannelsOptions {
  readonly graph: JobGraph
  readonly workerIndex: number
  readonly deploy: Pick<Extract<ToWorker, { kind: 'deploy' }>, 'rings' | 'doorbells'>
  readonly host: Pick<WorkerHost, 'doorbell'>
}

export class TaskChannels {
  readonly #options: TaskChannelsOptions
  /** By edge. */
  readonly #local = new Map<number, LocalChannel>()

  constructor(options: TaskChannelsOptions) {
    this.#options = options
  }

  /** To the subtasks that listen: forward, only one of them does. */
  writers(edgeId: number): readonly ChannelWriter[] {
    const { deploy, workerIndex } = this.#options
    const lanes = required(deploy.rings[edgeId]?.[workerIndex], `no rings for edge ${edgeId}`)
    return lanes.flatMap((ring, to) => {
      if (ring === undefined) return []
      return [this.#localOf(edgeId, to, ring) ?? new RingWriter(ring, this.#doorbell(to))]
    })
  }

  reader(edgeId: number, from: number): ChannelReader {
    const { deploy, workerIndex } = this.#options
    const rings = deploy.rings[edgeId]?.[from]
    const ring = required(rings?.[workerIndex], `no ring on edge ${edgeId}`)
    return this.#localOf(edgeId, from, ring) ?? new RingReader(ring, this.#doorbell(from))
  }

  /** @param other the worker of the other end. */
  #localOf(edgeId: number, other: number, ring: SharedArrayBuffer): LocalChannel | undefined {
    const { graph, workerIndex } = this.#options
    const { edge } = required(graph.edges[edgeId], `no edge ${edgeId}`)
    // Broadcast, each subtask gets a record of its own, which it may keep.
    if (other !== workerIndex || edge.partitioning === 'broadcast') return undefined
    const made = this.#local.get(edgeId)
    if (made !== undefined) return made
    const channel = new LocalChannel({
      type: edge.type,
      isHashed: edge.partitioning === 'hash',
      capacityBytes: ringCapacityOf(ring),
      doorbell: this.#doorbell(workerIndex),
    })
    this.#local.set(edgeId, channel)
    return channel
  }

  #doorbell(worker: number): ReturnType<WorkerHost['doorbell']> {
    const { deploy, host } = this.#options
    return host.doorbell(worker, required(deploy.doorbells[worker], `no doorbell ${worker}`))
  }
}
