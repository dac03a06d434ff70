/** Finds the splits of sources for the master, in a worker, because only workers hold user code. */
import { errorToData } from '../errors.ts'
import type { JobGraph, SourceNode } from '../graph/job-graph.ts'
import { required } from '../util/assert.ts'
import type { WorkerHost } from './host.ts'

export class SourceDiscovery {
  readonly #sources: ReadonlyMap<string, SourceNode>
  readonly #host: WorkerHost
  readonly #signal: AbortSignal

  constructor(graph: JobGraph, host: WorkerHost, signal: AbortSignal) {
    const nodes = graph.vertices.flatMap((vertex) => vertex.nodes)
    const sources = nodes.filter((node) => node.kind === 'source')
    this.#sources = new Map(sources.map((node) => [node.uid, node]))
    this.#host = host
    this.#signal = signal
  }

  /** Runs beside the loop; the answer or a failure is a message. */
  discover(uid: string): void {
    void this.#discover(uid).catch((error: unknown) => {
      if (this.#signal.aborted) return
      this.#host.send({ kind: 'failed', error: errorToData(error, 'CONNECTOR_FAILED') })
    })
  }

  async #discover(uid: string): Promise<void> {
    const { source } = required(this.#sources.get(uid), `no source "${uid}"`)
    const { clock, random } = this.#host
    const context = { signal: this.#signal, clock, random: random.fork(uid), subtaskIndex: 0 }
    const splits = await source.discover(context)
    this.#host.send({ kind: 'discovered', uid, splits })
  }
}
