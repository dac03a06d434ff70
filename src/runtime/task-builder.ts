/**
 * Makes the tasks of one worker from the job graph: backend, chain, head, exchanges and sinks of
 * each vertex, restored from what the master assigns.
 */
import type { ToWorker } from '../checkpoint/messages.ts'
import type { JobGraph, SinkNode, Vertex } from '../graph/job-graph.ts'
import type { OperatorStateSpec, PhaseTimings, StateBackend } from '../state/backend.ts'
import { evolvedRecords } from '../state/evolved-records.ts'
import { type KeyGroupRange, keyGroupRangeOf } from '../state/key-groups.ts'
import { openRestore } from '../state/runs/run-lookups.ts'
import type { OperatorRecord, RunReference } from '../state/snapshot.ts'
import type { Scratch } from '../storage/scratch.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { required } from '../util/assert.ts'
import { surroundings } from './asynchronous.ts'
import { buildChain, type Chain, type ChainHost } from './chain.ts'
import { ExchangeOutput } from './exchange/exchange-output.ts'
import type { WorkerHost } from './host.ts'
import type { WorkerSettings } from '../checkpoint/settings.ts'
import { inFlightOf, waitingFor } from './in-flight-restore.ts'
import { markedHost } from './profile/marked-chain.ts'
import { Replay } from './replay.ts'
import { SinkRunner, type WaitingValues } from './sink-runner.ts'
import { Task } from './task.ts'
import { sourceOf } from './text-source.ts'
import { keyedBackendOf } from './task-backend.ts'
import { gateOf, inputOf, sendsKeyless, sourceHeadOf, type TaskHead } from './task-head.ts'
import {
  readFormerRecords,
  restoredCommittables,
  restoredOperatorState,
  restoredWatermark,
  type FormerTasks,
} from './task-records.ts'
import { TaskChannels } from './task-channels.ts'
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
  /** Told of each entry of an erased subject that a restore passes over. */
  readonly onErased?: () => void
  processingTime(): number
}

export class TaskBuilder {
  readonly #options: TaskBuilderOptions
  readonly #operatorsByUid: ReadonlyMap<string, OperatorRecord>
  readonly #operatorIds: ReadonlyMap<string, number>
  readonly #channels: TaskChannels
  readonly timings: PhaseTimings[] = []

