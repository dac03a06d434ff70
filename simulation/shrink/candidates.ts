/** Cases that are smaller than the one at hand, those first that leave most away. */
import type { SeedReport } from '../seed.ts'
import { PASTIMES, type Shrunk, type WorkloadCut } from './shrunk.ts'

export function* candidates(shrunk: Shrunk, report: SeedReport): Generator<Shrunk> {
  const { starts, unit, calm = [] } = shrunk
  // The last starts are those without faults.
  const most = Math.min(starts ?? Infinity, report.starts)
  for (let fewer = 0; fewer < most; fewer++) yield { ...shrunk, starts: fewer }
  if (unit !== 'milliseconds') yield { ...shrunk, unit: 'milliseconds' }
  yield* withoutFaults(shrunk, report)
  for (const pastime of PASTIMES) {
    if (!calm.includes(pastime)) yield { ...shrunk, calm: [...calm, pastime] }
  }
  for (const cuts of workloadCuts(report)) {
    yield { ...shrunk, cuts: [...(shrunk.cuts ?? []), ...cuts] }
  }
}

/** Without all, without halves of them, without one. */
function* withoutFaults(shrunk: Shrunk, { faults }: SeedReport): Generator<Shrunk> {
  const { without = [] } = shrunk
  if (without === 'all') return
  const kinds = faults.kinds.filter((kind) => !without.includes(kind))
  yield { ...shrunk, without: 'all' }
  for (let size = Math.floor(kinds.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < kinds.length; from += size) {
      yield { ...shrunk, without: [...without, ...kinds.slice(from, from + size)] }
    }
  }
}

function* workloadCuts({ workload }: SeedReport): Generator<readonly WorkloadCut[]> {
  const { nodes, sources } = workload
  const sinks = nodes.flatMap(({ kind }, index) => (kind === 'sink' ? [index] : []))
  // Cut from the last to the first, so that a cut leaves the numbers of the others as they are.
  if (sinks.length > 1) {
    for (const kept of sinks) {
      yield sinks
        .filter((sink) => sink !== kept)
        .toReversed()
        .map((sink) => ['cut', sink])
    }
  }
  for (const index of nodes.keys()) yield [['cut', index]]
  for (const index of nodes.keys()) yield [['skip', index]]
  for (const [source, { splits }] of sources.entries()) {
    for (const split of splits.keys()) yield [['split', source, split]]
  }
  for (const [source, { splits }] of sources.entries()) {
    for (const [split, { records }] of splits.entries()) {
      for (let count = records.length; count >= 1; count = Math.floor(count / 2)) {
        for (let from = 0; from < records.length; from += count) {
          yield [['records', source, split, from, Math.min(count, records.length - from)]]
        }
      }
    }
  }
}
