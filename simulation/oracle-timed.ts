/** The oracle's view of operations in event time: all records of a key at once, by definition. */
import type { Rec, WindowPlan } from './workloads/workload.ts'

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
      // Sessions that only touch are one.
      if (open === undefined || at > open.end) found.push((open = { end: at, k, values: [] }))
      open.end = at + gapMs
      open.values.push(v)
    }
  }
  return found
}