  constructor(options: TaskBuilderOptions) {
    this.#options = options
    this.#channels = new TaskChannels(options)
    const { operators } = options.deploy
    this.#operatorsByUid = new Map(operators.map((record) => [record.uid, record]))
    this.#operatorIds = new Map(operators.map(({ uid, id }) => [uid, id]))
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
    const { graph, deploy, settings, host, store, signal, resources, onErased } = this.#options
    const subtaskIndex = this.#options.workerIndex
    const restore = deploy.restores.find(
      (each) => each.vertex === vertex.id && each.subtaskIndex === subtaskIndex,
    )
    const { parallelism } = vertex
    const place = { subtaskIndex, parallelism, maxParallelism: graph.maxParallelism }
    const keyGroups = keyGroupRangeOf(subtaskIndex, graph.maxParallelism, parallelism)
    const former = await readFormerRecords(store, restore)
    const inFlight = await inFlightOf(vertex, place, store, restore?.inFlight)
    const runs: readonly RunReference[] = (restore?.from ?? []).flatMap((task) => task.runs)
    const { backend, tables, specs } = keyedBackendOf(vertex, keyGroups, {
      ...this.#options,
      operatorsByUid: this.#operatorsByUid,
      scratch: () => this.#scratch(`state-${vertex.id}`),
    })
    if (backend !== undefined) {
      resources.defer(() => backend.close())
      const from = runs.length === 0 ? undefined : openRestore(store, runs, keyGroups, onErased)
      this.timings.push(await backend.open(await from))
    }
    const snapshots = this.#snapshots(vertex, keyGroups, runs, specs)
    const exchanges = new Map<number, ExchangeOutput>()
    const sinks: SinkRunner[] = []
    for (const node of vertex.nodes) {
      if (node.kind !== 'sink') continue
      const records = waitingFor(node, inFlight, place)
      const waiting = { records, mustBeWritten: former.parallelism !== parallelism }
      sinks.push(await this.#sink(vertex, node, former, waiting))
    }
    const chainHost: ChainHost = {
      jobName: settings.jobName,
      subtaskIndex,
      parallelism,
      processingTime: () => this.#options.processingTime(),
      timersPerStep: settings.timersPerStep,
      ...surroundings(host, signal, { vertex: vertex.id, subtaskIndex }, () => task.place),
      sink: (node: SinkNode) => {
        const runner = sinks.find((sink) => sink.node === node)
        return required(runner, `sink ${node.uid} is not open`).pump
      },
      exchange: (edgeId) => {
        const output = exchanges.get(edgeId) ?? this.#exchange(edgeId, subtaskIndex)
        exchanges.set(edgeId, output)
        return output
      },
      operatorId: (uid) => this.#operatorsByUid.get(uid)?.id,
      table: ({ id, label }) => required(tables.get(id), `operator ${label} has no table`),
    }
    const chain = buildChain(graph, vertex, markedHost(chainHost, graph, host.profiler?.marks))
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
      operatorIds: this.#operatorIds,
      host,
      barriers: settings,
      replay: new Replay(vertex, chain, inFlight, place),
    })
    // Before the snapshots are closed: they wait for what is in flight.
    resources.defer(() => task.barriers.close())
    return task
  }

  #snapshots(
    { id: vertex }: Vertex,
    keyGroups: KeyGroupRange,
    restored: readonly RunReference[],
    renewed: readonly OperatorStateSpec[],
  ): TaskSnapshots {
    const { workerIndex, deploy, settings, host, store, signal, resources } = this.#options
    const snapshots = new TaskSnapshots({
      vertex,
      subtaskIndex: workerIndex,
      keyGroups,
      operators: deploy.operators,
      scope: deploy.scope,
      settings,
      store,
      host,
      restored,
      firstMerge: deploy.round * MERGES_PER_ROUND,
      renewed,
      signal,
    })
    // Closed after the sinks, for whose output a snapshot waits, and before what it reads.
    resources.defer(() => snapshots.close())
    return snapshots
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

  #exchange(edgeId: number, subtaskIndex: number): ExchangeOutput {
    const { graph, settings } = this.#options
    const { edge, toVertex } = required(graph.edges[edgeId], `no edge ${edgeId}`)
    const output = new ExchangeOutput({
      edge,
      input: inputOf(graph, edgeId, this.#operatorIds),
      maxParallelism: graph.maxParallelism,
      subtaskIndex,
      channels: this.#channels.writers(edgeId),
      scratch: this.#scratch(`exchange-${edgeId}`),
      name: `edge-${edgeId}`,
      label: required(graph.vertices[toVertex], `no vertex ${toVertex}`).name,
      memoryBytesMax: settings.outboxBytes,
      sendsKeyless: sendsKeyless(graph, toVertex),
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

  async #sink(
    vertex: Vertex,
    node: SinkNode,
    former: FormerTasks,
    waiting: WaitingValues,
  ): Promise<SinkRunner> {
    const { deploy, settings, host, signal, workerIndex: subtaskIndex } = this.#options
    const { id } = required(this.#operatorsByUid.get(node.uid), `sink "${node.uid}" has no id`)
    const runner = new SinkRunner({
      node,
      operatorId: id,
      scope: deploy.scope,
      claimedLineage: deploy.claimedLineage,
      subtaskIndex,
      input: {
        node: node.id,
        edge: 0,
        receivers: vertex.parallelism,
        type: node.inputs[0]?.type ?? node.outputType,
        key: undefined,
        operatorId: id,
      },
      host,
      scratch: this.#scratch(`sink-${node.id}`),
      memoryBytesMax: settings.outboxBytes,
      valuesFull: settings.sinkValues,
      isEncrypted: settings.encryptionKeys !== undefined,
      signal,
    })
    this.#options.resources.defer(() => runner.close())
    await runner.open({
      // Subtasks of other regions are writing: what they have is no leftover.
      isRegionRestart: deploy.round > 0,
      own: restoredCommittables(former, id, subtaskIndex, vertex.parallelism),
      all: restoredCommittables(former, id, 0, 1),
      withdraw: deploy.withdraw.filter((entry) => entry.operatorId === id),
      waiting,
    })
    return runner
  }

  #head(vertex: Vertex, subtaskIndex: number, chain: Chain, place: HeadPlace): TaskHead {
    const { graph, host, signal } = this.#options
    const node = required(vertex.nodes[0], 'an empty vertex')
    const { former, task } = place
    const at = { subtaskIndex, chain, host, task }
    if (node.kind === 'source') {
      const source = sourceHeadOf(node, sourceOf(node, graph, vertex), signal, at)
      const id = this.#operatorsByUid.get(node.uid)?.id
      if (id !== undefined) source.restoreWatermark(restoredWatermark(former, id))
      return { head: source, source, gate: undefined }
    }
    const reader = (edge: number, from: number) => this.#channels.reader(edge, from)
    const gate = gateOf(graph, vertex, at, reader, this.#operatorIds)
    return { head: gate, source: undefined, gate }
  }
}

interface HeadPlace {
  readonly former: FormerTasks
  /** The task, which is made after its head. */
  readonly task: () => Task
}
