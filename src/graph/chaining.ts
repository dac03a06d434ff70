/**
 * Which neighbours share a task. Records between nodes of one vertex are plain calls; edges between
 * vertices are exchanges.
 *
 *     parallelism 2:  [lines → flatMap] ══hash══▶ [count → latest → sink]
 *     parallelism 1:  [lines → flatMap → count → latest → sink]
 *
 * A node joins the vertex of its input if it has only one, by an edge that keeps the subtask: a
 * forward edge, and at parallelism 1 every edge. Else it is the head of a new vertex, where the
 * input gate waits for the watermarks and ends of all inputs. So a vertex is a tree: it has one
 * entrance, its head, and branches behind it never join again.
 */
import type { Edge, GraphNode, StreamGraph, Vertex, VertexEdge } from './job-graph.ts'
import { required } from '../util/assert.ts'
import { inputsOf } from './validate.ts'

interface Group {
  readonly id: number
  readonly nodes: GraphNode[]
}

/** Vertices in topological order (a vertex reads only from earlier ones), and their edges. */
export function chain(
  graph: StreamGraph,
  parallelism: number,
): { readonly vertices: readonly Vertex[]; readonly edges: readonly VertexEdge[] } {
  const groups: Group[] = []
  const groupOf = new Map<number, Group>()
  for (const node of graph.nodes) {
    let group = groupToJoin(inputsOf(node), groupOf, parallelism)
    if (group === undefined) groups.push((group = { id: groups.length, nodes: [] }))
    group.nodes.push(node)
    groupOf.set(node.id, group)
  }
  const edges: VertexEdge[] = []
  const vertices = groups.map(({ id, nodes }): Vertex => {
    const head = required(nodes[0], 'a vertex has a head')
    const inputs = inputsOf(head).map((edge): VertexEdge => {
      const fromVertex = required(groupOf.get(edge.from), 'edges point at earlier nodes').id
      return { id: -1, fromVertex, toVertex: id, edge: spread(edge, parallelism) }
    })
    const numbered = inputs.map((edge, index) => ({ ...edge, id: edges.length + index }))
    edges.push(...numbered)
    return { id, name: nameOf(nodes), nodes, inputs: numbered, parallelism }
  })
  return { vertices, edges }
}

function groupToJoin(
  inputs: readonly Edge[],
  groupOf: ReadonlyMap<number, Group>,
  parallelism: number,
): Group | undefined {
  const [edge, ...others] = inputs
  if (edge === undefined || others.length > 0) return undefined
  const staysInSubtask = parallelism === 1 || edge.partitioning === 'forward'
  return staysInSubtask ? groupOf.get(edge.from) : undefined
}

/** Where there is one subtask, nothing needs a hash to be found. */
function spread(edge: Edge, parallelism: number): Edge {
  if (parallelism > 1) return edge
  return { ...edge, partitioning: 'forward', key: undefined }
}

function nameOf(nodes: readonly GraphNode[]): string {
  return nodes
    .map((node) => node.uid ?? (node.kind === 'operator' ? node.operation : node.kind))
    .join(' → ')
}
