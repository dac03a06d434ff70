/** The oracle's view of the library's helpers: all records of a key, looked at anew each time. */
import { sessionsOf } from './oracle-timed.ts'
import { CALL_FACTOR, COALESCE_MS, FAR_MS, foldOf } from './workloads/workload.ts'
import type { HelperKind, PairKind, Rec } from './workloads/workload.ts'

type Emit = (record: Rec) => void

const plain = (k: number, v: number): Rec => ({ k, v, at: 0, pad: '' })
const sumOf = (records: readonly Rec[]): number => records.reduce((total, { v }) => total + v, 0)

/** What a helper gives for the newest of a key's records, all of which are `seen`. */
function helperResults(what: HelperKind, n: number, seen: readonly Rec[]): readonly Rec[] {
  const rec = seen.at(-1)
  if (rec === undefined) return []
  const { k, v } = rec
  const former = seen.slice(0, -1)
  switch (what) {
    case 'top': {
      const list = topOf(seen, n)
      const isSame = list.length === topOf(former, n).length && !list.includes(rec)
      if (isSame) return []
      return [
        plain(
          k,
          list.reduce((digest, each) => foldOf(digest, each.v), 0),
        ),
      ]
    }
    case 'ranks': {
      const list = lowestOf(seen, n)
      const from = list.indexOf(rec)
      if (from < 0) return []
      return list.slice(from).map((each, at) => plain(k, each.v * 10 + from + at + 1))
    }
    case 'once':
      return former.some((each) => (Math.abs(each.v) - Math.abs(v)) % (n * 5) === 0) ? [] : [rec]
    case 'newest':
      return former.some((each) => each.at > rec.at) ? [] : [rec]
    case 'min':
      return [plain(k, Math.min(...seen.map((each) => each.v)))]
    case 'max':
      return [plain(k, Math.max(...seen.map((each) => each.v)))]
    case 'mean':
      return [plain(k, Math.floor(sumOf(seen) / seen.length))]
    case 'counted':
      return seen.length % n === 0 ? [plain(k, sumOf(seen.slice(-n)) * 100 + n)] : []
    case 'sliding': {
      if (seen.length % n !== 0) return []
      const last = seen.slice(-(n + 2))
      return [plain(k, sumOf(last) * 100 + last.length)]
    }
    case 'daytime':
    case 'late':
      return [plain(k, v)]
    case 'lookup':
      return [{ ...rec, at: 0, v: v * 100 + ((v % 10) % 4 === 0 ? -1 : (v % 10) * CALL_FACTOR) }]
    case 'spread':
      return Array.from({ length: k % 3 }, (_, at) => ({ ...rec, at: 0, v: v + at }))
    case 'sessions':
    case 'payload':
      return []
  }
}

/** The greatest first; of equal ones that which came first. */
function topOf(records: readonly Rec[], n: number): readonly Rec[] {
  return records.toSorted((a, b) => b.v - a.v).slice(0, n)
}

/** The least first; of equal ones that which came last. */
function lowestOf(records: readonly Rec[], n: number): readonly Rec[] {
  const places = new Map(records.map((rec, at) => [rec, at]))
  const placeOf = (rec: Rec): number => places.get(rec) ?? 0
  return records.toSorted((a, b) => a.v - b.v || placeOf(b) - placeOf(a)).slice(0, n)
}

/** Each third timer or so is taken back at once; the others fire in the end. */
function payloads(n: number, seen: readonly Rec[], main: Emit): void {
  seen.forEach(({ k, v }, index) => {
    const place = index + 1
    const isTakenBack = place % (n + 1) === 0
    if (!isTakenBack) main({ k, v, at: FAR_MS + place * COALESCE_MS, pad: '' })
  })
}

/** Two streams: all records of a key and window side by side, or each with the version before. */
export function pairs(what: PairKind, sizeMs: number, main: Emit) {
  const lefts: Rec[] = []
  const rights: Rec[] = []
  const windowOf = ({ k, at }: Rec): string => `${k}/${Math.floor(at / sizeMs)}`
  return {
    take: (record: Rec): void => void lefts.push(record),
    takeSecond: (record: Rec): void => void rights.push(record),
    end(): void {
      if (what === 'group') {
        for (const window of new Set([...lefts, ...rights].map(windowOf))) {
          const [ls, rs] = [lefts, rights].map((all) => all.filter((r) => windowOf(r) === window))
          const k = Number(window.split('/')[0])
          main(plain(k, sumOf(ls ?? []) * 7 + sumOf(rs ?? []) + (rs ?? []).length))
        }
      }
      for (const l of what === 'group' ? [] : lefts) {
        const same = rights.filter((r) => r.k === l.k)
        if (what === 'version') {
          const at = Math.max(-1, ...same.map((r) => r.at).filter((time) => time <= l.at))
          main({ k: l.k, v: l.v * 10, at, pad: '' })
        } else {
          const near = same.filter((r) => windowOf(r) === windowOf(l))
          for (const r of near) main(plain(l.k, l.v * 1_000 + r.v))
        }
      }
    },
  }
}

/** Each record beside all that its key has seen before. */
export function helping(what: HelperKind, n: number, main: Emit) {
  const seen = new Map<number, Rec[]>()
  return {
    take(rec: Rec): void {
      const records = [...(seen.get(rec.k) ?? []), rec]
      seen.set(rec.k, records)
      for (const result of helperResults(what, n, records)) main(result)
    },
    end(): void {
      for (const records of seen.values()) {
        if (what === 'payload') payloads(n, records, main)
        if (what === 'sessions') sessionsOf(n * 10, records).forEach(main)
      }
    },
  }
}
