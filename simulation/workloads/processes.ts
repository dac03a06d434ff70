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
import type { Held } from './held.ts'
import { empties, farOf } from './effects.ts'
import { type Rec, restOf, TIMER_DELAY_MS, WINDOW_MS } from './workload.ts'

type Key = number | string | readonly [number, string]
type Process<S extends StateSchema> = KeyedProcessFunction<Key, Rec, Rec, S>

/** Where no record can be late: none is. */
export type ExpectInTime = (record: Rec, watermark: number) => void

const numberType = (typed: boolean) => (typed ? t.float64 : t.dynamic<number>())

function allKinds<T>(typed: boolean, { type, of, number }: Held<T>) {
  const folds = (a: T, b: T): T => of((number(a) * 7 + number(b)) % 1_000_003)
  return {
    seen: valueState(type, { initial: of(0) }),
    recent: listState(type),
    rests: mapState(numberType(typed), type),
    folded: reducingState<T>(folds, type),
    ballast: valueState(typed ? t.string : t.dynamic<string>(), { initial: '' }),
    mean: aggregatingState<number, { sum: T; n: number }, number>(
      {
        createAccumulator: () => ({ sum: of(0), n: 0 }),
        add(value, accumulator) {
          accumulator.sum = of(number(accumulator.sum) + value)
          accumulator.n++
          return accumulator
        },
        getResult: ({ sum, n }) => number(sum) * 10 + n,
      },
      typed ? t.struct({ sum: type, n: t.float64 }) : t.dynamic(),
    ),
  }
}

/** Emits a digest of all its states for each record; some values clear some of them. */
export function statesProcess<T>(
  typed: boolean,
  held: Held<T>,
  side: OutputTag<Rec> | undefined,
  sideModulo: number,
  expectInTime: ExpectInTime,
): Process<ReturnType<typeof allKinds<T>>> {
  const { of, number } = held
  return {
    state: allKinds(typed, held),
    processElement(record, ctx, out) {
      const { seen, recent, rests, folded, mean, ballast } = ctx.state
      const { v } = record
      expectInTime(record, ctx.timers.currentWatermark)
      seen.update(of(number(seen.value()) + 1))
      recent.add(of(v))
      if (recent.length > 6) recent.update([...recent.get()].slice(-3))
      const rest = v % 7
      rests.set(rest, of(number(rests.get(rest) ?? of(0)) + 1))
      folded.add(of(v))
      mean.add(v)
      let digest = number(seen.value()) + number(folded.get() ?? of(0)) + (mean.get() ?? 0)
      digest += ballast.value().length
      for (const value of recent) digest = (digest * 31 + number(value)) % 1_000_003
      for (const [key, value] of [...rests.entries()].toSorted(([a], [b]) => a - b)) {
        digest = (digest * 31 + key * 100 + number(value)) % 1_000_003
      }
      if (v % 11 === 0) recent.clear()
      if (v % 13 === 0) rests.delete(rest)
      if (v % 17 === 0) folded.clear()
      if (v % 19 === 0) mean.clear()
      if (v % 23 === 0) seen.clear()
      if (v % 29 === 0) rests.clear()
      if (ballast.value() !== record.pad) ballast.update(record.pad)
      if (empties(record.k, v)) for (const state of Object.values(ctx.state)) state.clear()
      out.collect({ k: record.k, v: digest, at: record.at, pad: '' })
      if (side !== undefined && restOf(record, sideModulo) === 0) ctx.output(side, record)
    },
  }
}

/** A timer of its own for each record; far ones, which a later record may take back. */
export function timersProcess<T>(
  held: Held<T>,
  isOrdered: boolean,
  violated: (what: string) => void,
  expectInTime: ExpectInTime,
): Process<{ k: ReturnType<typeof one<T>>; n: ReturnType<typeof one<T>> }> {
  const { of, number } = held
  return {
    state: { k: one(held), n: one(held) },
    processElement(record, { state, timers }) {
      const { k, v, at } = record
      expectInTime(record, timers.currentWatermark)
      const n = number(state.n.value()) + 1
      state.n.update(of(n))
      state.k.update(of(k))
      timers.registerEventTimeTimer(at + TIMER_DELAY_MS, `n${n}`)
      if (isOrdered && v % 3 < 2) timers.registerEventTimeTimer(farOf(v), 'far')
      if (isOrdered && v % 3 === 2) timers.deleteEventTimeTimer(farOf(v), 'far')
    },
    onTimer(at, { state, timerName, timers }, out) {
      if (at > timers.currentWatermark) violated(`timer ${at} fires at ${timers.currentWatermark}`)
      out.collect({ k: number(state.k.value()), v: timerName === 'far' ? 1 : 0, at, pad: '' })
    },
  }
}

const one = <T>({ type, of }: Held<T>) => valueState(type, { initial: of(0) })

/** Sums per window; a window whose records come after its timer has fired comes again, in part. */
export function windowsProcess<T>(
  typed: boolean,
  held: Held<T>,
): Process<{ k: ReturnType<typeof one<T>>; sums: ReturnType<typeof sums<T>> }> {
  const { of, number } = held
  return {
    state: { k: one(held), sums: sums(typed, held) },
    processElement({ k, v, at }, { state, timers }) {
      const end = at - (at % WINDOW_MS) + WINDOW_MS
      state.k.update(of(k))
      state.sums.set(end, of(number(state.sums.get(end) ?? of(0)) + v))
      timers.registerEventTimeTimer(end - 1)
    },
    onTimer(timestamp, { state }, out) {
      const at = timestamp + 1
      const sum = state.sums.get(at) ?? of(-1_000_000)
      out.collect({ k: number(state.k.value()), v: number(sum), at, pad: '' })
      state.sums.delete(at)
    },
  }
}

const sums = <T>(typed: boolean, { type }: Held<T>) => mapState(numberType(typed), type)

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
