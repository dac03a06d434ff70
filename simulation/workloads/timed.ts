/** Operations in time, as a user would write them: windows, delays, two streams. */
import {
  cumulativeWindow,
  keyedCoProcess,
  keyedProcess,
  listState,
  pattern,
  sessionWindow,
  slidingWindow,
  t,
  tumblingWindow,
  valueState,
} from '../../src/index.ts'
import type { DataStream, KeyedStream } from '../../src/index.ts'
import { numberOf } from './keys.ts'
import { FAR_MS, type JoinPlan, type Rec, type WindowPlan } from './workload.ts'

type Key = number | string | readonly [number, string]

/** What a window has seen, whichever records came first. */
interface Summary {
  k: number
  sum: number
  n: number
}

const summaries = {
  createAccumulator: (): Summary => ({ k: 0, sum: 0, n: 0 }),
  add(value: Rec, summary: Summary): Summary {
    summary.k = value.k
    summary.sum += value.v
    summary.n++
    return summary
  },
  merge: (a: Summary, b: Summary): Summary => ({ k: a.k, sum: a.sum + b.sum, n: a.n + b.n }),
  getResult: (summary: Summary): Summary => ({ ...summary }),
}

/** Sum and count in one number, which memory holds packed. */
const counted = {
  accumulator: t.float64,
  createAccumulator: () => 0,
  add: ({ v }: Rec, total: number) => total + v * 100 + 1,
  getResult: (total: number) => total,
}

const summaryType = t.struct({ k: t.float64, sum: t.float64, n: t.float64 })

/** Sums and counts of windows, emitted when they end; `at` is the time of the result. */
export function windowed(
  uid: string,
  keyed: KeyedStream<Key, Rec>,
  plan: WindowPlan,
  typed: boolean,
): DataStream<Rec> {
  const fn = typed ? { ...summaries, accumulator: summaryType } : summaries
  const emit = ({ k, sum, n }: Summary, { window }: { readonly window: { end: number } }): Rec => {
    return { k, v: sum * 100 + n, at: window.end - 1, pad: '' }
  }
  const { sizeMs, stepMs, offsetMs: offset, latenessMs } = plan
  switch (plan.type) {
    case 'tumbling': {
      const windows = keyed.window(tumblingWindow(sizeMs, { offset })).allowedLateness(latenessMs)
      if (!typed) return windows.aggregate(uid, fn, emit)
      return windows.aggregate(uid, counted, (v, { key, window }) => {
        return { k: numberOf(key), v, at: window.end - 1, pad: '' }
      })
    }
    case 'sliding':
      return keyed
        .window(slidingWindow(sizeMs, stepMs, { offset }))
        .allowedLateness(latenessMs)
        .aggregate(uid, fn, emit)
    case 'cumulative':
      return keyed
        .window(cumulativeWindow(sizeMs, stepMs, { offset }))
        .allowedLateness(latenessMs)
        .aggregate(uid, fn, emit)
    case 'session':
      return keyed
        .window(sessionWindow<Rec>(sizeMs))
        .allowedLateness(latenessMs)
        .aggregate(uid, fn, emit)
  }
}

/**
 * Holds records back for some processing time, or until the end of input: each comes once, but
 * when, and after which others, is open.
 */
export function delayed(
  uid: string,
  keyed: KeyedStream<Key, Rec>,
  typed: boolean,
  violated: (what: string) => void,
): DataStream<Rec> {
  const number = typed ? t.float64 : t.dynamic<number>()
  return keyed.process(
    uid,
    keyedProcess<Key, Rec, Rec, ReturnType<typeof held>>({
      state: held(number),
      processElement({ k, v }, { state, timers }) {
        state.k.update(k)
        state.waiting.add(v)
        timers.registerProcessingTimeTimer(timers.currentProcessingTime + 1 + (v % 50), `${v % 3}`)
        timers.registerEventTimeTimer(FAR_MS)
      },
      onTimer(at, { state, timers, timeDomain }, out) {
        const { currentProcessingTime, currentWatermark } = timers
        const now = timeDomain === 'event-time' ? currentWatermark : currentProcessingTime
        if (at > now) violated(`timer ${at} of ${timeDomain} fires at ${now}`)
        for (const v of state.waiting) out.collect({ k: state.k.value(), v, at: 0, pad: '' })
        state.waiting.clear()
      },
    }),
  )
}

/** Two streams in one state: what both have brought is told at the end of input. */
export function met(
  uid: string,
  first: KeyedStream<Key, Rec>,
  second: KeyedStream<Key, Rec>,
  typed: boolean,
): DataStream<Rec> {
  const number = typed ? t.float64 : t.dynamic<number>()
  const state = { ...held(number), sum: valueState(number, { initial: 0 }) }
  return first.connect(second).process(
    uid,
    keyedCoProcess<Key, Rec, Rec, Rec, typeof state>({
      state,
      processElement1({ k, v }, { state: { k: key, sum }, timers }, out) {
        key.update(k)
        sum.update(sum.value() + v)
        timers.registerEventTimeTimer(FAR_MS)
        out.collect({ k, v: v * 2, at: 0, pad: '' })
      },
      processElement2({ k, v }, { state: { k: key, waiting }, timers }, out) {
        key.update(k)
        waiting.add(v)
        timers.registerEventTimeTimer(FAR_MS)
        out.collect({ k, v: v * 3, at: 0, pad: '' })
      },
      onTimer(at, { state: { k, sum, waiting } }, out) {
        const second = [...waiting].reduce((total, v) => total + v, 0)
        out.collect({ k: k.value(), v: sum.value() * 7 + second, at, pad: '' })
      },
    }),
  )
}

/** Pairs of records of two streams that are near in time, and, if wanted, those without a pair. */
export function paired(
  uid: string,
  left: KeyedStream<Key, Rec>,
  right: KeyedStream<Key, Rec>,
  { lowerMs, upperMs, isOuter }: JoinPlan,
): DataStream<Rec> {
  const joined = left.intervalJoin(right).between(lowerMs, upperMs)
  if (!isOuter) {
    return joined.process(uid, (l, r) => {
      return { k: l.k, v: l.v * 1_000 + r.v, at: Math.max(l.at, r.at), pad: '' }
    })
  }
  return joined.fullOuter().process(uid, (l, r) => {
    return { k: l?.k ?? r?.k ?? 0, v: (l?.v ?? -1) * 1_000 + (r?.v ?? -1), at: 0, pad: '' }
  })
}

/** Every even value with each odd one that follows it soon, whatever is in between. */
export function matched(
  uid: string,
  keyed: KeyedStream<Key, Rec>,
  withinMs: number,
): DataStream<Rec> {
  const evenThenOdd = pattern<Rec>()
    .begin('even', ({ v }) => v % 2 === 0)
    // Records of one moment have no certain order, so they make no match.
    .followedByAny('odd', ({ v, at }, { match }) => v % 2 === 1 && at > match.even[0].at)
    .within(withinMs)
  return keyed.pattern(evenThenOdd).select(uid, ({ even: [first], odd: [second] }) => {
    return { k: first.k, v: first.v * 1_000 + second.v, at: 0, pad: '' }
  })
}

function held(number: ReturnType<typeof t.dynamic<number>>) {
  return { k: valueState(number, { initial: 0 }), waiting: listState(number) }
}
