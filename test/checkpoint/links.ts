/** Small plans, links and stores for the tests of the checkpoint protocol. */
import type { LinkBody } from '../../src/checkpoint/chain.ts'
import { runName } from '../../src/checkpoint/layout.ts'
import type {
  CheckpointLink,
  CheckpointStatistics,
  FenceLink,
  TaskRecord,
  TaskStatistics,
} from '../../src/checkpoint/manifest.ts'
import type { JobPlan, PlanNode, PlanVertex } from '../../src/graph/plan.ts'
import { keyGroupRangeOf } from '../../src/state/key-groups.ts'
import type { RunReference } from '../../src/state/snapshot.ts'

export const KEY_GROUPS = 128

export const STATISTICS: CheckpointStatistics = {
  initMs: 0.5,
  prepareMs: 12,
  confirmMs: 0,
  completeMs: 0,
  bytes: 100,
  dirtyEntries: 3,
  tasks: [],
}

export function taskStatistics(vertex: number, subtaskIndex: number): TaskStatistics {
  const figures = { alignmentMs: 1, syncMs: 2, asyncMs: 3, bytes: 10, dirtyEntries: 4 }
  return { vertex, subtaskIndex, ...figures }
}

/** An operator node with one value state. */
export function node(id: number, uid: string, changes: Partial<PlanNode> = {}): PlanNode {
  return {
    id,
    kind: 'operator',
    operation: 'count',
    label: uid,
    uid,
    keyType: { kind: 'string' },
    states: [{ name: 'n', kind: 'value', type: { kind: 'int32' } }],
    usesTimers: false,
    inputs: [],
    ...changes,
  }
}

/** A plan whose vertices hold these nodes, each in one place. */
export function plan(
  parallelism: number,
  vertices: readonly (readonly PlanNode[])[],
  maxParallelism = KEY_GROUPS,
): JobPlan {
  return {
    jobName: 'test',
    parallelism,
    maxParallelism,
    nodes: vertices.flat().toSorted((a, b) => a.id - b.id),
    vertices: vertices.map((nodes, id): PlanVertex => ({
      id,
      name: nodes.map((entry) => entry.label).join('+'),
      nodes: nodes.map((entry) => entry.id),
      parallelism,
      inputs: [],
    })),
    edges: [],
  }
}

export function run(name: string, start = 0, end = KEY_GROUPS - 1): RunReference {
  return {
    name,
    lengthBytes: 1000,
    footerChecksum: 123,
    entries: 10,
    keyGroups: { start, end },
  }
}

/** One run for each subtask of each vertex, named by checkpoint id. */
export function tasksOf(jobPlan: JobPlan, leaderEpoch: number, checkpointId: number): TaskRecord[] {
  return jobPlan.vertices.flatMap((vertex) =>
    Array.from({ length: vertex.parallelism }, (_, subtaskIndex): TaskRecord => {
      const keyGroups = keyGroupRangeOf(subtaskIndex, jobPlan.maxParallelism, vertex.parallelism)
      const name = runName({ leaderEpoch, checkpointId, vertex: vertex.id, subtaskIndex })
      const runs = [run(name, keyGroups.start, keyGroups.end)]
      return { vertex: vertex.id, subtaskIndex, runs, keyGroups }
    }),
  )
}

export const SMALL_PLAN = plan(1, [[node(0, 'count')]])

type CheckpointBody = Extract<LinkBody, { readonly kind: 'checkpoint' }>

/** A checkpoint as its leader would append it. */
export function checkpointBody(
  checkpointId: number,
  changes: Partial<CheckpointBody> = {},
): CheckpointBody {
  const jobPlan = changes.plan ?? SMALL_PLAN
  const leaderEpoch = changes.leaderEpoch ?? 1
  return {
    kind: 'checkpoint',
    jobName: 'test',
    lineage: 'a',
    leaderEpoch,
    writtenAt: 1_750_000_000_000 + checkpointId,
    checkpointId,
    purpose: 'periodic',
    finished: false,
    params: {},
    plan: jobPlan,
    operators: jobPlan.nodes.flatMap(({ uid, states, keyType }, index) =>
      uid === undefined
        ? []
        : [
            {
              id: index + 1,
              uid,
              ...(keyType === undefined ? {} : { keyType }),
              states: states.map((state, at) => ({ id: at + 1, ...state })),
            },
          ],
    ),
    parallelism: jobPlan.parallelism,
    maxParallelism: jobPlan.maxParallelism,
    tasks: tasksOf(jobPlan, leaderEpoch, checkpointId),
    sources: [],
    processingTime: 1_750_000_000_000,
    statistics: STATISTICS,
    ...changes,
  }
}

/** A checkpoint at some place of a chain. */
export function checkpoint(
  sequence: number,
  changes: Partial<CheckpointLink> = {},
): CheckpointLink {
  const body = checkpointBody(changes.checkpointId ?? sequence, changes)
  return { ...body, formatVersion: 1, sequence, previousHash: hashAt(sequence), ...changes }
}

export function fenceLink(sequence: number, restores: number, leaderEpoch: number): FenceLink {
  const place = { formatVersion: 1, sequence, previousHash: hashAt(sequence) }
  const facts = { jobName: 'test', lineage: 'a', leaderEpoch, writtenAt: 1_750_000_000_000 }
  return { kind: 'fence', ...place, ...facts, restores }
}

function hashAt(sequence: number): string {
  return sequence === 1 ? '' : '0'.repeat(64)
}
