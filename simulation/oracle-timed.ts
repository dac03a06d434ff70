/** The oracle's view of operations in event time: all records of a key at once, by definition. */
import { FAR_MS, type JoinPlan, type Rec, RULES, type WindowPlan } from './workloads/workload.ts'

/** What windows over all these records give. */
export function windowsOf(plan: WindowPlan, records: readonly Rec[]): readonly Rec[] {
  const windows = new Map<string, { readonly end: number; readonly k: number; values: number[] }>()
  for (const record of plan.type === 'session' ? [] : records) {
    for (const end of endsOf(plan, record.at)) {
      const id = `${record.k}/${end}`
      const window = windows.get(id) ?? { end, k: record.k, values: [] }
      windows.set(id, window)
      window.values.push(record.v)
    }
  }
  const all = plan.type === 'session' ? sessions(plan.sizeMs, records) : [...windows.values()]
  return all.map(({ end, k, values }) => {
    const sum = values.reduce((total, value) => total + value, 0)
    return { k, v: sum * 100 + values.length, at: end - 1, pad: '' }
  })
}

/** Sums and counts of what is nowhere interrupted for so long. */
export function sessionsOf(gapMs: number, records: readonly Rec[]): readonly Rec[] {
  const plan = {
    type: 'session',
    sizeMs: gapMs,
    stepMs: gapMs,
    offsetMs: 0,
    latenessMs: 0,
  } as const
  return windowsOf(plan, records)
}

/** The ends of the windows that hold a moment, found by trying every one that could. */
function endsOf({ type, sizeMs, stepMs, offsetMs }: WindowPlan, at: number): readonly number[] {
  const step = type === 'tumbling' ? sizeMs : stepMs
  const ends: number[] = []
  const first = Math.floor((at - offsetMs - sizeMs) / step) * step + offsetMs
  for (let edge = first; edge <= at + sizeMs + step; edge += step) {
    if (type === 'cumulative') {
      const start = Math.floor((at - offsetMs) / sizeMs) * sizeMs + offsetMs
      if (edge > at && edge > start && edge <= start + sizeMs) ends.push(edge)
    } else if (edge <= at && at < edge + sizeMs) ends.push(edge + sizeMs)
  }
  return ends
}

function sessions(gapMs: number, records: readonly Rec[]) {
  const found: { end: number; readonly k: number; values: number[] }[] = []
  for (const k of new Set(records.map((record) => record.k))) {
    let open: (typeof found)[number] | undefined
    for (const { at, v } of records
      .filter((each) => each.k === k)
      .toSorted((a, b) => a.at - b.at)) {
      // Sessions that only touch are two.
      if (open === undefined || at >= open.end) found.push((open = { end: at, k, values: [] }))
      open.end = at + gapMs
      open.values.push(v)
    }
  }
  return found
}

/** Every pair of an even value and a later odd one, less than so much later. */
export function matchesOf(withinMs: number, records: readonly Rec[]): readonly Rec[] {
  return records.flatMap((even) =>
    records
      .filter(({ k, v, at }) => {
        const isPair = k === even.k && even.v % 2 === 0 && v % 2 === 1
        return isPair && at > even.at && at - even.at < withinMs
      })
      .map(({ v }) => ({ k: even.k, v: even.v * 1_000 + v, at: 0, pad: '' })),
  )
}

/** Two streams by key: each record once, and at the end what both have brought. */
export function meeting(main: (record: Rec) => void) {
  const firsts: Rec[] = []
  const seconds: Rec[] = []
  const sumOf = (records: readonly Rec[], key: number): number =>
    records.filter(({ k }) => k === key).reduce((total, { v }) => total + v, 0)
  return {
    take(record: Rec): void {
      firsts.push(record)
      main({ k: record.k, v: record.v * 2, at: 0, pad: '' })
    },
    takeSecond(record: Rec): void {
      seconds.push(record)
      main({ k: record.k, v: record.v * 3, at: 0, pad: '' })
    },
    end(): void {
      for (const k of new Set([...firsts, ...seconds].map((record) => record.k))) {
        main({ k, v: sumOf(firsts, k) * 7 + sumOf(seconds, k), at: FAR_MS, pad: '' })
      }
    },
  }
}

/** Every record of one stream beside every one of the other. */
export function pairing({ lowerMs, upperMs, isOuter }: JoinPlan, main: (record: Rec) => void) {
  const lefts: Rec[] = []
  const rights: Rec[] = []
  const matches = (l: Rec, r: Rec): boolean =>
    l.k === r.k && r.at - l.at >= lowerMs && r.at - l.at <= upperMs
  return {
    take: (record: Rec): void => void lefts.push(record),
    takeSecond: (record: Rec): void => void rights.push(record),
    end(): void {
      for (const l of lefts) {
        const found = rights.filter((r) => matches(l, r))
        for (const r of found) {
          const at = isOuter ? 0 : Math.max(l.at, r.at)
          main({ k: l.k, v: l.v * 1_000 + r.v, at, pad: '' })
        }
        if (isOuter && found.length === 0) main({ k: l.k, v: l.v * 1_000 - 1, at: 0, pad: '' })
      }
      for (const r of isOuter ? rights : []) {
        if (lefts.some((l) => matches(l, r))) continue
        main({ k: r.k, v: r.v - 1_000, at: 0, pad: '' })
      }
    },
  }
}

/** Each record once, and for each key at the end what the rules have come to. */
export function ruling(main: (record: Rec) => void) {
  const keys = new Set<number>()
  const rules: Rec[] = []
  return {
    take({ k, v }: Rec): void {
      keys.add(k)
      main({ k, v, at: 0, pad: '' })
    },
    takeSecond: (record: Rec): void => void rules.push(record),
    end(): void {
      for (const k of keys) {
        const of = rules.filter((rule) => rule.k % RULES === k % RULES)
        const v = of.length === 0 ? -1 : of.reduce((total, rule) => total + rule.v, 0)
        main({ k, v, at: FAR_MS, pad: '' })
      }
    },
  }
}
