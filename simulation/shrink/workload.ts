/** Makes a workload smaller, so that what is certain of its output stays certain. */
import type { Certainty, Compare, Workload, WorkloadNode } from '../workloads/workload.ts'
import type { WorkloadCut } from './shrunk.ts'

/** What streams are certain of, the weakest first; the other kinds are of sinks only. */
const STRENGTHS: readonly Compare[] = ['sums', 'multiset', 'order per key']

/** A node, with its inputs as nodes: indexes change when others leave. */
interface Held {
  readonly node: WorkloadNode
  readonly certain: Certainty | undefined
  inputs: Held[]
}

/** Undefined if nothing would be left, or a step does not fit. */
export function smaller(workload: Workload, cuts: readonly WorkloadCut[]): Workload | undefined {
  let left: Workload | undefined = workload
  for (const cut of cuts) left = left === undefined ? undefined : applied(left, cut)
  return left
}

function applied(workload: Workload, cut: WorkloadCut): Workload | undefined {
  const [kind, at] = cut
  switch (kind) {
    case 'cut':
      return withGraph(workload, (all) => withoutDependents(all, all[at]))
    case 'skip':
      return withGraph(workload, (all) => withoutOne(all, all[at]))
    case 'split': {
      const source = workload.sources[at]
      if (source === undefined || source.splits.length < 2) return undefined
      return withSplits(workload, at, source.splits.toSpliced(cut[2], 1))
    }
    case 'records': {
      const [, , index, from, count] = cut
      const source = workload.sources[at]
      const split = source?.splits[index]
      if (source === undefined || split === undefined) return undefined
      const less = { ...split, records: split.records.toSpliced(from, count) }
      return withSplits(workload, at, source.splits.with(index, less))
    }
  }
}

function withSplits(
  workload: Workload,
  at: number,
  splits: Workload['sources'][number]['splits'],
): Workload {
  const sources = workload.sources.map((source, index) => {
    return index === at ? { ...source, splits } : source
  })
  return { ...workload, sources }
}

function withGraph(
  workload: Workload,
  change: (all: readonly Held[]) => readonly Held[] | undefined,
): Workload | undefined {
  const all: Held[] = []
  for (const [index, node] of workload.nodes.entries()) {
    const inputs = inputsOf(node).flatMap((input) => all[input] ?? [])
    all.push({ node, certain: workload.certain?.[index], inputs })
  }
  const changed = change(all)
  if (changed === undefined) return undefined
  const kept = withoutUnread(changed)
  if (kept.length === 0) return undefined
  const used = kept.flatMap(({ node }) => (node.kind === 'source' ? [node.source] : []))
  const nodes = kept.map(({ node, inputs }): WorkloadNode => {
    if (node.kind === 'source') return { ...node, source: used.indexOf(node.source) }
    return withInputs(
      node,
      inputs.map((input) => kept.indexOf(input)),
    )
  })
  const sources = used.flatMap((source) => workload.sources[source] ?? [])
  return { ...workload, sources, nodes, certain: kept.map(({ certain }) => certain) }
}

/** A union goes on without an input; everything else goes with it. */
function withoutDependents(
  all: readonly Held[],
  gone: Held | undefined,
): readonly Held[] | undefined {
  if (gone === undefined) return undefined
  const left = new Set([gone])
  for (const held of all) {
    if (!held.inputs.some((input) => left.has(input))) continue
    const inputs = held.inputs.filter((input) => !left.has(input))
    if (held.node.kind === 'union' && inputs.length > 0) held.inputs = inputs
    else left.add(held)
  }
  return all.filter((held) => !left.has(held))
}

/** Only if its input is as certain as what it gives. */
function withoutOne(all: readonly Held[], gone: Held | undefined): readonly Held[] | undefined {
  const [input, ...others] = gone?.inputs ?? []
  const [before, after] = [input?.certain, gone?.certain]
  if (gone === undefined || input === undefined || others.length > 0) return undefined
  if (before === undefined || after === undefined) return undefined
  const [left, wanted] = [before, after].map(({ compare }) => STRENGTHS.indexOf(compare))
  if (left === undefined || wanted === undefined || left < wanted) return undefined
  if (after.isTimed && !before.isTimed) return undefined
  const isRead = all.some(({ node, inputs }) => node.kind === 'side' && inputs[0] === gone)
  if (isRead) return undefined
  for (const held of all) held.inputs = held.inputs.map((each) => (each === gone ? input : each))
  return all.filter((held) => held !== gone)
}

function withoutUnread(all: readonly Held[]): readonly Held[] {
  const read = new Set<Held>()
  for (const held of all.toReversed()) {
    if (held.node.kind !== 'sink' && !read.has(held)) continue
    for (const input of held.inputs) read.add(input)
  }
  return all.filter((held) => held.node.kind === 'sink' || read.has(held))
}

function inputsOf(node: WorkloadNode): readonly number[] {
  if (node.kind === 'source') return []
  return 'inputs' in node ? node.inputs : [node.input]
}

function withInputs(
  node: Exclude<WorkloadNode, { readonly kind: 'source' }>,
  inputs: readonly number[],
): WorkloadNode {
  if (node.kind === 'union') return { ...node, inputs }
  const [first = 0, second = first] = inputs
  return 'inputs' in node ? { ...node, inputs: [first, second] } : { ...node, input: first }
}
