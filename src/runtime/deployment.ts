/**
 * What workers are told to build: the tasks of some regions, where their state comes from, and the
 * rings between them. Doorbells live as long as the attempt; rings are new for each deployment, so
 * that nothing a failed task left in one is ever read.
 */
import type { CheckpointedJob } from '../checkpoint/coordinator.ts'
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import type { ForeignRuns, TaskRestore, ToWorker } from '../checkpoint/messages.ts'
import type { WorkerSettings } from '../checkpoint/settings.ts'
import type { KeptVault } from '../encryption/subjects/vault-codec.ts'
import type { Region } from '../graph/regions.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import { required } from '../util/assert.ts'
import { createRing } from './exchange/ring.ts'
import { vaultBytes } from './subject-keys.ts'

export interface DeploymentSetup {
  readonly workers: number
  readonly settings: WorkerSettings
  readonly job: CheckpointedJob
  readonly vault: KeptVault | undefined
}

export interface Deployment {
  /** 0 for the first of an attempt. */
  readonly round: number
  readonly regions: readonly Region[]
  /** The checkpoint that is restored. */
  readonly restored: CheckpointLink | undefined
  readonly restores: readonly TaskRestore[]
  readonly withdraw: readonly OperatorStateEntry[]
  /** Output of this lineage up to this checkpoint counts. */
  readonly lastOutputId: number
  readonly imports?: ForeignRuns | undefined
}

export class Deployments {
  readonly #setup: DeploymentSetup
  readonly #doorbells: readonly SharedArrayBuffer[]

  constructor(setup: DeploymentSetup) {
    this.#setup = setup
    this.#doorbells = Array.from({ length: setup.workers }, () => new SharedArrayBuffer(4))
  }

  /** The message for each worker, by its index. */
  messages(deployment: Deployment): readonly ToWorker[] {
    const { round, regions, restored, restores, withdraw, lastOutputId, imports } = deployment
    const { job, workers } = this.#setup
    const vault = vaultBytes(this.#setup.vault)
    const isMeant = taskFilter(regions)
    const message = {
      kind: 'deploy',
      round,
      scope: {
        jobName: job.jobName,
        lineage: job.lineage,
        leaderEpoch: job.leaderEpoch,
        checkpointId: lastOutputId,
      },
      operators: job.operators.filter((record) => record.dropped !== true),
      restores: restores.filter(({ vertex, subtaskIndex }) => isMeant(vertex, subtaskIndex)),
      rings: this.#rings(isMeant),
      doorbells: this.#doorbells,
      processingTime: restored?.processingTime ?? 0,
      withdraw,
      ...(imports === undefined ? {} : { imports }),
      ...(vault === undefined ? {} : { vault }),
      ...(restored?.claimed === undefined ? {} : { claimedLineage: restored.claimed.lineage }),
    } as const
    return Array.from({ length: workers }, (_, worker) => {
      const own = regions.filter((region) => region.workers.includes(worker))
      return { ...message, regions: own.map(({ id }) => id) }
    })
  }

  /** One wherever records may go from one of the tasks to another. */
  #rings(
    isMeant: (vertex: number, subtaskIndex: number) => boolean,
  ): (SharedArrayBuffer | undefined)[][][] {
    const { job, settings } = this.#setup
    const { edges, vertices } = job.plan
    const parallelismOf = (vertex: number): number =>
      required(vertices[vertex], `no vertex ${vertex}`).parallelism
    return edges.map(({ fromVertex, toVertex, partitioning }) =>
      Array.from({ length: parallelismOf(fromVertex) }, (_unused, from) =>
        Array.from({ length: parallelismOf(toVertex) }, (_, to) => {
          if (partitioning === 'forward' && from !== to) return undefined
          if (!isMeant(fromVertex, from) || !isMeant(toVertex, to)) return undefined
          return createRing(settings.ringBytes)
        }),
      ),
    )
  }
}

function taskFilter(regions: readonly Region[]): (vertex: number, subtask: number) => boolean {
  const keys = new Set<string>()
  for (const { tasks } of regions) {
    for (const { vertex, subtaskIndex } of tasks) keys.add(`${vertex}/${subtaskIndex}`)
  }
  return (vertex, subtaskIndex) => keys.has(`${vertex}/${subtaskIndex}`)
}
