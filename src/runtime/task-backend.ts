/** The keyed state of a task: a backend with a table for each of its keyed operators. */
import type { WorkerSettings } from '../checkpoint/settings.ts'
import type { JobGraph, Vertex } from '../graph/job-graph.ts'
import type {
  KeyedStateBackend,
  KeyedStateTable,
  OperatorStateSpec,
  StateBackend,
} from '../state/backend.ts'
import type { KeyGroupRange } from '../state/key-groups.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import type { Scratch } from '../storage/scratch.ts'
import { assert, required } from '../util/assert.ts'
import type { WorkerHost } from './host.ts'

export interface KeyedBackendOptions {
  readonly deploy: { readonly scope: { readonly leaderEpoch: number } }
  readonly graph: JobGraph
  readonly settings: WorkerSettings
  readonly backend: StateBackend
  readonly host: WorkerHost
  readonly operatorsByUid: ReadonlyMap<string, OperatorRecord>
  scratch(): Scratch
  processingTime(): number
}

export function keyedBackendOf(
  vertex: Vertex,
  keyGroups: KeyGroupRange,
  options: KeyedBackendOptions,
): {
  readonly backend: KeyedStateBackend | undefined
  readonly tables: ReadonlyMap<number, KeyedStateTable>
  readonly specs: readonly OperatorStateSpec[]
} {
  const { graph, settings, host, backend: choice, operatorsByUid } = options
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
    scratch: options.scratch(),
    processingTime: () => options.processingTime(),
    monotonic: () => host.clock.monotonic(),
    ...(host.lazyRestore === undefined ? {} : { lazyRestore: host.lazyRestore }),
    ...(host.nativeStore === undefined ? {} : { nativeStore: host.nativeStore }),
    ...(host.startHelper === undefined ? {} : { startHelper: host.startHelper }),
    random: host.random,
    attempt: {
      jobName: settings.jobName,
      storage: settings.storage,
      leaderEpoch: options.deploy.scope.leaderEpoch,
    },
    alive: () => host.alive?.(),
  })
  for (const node of keyed) {
    assert(node.kind === 'operator' && node.key !== undefined, 'only operators are keyed')
    const uid = required(node.uid, `keyed operator ${node.label} has no uid`)
    const record = required(operatorsByUid.get(uid), `operator "${uid}" has no id`)
    const { states: descriptors, key, timers = {} } = node
    const { type: keyType, shredBy } = key
    const shredded = shredBy === undefined ? {} : { shredBy }
    const spec = { record, keyType, descriptors, timers, ...shredded }
    tables.set(node.id, backend.register(spec))
    specs.push(spec)
  }
  return { backend, tables, specs }
}
