/**
 * Makes the tasks of one worker from the job graph: backend, chain, head, exchanges and sinks of
 * each vertex, restored from what the master assigns.
 */
import type { ToWorker } from '../checkpoint/messages.ts'
import type { JobGraph, OperatorNode, SinkNode, Vertex } from '../graph/job-graph.ts'
import type {
  KeyedStateBackend,
  KeyedStateTable,
  OperatorStateSpec,
  PhaseTimings,
  StateBackend,
} from '../state/backend.ts'
import { evolvedRecords } from '../state/evolved-records.ts'
import { keyGroupRangeOf } from '../state/key-groups.ts'
import { openRestore } from '../state/runs/run-lookups.ts'
import type { OperatorRecord, RunReference } from '../state/snapshot.ts'
import type { Scratch } from '../storage/scratch.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { assert, required } from '../util/assert.ts'
import { worldOf } from './asynchronous.ts'
import { buildChain, type Chain } from './chain.ts'
import { ExchangeOutput } from './exchange/exchange-output.ts'
import { RingReader, RingWriter } from './exchange/ring.ts'
import type { WorkerHost } from './host.ts'
import type { WorkerSettings } from '../checkpoint/settings.ts'
import { SinkRunner } from './sink-runner.ts'
import { Task } from './task.ts'
import { gateOf, sourceHeadOf, type TaskHead } from './task-head.ts'
import {
  readFormerRecords,
  restoredCommittables,
  restoredOperatorState,
  restoredWatermark,
  type FormerTasks,
} from './task-records.ts'
import { TaskSnapshots } from './task-snapshots.ts'

type Deploy = Extract<ToWorker, { kind: 'deploy' }>

/** The names of merged runs are never used twice, also not after the restart of a region. */
const MERGES_PER_ROUND = 1e9

export interface TaskBuilderOptions {
  readonly graph: JobGraph
  readonly workerIndex: number
  /** Those of which this worker's subtask is meant. */
  readonly vertices: ReadonlySet<number>
  readonly deploy: Deploy
  readonly settings: WorkerSettings
  readonly backend: StateBackend
  readonly host: WorkerHost
  readonly store: BlobStore
  readonly signal: AbortSignal
  /** Takes everything that must be closed, also if building fails half way. */
  readonly resources: AsyncDisposableStack
  processingTime(): number
}

export class TaskBuilder {
  readonly #options: TaskBuilderOptions
  readonly #operatorsByUid: ReadonlyMap<string, OperatorRecord>
  readonly timings: PhaseTimings[] = []

  constructor(options: TaskBuilderOptions) {
    this.#options = options
    this.#operatorsByUid = new Map(options.deploy.operators.map((record) => [record.uid, record]))
  }

