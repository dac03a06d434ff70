// What must be restored together, for every shape of graph.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JobPlan, PlanEdge, PlanNode } from '../../src/graph/plan.ts'
import { regionsOf } from '../../src/graph/regions.ts'

type Partitioning = PlanEdge['partitioning']

interface Shape {
  readonly parallelism: number
  readonly vertices: number
  readonly edges?: readonly (readonly [from: number, to: number, how: Partitioning])[]
  /** Vertices with a state that goes to all subtasks whole. */
  readonly shared?: Readonly<Record<number, 'union-list' | 'broadcast' | 'operator-list'>>
}

/** One node in each vertex; nodes are numbered apart from vertices. */
function planOfShape({ parallelism, vertices, edges = [], shared = {} }: Shape): JobPlan {
  const ids = Array.from({ length: vertices }, (_, id) => id)
  const nodes = ids.map((id): PlanNode => {
    const kind = shared[id]
    const states =
      kind === undefined ? {} : { operatorStates: [{ name: 's', kind, type: { kind: 'string' } }] }
    return {
      id: id + 10,
      kind: 'operator',
      operation: 'map',
      label: 'map',
      states: [],
      usesTimers: false,
      inputs: [],
      ...(states as Partial<PlanNode>), // the schema of the state does not matter here
    }
  })
  return {
    jobName: 'shape',
    parallelism,
    maxParallelism: 128,
    nodes,
    vertices: ids.map((id) => ({
      id,
      name: `v${id}`,
      nodes: [id + 10],
      parallelism,
      inputs: edges.filter(([, to]) => to === id).map(([from]) => from),
    })),
    edges: edges.map(([fromVertex, toVertex, partitioning], id) => {
      return { id, fromVertex, toVertex, partitioning }
    }),
  }
}

const shown = (shape: Shape) =>
  regionsOf(planOfShape(shape)).map(({ tasks }) =>
    tasks.map(({ vertex, subtaskIndex }) => `${vertex}.${subtaskIndex}`).join(' '),
  )

const cases: readonly (readonly [name: string, shape: Shape, regions: readonly string[]])[] = [
  ['one task is one region', { parallelism: 1, vertices: 1 }, ['0.0']],
  ['subtasks without exchange are apart', { parallelism: 3, vertices: 1 }, ['0.0', '0.1', '0.2']],
  [
    'forward joins only equal subtasks',
    { parallelism: 2, vertices: 2, edges: [[0, 1, 'forward']] },
    ['0.0 1.0', '0.1 1.1'],
  ],
  ...(['hash', 'rebalance', 'broadcast'] as const).map(
    (how) =>
      [
        `${how} joins all subtasks of both`,
        { parallelism: 2, vertices: 2, edges: [[0, 1, how]] },
        ['0.0 0.1 1.0 1.1'],
      ] as const,
  ),
  [
    'pipelines that never meet are apart',
    {
      parallelism: 2,
      vertices: 4,
      edges: [
        [0, 2, 'hash'],
        [1, 3, 'hash'],
      ],
    },
    ['0.0 0.1 2.0 2.1', '1.0 1.1 3.0 3.1'],
  ],
  [
    'one vertex that reads two pipelines joins them',
    {
      parallelism: 1,
      vertices: 4,
      edges: [
        [0, 2, 'forward'],
        [1, 2, 'forward'],
        [2, 3, 'forward'],
      ],
    },
    ['0.0 1.0 2.0 3.0'],
  ],
  [
    'a shuffle far downstream joins what was apart before it',
    {
      parallelism: 2,
      vertices: 3,
      edges: [
        [0, 1, 'forward'],
        [1, 2, 'hash'],
      ],
    },
    ['0.0 0.1 1.0 1.1 2.0 2.1'],
  ],
  [
    'forward beside a shuffle follows its source',
    {
      parallelism: 2,
      vertices: 4,
      edges: [
        [0, 1, 'forward'],
        [2, 3, 'hash'],
      ],
    },
    ['0.0 1.0', '0.1 1.1', '2.0 2.1 3.0 3.1'],
  ],
  [
    'union state joins the subtasks that share it',
    { parallelism: 2, vertices: 2, edges: [[0, 1, 'forward']], shared: { 1: 'union-list' } },
    ['0.0 0.1 1.0 1.1'],
  ],
  [
    'broadcast state does, too',
    { parallelism: 2, vertices: 1, shared: { 0: 'broadcast' } },
    ['0.0 0.1'],
  ],
  [
    'list state stays with its subtask',
    { parallelism: 2, vertices: 1, shared: { 0: 'operator-list' } },
    ['0.0', '0.1'],
  ],
]

describe('the regions of a job', () => {
  for (const [name, shape, regions] of cases) {
    it(`${name}`, () => assert.deepEqual(shown(shape), regions))
  }

  it('are numbered, and know the workers they run on', () => {
    const edges = [[0, 1, 'hash']] as const
    const plan = planOfShape({ parallelism: 3, vertices: 3, edges })
    assert.deepEqual(
      regionsOf(plan).map(({ id, workers }) => [id, workers]),
      [
        [0, [0, 1, 2]],
        [1, [0]],
        [2, [1]],
        [3, [2]],
      ],
    )
  })
})
