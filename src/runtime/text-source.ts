/**
 * Which sources hand over lines as bytes: those that can, if all that their records go to are
 * operators of the same task that read bytes, and nobody else looks at a record.
 */
import type { GraphNode, JobGraph, SourceNode, Vertex } from '../graph/job-graph.ts'
import type { Source } from '../operators/source.ts'
import { textReadOf } from '../operators/text/line.ts'

/** The source of a task, giving its lines as bytes if that is how they are wanted. */
export function sourceOf(node: SourceNode, graph: JobGraph, vertex: Vertex): Source<unknown> {
  const read = textReadOf(node.source)
  return read !== undefined && wantsBytes(node, graph, vertex)
    ? { ...node.source, read }
    : node.source
}

function wantsBytes({ id, time }: SourceNode, { edges }: JobGraph, vertex: Vertex): boolean {
  if (time !== undefined) return false // the job's own function tells the time of a record
  const leaves = edges.some(({ fromVertex, edge }) => fromVertex === vertex.id && isOf(id, edge))
  const readers = vertex.nodes.filter((each) => {
    return each.kind !== 'source' && each.inputs.some((edge) => isOf(id, edge))
  })
  return !leaves && readers.length > 0 && readers.every(readsBytes)
}

function isOf(source: number, edge: { readonly from: number; readonly tag: string | undefined }) {
  return edge.from === source && edge.tag === undefined
}

/** A record at which it fails may have to be told as it is where there is an error policy. */
function readsBytes(node: GraphNode): boolean {
  if (node.kind !== 'operator' || node.readsText !== true) return false
  return (node.onError ?? 'fail') === 'fail'
}