  /** Subtask `workerIndex` of each of the vertices. */
  async build(): Promise<readonly Task[]> {
    const { graph, vertices } = this.#options
    const tasks: Task[] = []
    for (const vertex of graph.vertices) {
      if (vertices.has(vertex.id)) tasks.push(await this.#task(vertex))
    }
    return tasks
  }

  async #task(vertex: Vertex): Promise<Task> {
    const { graph, workerIndex, deploy, settings, host, store, signal, resources } = this.#options
    const subtaskIndex = workerIndex
    const { operators, scope, round } = deploy
    const restore = deploy.restores.find(
      (each) => each.vertex === vertex.id && each.subtaskIndex === subtaskIndex,
    )
    const keyGroups = keyGroupRangeOf(subtaskIndex, graph.maxParallelism, vertex.parallelism)
    const former = await readFormerRecords(store, restore)
    const runs: readonly RunReference[] = (restore?.from ?? []).flatMap((task) => task.runs)
    const { backend, tables, specs } = this.#backend(vertex, keyGroups)
    if (backend !== undefined) {
      resources.defer(() => backend.close())
      const stream = runs.length === 0 ? undefined : await openRestore(store, runs, keyGroups)
      this.timings.push(await backend.open(stream))
    }
    const own = { vertex: vertex.id, subtaskIndex, keyGroups, restored: runs }
    const snapshots = new TaskSnapshots({
      ...own,
      operators,
      scope,
      settings,
      store,
      host,
      firstMerge: round * MERGES_PER_ROUND,
      renewed: specs,
      signal,
    })
    // Closed after the sinks, for whose output a snapshot waits, and before what it reads.
    resources.defer(() => snapshots.close())
    const exchanges = new Map<number, ExchangeOutput>()
    const sinks: SinkRunner[] = []
    for (const node of vertex.nodes) {
      if (node.kind === 'sink') sinks.push(await this.#sink(vertex, node, subtaskIndex, former))
    }
    const chain = buildChain(graph, vertex, {
      jobName: settings.jobName,
      subtaskIndex,
      parallelism: vertex.parallelism,
      processingTime: () => this.#options.processingTime(),
      world: worldOf(host, signal, vertex.id, subtaskIndex),
      sink: (node: SinkNode) =>
        required(
          sinks.find((sink) => sink.node === node),
          `sink ${node.uid} is not open`,
        ).pump,
      exchange: (edgeId) => {
        const output = exchanges.get(edgeId) ?? this.#exchange(edgeId, subtaskIndex)
        exchanges.set(edgeId, output)
        return output
      },
      operatorId: (uid) => this.#operatorsByUid.get(uid)?.id,
      table: (node: OperatorNode) =>
        required(tables.get(node.id), `operator ${node.label} has no table`),
    })
    await this.#openOperators(vertex, subtaskIndex, chain, former)
    const task: Task = new Task({
      vertex,
      subtaskIndex,
      chain,
      ...this.#head(vertex, subtaskIndex, chain, { former, task: () => task }),
      exchanges: [...exchanges.values()],
      sinks,
      backend,
      snapshots,
      operatorIds: new Map(deploy.operators.map((record) => [record.uid, record.id])),
      host,
    })
    return task
  }

  /** Hands each operator what it had before, and opens it. */
  async #openOperators(
    vertex: Vertex,
    subtaskIndex: number,
    chain: Chain,
    former: FormerTasks,
  ): Promise<void> {
    for (const { node, operator, stage } of chain.operators) {
      const record = node.uid === undefined ? undefined : this.#operatorsByUid.get(node.uid)
      if (record !== undefined) {
        const { id } = record
        stage.restoreWatermark(restoredWatermark(former, id))
        const entries = restoredOperatorState(former, id, subtaskIndex, vertex.parallelism)
        operator.restoreState?.(evolvedRecords(entries, record, node.operatorStates ?? {}))
      }
      this.#options.resources.defer(async () => operator.close())
      await operator.open()
    }
  }

