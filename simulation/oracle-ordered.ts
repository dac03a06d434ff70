/** The oracle's view of the `ordered` process: plain arrays, sorted anew each time. */
import { isCounted } from './workloads/effects.ts'
import { DEQUE_MAX, foldOf, type Rec, SORTED_MAX } from './workloads/workload.ts'

interface Row {
  values: { readonly v: number; n: number }[]
  rests: number[]
  recent: number[]
  seen: number
}

/** Gives the digest of each record of a stream, one after the other. */
export function orderedDigests(): (record: Rec) => Rec {
  const rows = new Map<number, Row>()
  return ({ k, v, at }) => {
    const row = rows.get(k) ?? { values: [], rests: [], recent: [], seen: 0 }
    rows.set(k, row)
    const known = row.values.find((each) => each.v === v)
    if (known === undefined) row.values.push({ v, n: 1 })
    else known.n++
    const above = row.values.filter((each) => each.v > v).toSorted((a, b) => a.v - b.v)
    if (v % 5 === 0) row.values = row.values.filter((each) => each !== above[0])
    row.values = row.values.toSorted((a, b) => a.v - b.v).slice(-SORTED_MAX)
    row.recent = v % 2 === 0 ? [...row.recent, v] : [v, ...row.recent]
    if (row.recent.length > DEQUE_MAX) row.recent = row.recent.slice(1)
    if (v % 7 === 0) row.recent = row.recent.slice(0, -1)
    const rest = v % 10
    if (row.rests.includes(rest) && v % 3 === 0) row.rests = row.rests.filter((r) => r !== rest)
    else if (!row.rests.includes(rest)) row.rests.push(rest)
    if (isCounted(v)) row.seen += v
    let digest = row.seen % 1_000
    for (const each of row.values.toReversed()) digest = foldOf(digest, each.v * 9 + each.n)
    for (const value of row.recent) digest = foldOf(digest, value)
    for (const value of row.rests.toSorted((a, b) => a - b)) digest = foldOf(digest, value)
    if (v % 31 === 0) row.values = []
    if (v % 37 === 0) row.recent = []
    if (v % 41 === 0) row.seen = 0
    return { k, v: digest, at, pad: '' }
  }
}
