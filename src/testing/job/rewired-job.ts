/**
 * A job whose sources are scripts and whose sinks are recordings. Everything else, uids and types
 * included, is as its author built it.
 */
import { MillraceError } from '../../errors.ts'
import { Job } from '../../graph/job.ts'
import type { GraphNode, SinkNode, SourceNode } from '../../graph/job-graph.ts'
import { nearestName } from '../../util/nearest.ts'
import { Recording } from './recorded-sink.ts'
import { Script } from './scripted-source.ts'

export interface RewiredOptions {
  readonly splits: number
  /** Uids of sources and sinks that stay. */
  readonly keep: readonly string[]
  readonly settle: () => Promise<void>
}

export class Rewired {
  readonly job: Job
  readonly #options: RewiredOptions
  readonly #scripts = new Map<string, Script>()
  readonly #recordings = new Map<string, Recording>()

  constructor(job: Job, options: RewiredOptions) {
    this.#options = options
    const { settings, strictTypes, params } = job
    this.job = new Job(job.name, { ...settings, strictTypes }, params, (values) => {
      const { nodes } = job.streamGraph(values)
      return Object.freeze({ nodes: nodes.map((node) => this.#rewire(node)) })
    })
  }

  script(uid: string): Script {
    return found(this.#scripts, uid, 'source')
  }

  recording(uid: string): Recording {
    return found(this.#recordings, uid, 'sink')
  }

  endSources(): void {
    for (const script of this.#scripts.values()) script.endNow()
  }

  /** The graph is built anew by each worker and each start: scripts and recordings stay. */
  #rewire(node: GraphNode): GraphNode {
    if (node.kind === 'operator' || this.#options.keep.includes(node.uid)) return node
    return Object.freeze(node.kind === 'source' ? this.#source(node) : this.#sink(node))
  }

  #source(node: SourceNode): SourceNode {
    const { splits, settle } = this.#options
    const script = this.#scripts.get(node.uid) ?? new Script(node.uid, node.source, splits, settle)
    this.#scripts.set(node.uid, script)
    return { ...node, source: script.source }
  }

  #sink(node: SinkNode): SinkNode {
    const recording = this.#recordings.get(node.uid) ?? new Recording(node.outputType)
    this.#recordings.set(node.uid, recording)
    return { ...node, sink: recording.sink }
  }
}

function found<T>(all: ReadonlyMap<string, T>, uid: string, what: string): T {
  const one = all.get(uid)
  if (one !== undefined) return one
  const near = nearestName(uid, all.keys())
  throw new MillraceError('CONFIG_INVALID', `the job has no ${what} "${uid}"`, {
    cure:
      near === undefined
        ? `its ${what}s: ${[...all.keys()].join(', ')}`
        : `did you mean "${near}"?`,
  })
}