  #backend(
    vertex: Vertex,
    keyGroups: { readonly start: number; readonly end: number },
  ): {
    readonly backend: KeyedStateBackend | undefined
    readonly tables: ReadonlyMap<number, KeyedStateTable>
    readonly specs: readonly OperatorStateSpec[]
  } {
    const { graph, settings, host, backend: choice } = this.#options
    const tables = new Map<number, KeyedStateTable>()
    const specs: OperatorStateSpec[] = []
    const keyed = vertex.nodes.filter((node) => node.kind === 'operator' && node.key !== undefined)
    if (keyed.length === 0) return { backend: undefined, tables, specs }
    const keyedVertices = graph.vertices.filter((each) =>
      each.nodes.some((node) => node.kind === 'operator' && node.key !== undefined),
    ).length
    const backend = choice.create({
      keyGroups,
      maxParallelism: graph.maxParallelism,
      memoryBytes: Math.floor(settings.memoryBytes / (settings.parallelism * keyedVertices)),
      scratch: this.#scratch(`state-${vertex.id}`),
      processingTime: () => this.#options.processingTime(),
      monotonic: () => host.clock.monotonic(),
      ...(host.lazyRestore === undefined ? {} : { lazyRestore: host.lazyRestore }),
      ...(host.nativeStore === undefined ? {} : { nativeStore: host.nativeStore }),
    })
    for (const node of keyed) {
      assert(node.kind === 'operator' && node.key !== undefined, 'only operators are keyed')
      const uid = required(node.uid, `keyed operator ${node.label} has no uid`)
      const record = required(this.#operatorsByUid.get(uid), `operator "${uid}" has no id`)
      const { states: descriptors, key, timers = {} } = node
      const spec = { record, keyType: key.type, descriptors, timers }
      tables.set(node.id, backend.register(spec))
      specs.push(spec)
    }
    return { backend, tables, specs }
  }

  #exchange(edgeId: number, subtaskIndex: number): ExchangeOutput {
    const { graph, deploy, settings } = this.#options
    const { edge, toVertex } = required(graph.edges[edgeId], `no edge ${edgeId}`)
    const lanes = required(deploy.rings[edgeId]?.[subtaskIndex], `no rings for edge ${edgeId}`)
    const output = new ExchangeOutput({
      edge,
      maxParallelism: graph.maxParallelism,
      subtaskIndex,
      channels: lanes.flatMap((ring, to) =>
        ring === undefined ? [] : [new RingWriter(ring, this.#doorbell(to))],
      ),
      scratch: this.#scratch(`exchange-${edgeId}`),
      name: `edge-${edgeId}`,
      label: required(graph.vertices[toVertex], `no vertex ${toVertex}`).name,
      memoryBytesMax: settings.outboxBytes,
    })
    this.#options.resources.defer(() => output.close())
    return output
  }

  #scratch(name: string): Scratch {
    const { host, settings, workerIndex, resources } = this.#options
    const scratch = host.scratch(`${settings.stateDirectory}/worker-${workerIndex}/${name}`)
    resources.defer(() => scratch.close())
    return scratch
  }

  #doorbell(worker: number): ReturnType<WorkerHost['doorbell']> {
    const { deploy, host } = this.#options
    return host.doorbell(worker, required(deploy.doorbells[worker], `no doorbell ${worker}`))
  }

  async #sink(
    vertex: Vertex,
    node: SinkNode,
    subtaskIndex: number,
    former: FormerTasks,
  ): Promise<SinkRunner> {
    const { deploy, settings, host, signal } = this.#options
    const { id } = required(this.#operatorsByUid.get(node.uid), `sink "${node.uid}" has no id`)
    const runner = new SinkRunner({
      node,
      operatorId: id,
      scope: deploy.scope,
      claimedLineage: deploy.claimedLineage,
      subtaskIndex,
      host,
      scratch: this.#scratch(`sink-${node.id}`),
      memoryBytesMax: settings.outboxBytes,
      signal,
    })
    this.#options.resources.defer(() => runner.close())
    await runner.open({
      // Subtasks of other regions are writing: what they have is no leftover.
      isRegionRestart: deploy.round > 0,
      own: restoredCommittables(former, id, subtaskIndex, vertex.parallelism),
      all: restoredCommittables(former, id, 0, 1),
      withdraw: deploy.withdraw.filter((entry) => entry.operatorId === id),
    })
    return runner
  }

  #head(vertex: Vertex, subtaskIndex: number, chain: Chain, place: HeadPlace): TaskHead {
    const { graph, deploy, host, signal } = this.#options
    const node = required(vertex.nodes[0], 'an empty vertex')
    const { former, task } = place
    const at = { subtaskIndex, chain, host, task }
    if (node.kind === 'source') {
      const source = sourceHeadOf(node, signal, at)
      const id = this.#operatorsByUid.get(node.uid)?.id
      if (id !== undefined) source.restoreWatermark(restoredWatermark(former, id))
      return { head: source, source, gate: undefined }
    }
    const gate = gateOf(graph, vertex, at, (edge, from) => {
      const ring = required(deploy.rings[edge]?.[from]?.[subtaskIndex], `no ring on edge ${edge}`)
      return new RingReader(ring, this.#doorbell(from))
    })
    return { head: gate, source: undefined, gate }
  }
}

interface HeadPlace {
  readonly former: FormerTasks
  /** The task, which is made after its head. */
  readonly task: () => Task
}
