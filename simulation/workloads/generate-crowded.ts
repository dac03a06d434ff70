/**
 * Workloads in which there is hardly ever room: heavy records go through one exchange or several,
 * and some of them are many at once. Before slow sinks, all channels are full, so that barriers
 * have something to overtake: whole frames, parts of frames, and what waits for a channel.
 */
import type { Random } from '../../src/util/random.ts'
import type { Compare, Rec, SourceData, Workload, WorkloadNode } from './workload.ts'

const RECORDS_MIN = 10
const RECORDS_MAX = 50
/** Fewer, where each record becomes many. */
const RECORDS_OF_BURSTS = 8
const COPIES_MAX = 40
const KEYS_MAX = 5
const PAD_MAX = 900
/** Larger than a frame, and of many that come at once, than a channel. */
const LARGE_PAD_MAX = 3_000
const OUT_OF_ORDER_MS = 20

export function generateCrowded(random: Random): Workload {
  const graph = random.fork('graph')
  const data = random.fork('data')
  const hasBursts = graph.int(3) === 0
  const sources = Array.from({ length: 1 + graph.int(2) }, (_, at) => {
    return crowd(data, at, hasBursts ? RECORDS_OF_BURSTS : RECORDS_MAX)
  })
  const nodes: WorkloadNode[] = sources.map((_, source) => ({ kind: 'source', source }))
  const add = (node: WorkloadNode): number => nodes.push(node) - 1
  const burst = (input: number): number => {
    if (!hasBursts) return add({ kind: 'map', input, factor: 1 })
    return add({ kind: 'flatMap', input, copies: 10 + graph.int(COPIES_MAX) })
  }
  let compare: Compare = 'order per key'
  let last = burst(0)
  if (nodes.length > 2 && graph.int(2) === 0) {
    // To each subtask all of the second.
    last = add({ kind: 'rules', inputs: [last, 1], uid: 'rules', key: 'number' })
    compare = 'multiset'
  } else {
    // With a task of its own, which reads from equal subtasks only.
    if (nodes.length > 2) last = add({ kind: 'union', inputs: [last, 1] })
    last = add({ kind: 'reduce', input: last, uid: 'reduce', key: 'string' })
  }
  if (graph.int(2) === 0) {
    last = add({ kind: 'group', input: last, groups: 1 + graph.int(KEYS_MAX) })
    last = add({ kind: 'count', input: last, uid: 'count', key: 'tuple' })
    compare = 'order per key'
  } else if (compare === 'order per key') {
    const what = graph.int(2) === 0 ? 'states' : 'ordered'
    const process = { what, sideModulo: 0, isOrdered: true } as const
    last = add({ kind: 'process', input: last, uid: what, key: 'number', ...process })
  }
  add({ kind: 'sink', input: last, uid: 'sink', compare })
  return { sources, nodes, typed: graph.int(2) === 0, lastingWriters: graph.int(3) === 0 }
}

function crowd(random: Random, at: number, recordsMax: number): SourceData {
  const keys = 1 + random.int(KEYS_MAX)
  const splits = Array.from({ length: 1 + random.int(3) }, (_, index) => {
    const firstKey = (at * 3 + index) * KEYS_MAX
    const length = Math.min(recordsMax, RECORDS_MIN + random.int(recordsMax))
    let time = 1_000
    const records = Array.from({ length }, (): Rec => {
      time += random.int(OUT_OF_ORDER_MS)
      const pad = 'x'.repeat(random.int(random.int(6) === 0 ? LARGE_PAD_MAX : PAD_MAX))
      const [k, v] = [firstKey + random.int(keys), random.int(1_000)]
      return { k, v, at: time - random.int(OUT_OF_ORDER_MS), pad }
    })
    return { id: `split-${index}`, records }
  })
  // Of some batches there is room for a part only, again and again.
  const [batchMax, gapMs] = [
    random.int(2) === 0 ? 1 + random.int(10) : 10 + random.int(40),
    1 + random.int(5),
  ]
  const outOfOrderMs = OUT_OF_ORDER_MS
  return { uid: `source-${at}`, splits, outOfOrderMs, bounded: true, batchMax, gapMs }
}
