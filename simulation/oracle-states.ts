/** The oracle's view of the `states` process: plain maps and arrays. */
import { empties } from './workloads/effects.ts'
import { type Rec, restOf } from './workloads/workload.ts'

type Emit = (record: Rec) => void

interface States {
  seen: number
  recent: number[]
  rests: Map<number, number>
  folded: number | undefined
  /** Of the last record. */
  ballast: number
  /** All values since the last clear. */
  mean: number[]
}

export function states(sideModulo: number, main: Emit, side: Emit) {
  const rows = new Map<number, States>()
  const take = (rec: Rec): void => {
    const { k, v, at, pad } = rec
    const row: States = rows.get(k) ?? {
      seen: 0,
      recent: [],
      rests: new Map(),
      folded: undefined,
      ballast: 0,
      mean: [],
    }
    rows.set(k, row)
    row.seen++
    row.recent.push(v)
    if (row.recent.length > 6) row.recent = row.recent.slice(-3)
    const rest = v % 7
    row.rests.set(rest, (row.rests.get(rest) ?? 0) + 1)
    row.folded = row.folded === undefined ? v : (row.folded * 7 + v) % 1_000_003
    row.mean.push(v)
    main({ k, v: digestOf(row), at, pad: '' })
    row.ballast = pad.length
    if (v % 11 === 0) row.recent = []
    if (v % 13 === 0) row.rests.delete(rest)
    if (v % 17 === 0) row.folded = undefined
    if (v % 19 === 0) row.mean = []
    if (v % 23 === 0) row.seen = 0
    if (v % 29 === 0) row.rests.clear()
    if (empties(k, v)) rows.delete(k)
    if (sideModulo > 0 && restOf(rec, sideModulo) === 0) side(rec)
  }
  return { take, end() {} }
}

function digestOf({ seen, recent, rests, folded, mean, ballast }: States): number {
  const sum = mean.reduce((total, value) => total + value, 0)
  let digest = seen + (folded ?? 0) + (sum * 10 + mean.length) + ballast
  for (const value of recent) digest = (digest * 31 + value) % 1_000_003
  for (const key of [...rests.keys()].toSorted((a, b) => a - b)) {
    digest = (digest * 31 + key * 100 + (rests.get(key) ?? 0)) % 1_000_003
  }
  return digest
}
