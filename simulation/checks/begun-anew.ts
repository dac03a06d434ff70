/**
 * What the operator of erased subjects must have shown: each record of a key once, in order, each
 * with all that was before it; but where its subject was erased it may have begun anew, no more
 * often than somebody asked for that.
 */
import { foldOf, type Rec } from '../workloads/workload.ts'

/** @param timesMax how often a key may have begun anew. */
export function anewDifference(
  expected: readonly Rec[],
  visible: readonly Rec[],
  timesMax: (k: number) => number,
): string | undefined {
  const wanted = Map.groupBy(expected, ({ k }) => k)
  const found = Map.groupBy(visible, ({ k }) => k)
  for (const k of new Set([...wanted.keys(), ...found.keys()])) {
    const records = found.get(k) ?? []
    const all = wanted.get(k) ?? []
    const at = all.findIndex(({ v }, index) => v !== records[index]?.v)
    if (at >= 0 || records.length !== all.length) {
      return `key ${k}: ${records.length} records instead of ${all.length}, others from ${at} on`
    }
    const difference = stepsDifference(records, timesMax(k))
    if (difference !== undefined) return `key ${k}: ${difference}`
  }
  return undefined
}

function stepsDifference(records: readonly Rec[], timesMax: number): string | undefined {
  let [count, digest, times] = [0, 0, 0]
  for (const [index, { v, at, pad }] of records.entries()) {
    if (index > 0 && at === 1) {
      times++
      count = 0
      digest = 0
    }
    count++
    digest = foldOf(digest, v)
    if (at !== count || pad !== `${digest}`) {
      return `record ${index} is told as number ${at} (${pad}), not as ${count} (${digest})`
    }
  }
  return times > timesMax ? `it began anew ${times} times, asked for were ${timesMax}` : undefined
}
