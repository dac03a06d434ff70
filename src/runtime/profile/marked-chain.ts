/** Puts marks where the parts of a task meet: at its tables, sinks and exchanges. */
import type { JobGraph } from '../../graph/job-graph.ts'
import type { Output } from '../../operators/operator.ts'
import type { ChainHost } from '../chain.ts'
import { nameOf } from './marked-stage.ts'
import { MarkedTable } from './marked-table.ts'
import type { Marks } from './marks.ts'

/** A chain's host whose tables, sinks and exchanges are marked; without marks, the same host. */
export function markedHost(host: ChainHost, graph: JobGraph, marks: Marks | undefined): ChainHost {
  if (marks === undefined) return host
  return {
    ...host,
    marks,
    table: (node) => new MarkedTable(host.table(node), node.id, marks),
    sink: (node) => {
      const pump: Output & { kick?(): void } = host.sink(node)
      return marks.methods(pump, node.id, nameOf(node), { collect: 'record', kick: 'connector' })
    },
    exchange: (edgeId) => {
      const output: Output & { pump?(): boolean } = host.exchange(edgeId)
      const from = graph.edges[edgeId]?.edge.from ?? 0
      return marks.methods(output, from, 'exchange', {
        collect: 'exchange',
        watermark: 'exchange',
        pump: 'exchange',
      })
    },
  }
}
