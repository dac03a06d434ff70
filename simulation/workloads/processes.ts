/** The keyed process functions of workloads: together they use every kind of state and timers. */
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  t,
  valueState,
} from '../../src/index.ts'
import type { KeyedProcessFunction, OutputTag, StateSchema } from '../../src/index.ts'
import { FAR_MS, type Rec, restOf, TIMER_DELAY_MS, WINDOW_MS } from './workload.ts'

type Key = number | string | readonly [number, string]
type Process<S extends StateSchema> = KeyedProcessFunction<Key, Rec, Rec, S>

const numberType = (typed: boolean) => (typed ? t.float64 : t.dynamic<number>())

function allKinds(typed: boolean) {
  const number = numberType(typed)
  return {
    seen: valueState(number, { initial: 0 }),
    recent: listState(number),
    rests: mapState(number, number),
    folded: reducingState<number>((a, b) => (a * 7 + b) % 1_000_003, number),
    mean: aggregatingState<number, { sum: number; n: number }, number>(
      {
        createAccumulator: () => ({ sum: 0, n: 0 }),
        add(value, accumulator) {
          accumulator.sum += value
          accumulator.n++
          return accumulator
        },
        getResult: ({ sum, n }) => sum * 10 + n,
      },
      typed ? t.struct({ sum: t.float64, n: t.float64 }) : t.dynamic(),
    ),
  }
}

/** Emits a digest of all its states for each record; some values clear some of them. */
export function statesProcess(
  typed: boolean,
  side: OutputTag<Rec> | undefined,
  sideModulo: number,
): Process<ReturnType<typeof allKinds>> {
  return {
    state: allKinds(typed),
    processElement(record, ctx, out) {
      const { seen, recent, rests, folded, mean } = ctx.state
      const { v } = record
      seen.update(seen.value() + 1)
      recent.add(v)
      if (recent.length > 6) recent.update([...recent.get()].slice(-3))
      const rest = v % 7
      rests.set(rest, (rests.get(rest) ?? 0) + 1)
      folded.add(v)
      mean.add(v)
      let digest = seen.value() + (folded.get() ?? 0) + (mean.get() ?? 0)
      for (const value of recent) digest = (digest * 31 + value) % 1_000_003
      for (const [key, value] of [...rests.entries()].toSorted(([a], [b]) => a - b)) {
        digest = (digest * 31 + key * 100 + value) % 1_000_003
      }
      if (v % 11 === 0) recent.clear()
      if (v % 13 === 0) rests.delete(rest)
      if (v % 17 === 0) folded.clear()
      if (v % 19 === 0) mean.clear()
      if (v % 23 === 0) seen.clear()
      if (v % 29 === 0) rests.clear()
      out.collect({ k: record.k, v: digest, at: record.at, pad: '' })
      if (side !== undefined && restOf(record, sideModulo) === 0) ctx.output(side, record)
    },
  }
}

/** A timer of its own for each record; far ones, which a later record may take back. */
export function timersProcess(
  typed: boolean,
  isOrdered: boolean,
): Process<{ k: ReturnType<typeof one>; n: ReturnType<typeof one> }> {
  return {
    state: { k: one(typed), n: one(typed) },
    processElement({ k, v, at }, { state, timers }) {
      const n = state.n.value() + 1
      state.n.update(n)
      state.k.update(k)
      timers.registerEventTimeTimer(at + TIMER_DELAY_MS, `n${n}`)
      if (isOrdered && v % 3 === 1) timers.registerEventTimeTimer(FAR_MS + v, 'far')
      if (isOrdered && v % 3 === 2) timers.deleteEventTimeTimer(FAR_MS + v - 1, 'far')
    },
    onTimer(at, { state, timerName }, out) {
      out.collect({ k: state.k.value(), v: timerName === 'far' ? 1 : 0, at, pad: '' })
    },
  }
}

const one = (typed: boolean) => valueState(numberType(typed), { initial: 0 })

/** Sums per window; a window whose records come after its timer has fired comes again, in part. */
export function windowsProcess(
  typed: boolean,
): Process<{ k: ReturnType<typeof one>; sums: ReturnType<typeof sums> }> {
  return {
    state: { k: one(typed), sums: sums(typed) },
    processElement({ k, v, at }, { state, timers }) {
      const end = at - (at % WINDOW_MS) + WINDOW_MS
      state.k.update(k)
      state.sums.set(end, (state.sums.get(end) ?? 0) + v)
      timers.registerEventTimeTimer(end - 1)
    },
    onTimer(timestamp, { state }, out) {
      const at = timestamp + 1
      out.collect({ k: state.k.value(), v: state.sums.get(at) ?? -1_000_000, at, pad: '' })
      state.sums.delete(at)
    },
  }
}

const sums = (typed: boolean) => mapState(numberType(typed), numberType(typed))

/** Lets the first of equal values of a key pass. */
export function distinctProcess(typed: boolean): Process<{ seen: ReturnType<typeof flags> }> {
  return {
    state: { seen: flags(typed) },
    processElement({ k, v }, { state }, out) {
      if (state.seen.has(v)) return
      state.seen.set(v, true)
      out.collect({ k, v, at: 0, pad: '' })
    },
  }
}

const flags = (typed: boolean) =>
  mapState(numberType(typed), typed ? t.boolean : t.dynamic<boolean>())
