/**
 * What the job keeps of each customer's orders: a state of every kind, a timer in event time and
 * one in processing time. Each order gives a line of what the states say; each timer gives one.
 */
import {
  aggregatingState,
  counterState,
  dequeState,
  eventTimer,
  keyedProcess,
  listState,
  mapState,
  processingTimer,
  reducingState,
  setState,
  sortedMapState,
  t,
  valueState,
} from 'millrace'
import { REMIND_EVERY, REVOKED_AFTER_MS, SETTLE_AFTER_MS, SETTLE_EVERY } from './times.ts'

export const Order = t.struct({
  customer: t.string,
  at: t.timestamp,
  amount: t.float64,
  words: t.string,
})

/** By the clock. */
const REMIND_AFTER_MS = 40
/** Fires at the end of the input only: what is not told yet by the clock is told then. */
const END_OF_TIME = 8.64e15

const Reminder = t.struct({ n: t.float64, due: t.timestamp })
const average = {
  createAccumulator: () => ({ count: 0, sum: 0 }),
  add: (amount: number, { count, sum }: { count: number; sum: number }) => ({
    count: count + 1,
    sum: sum + amount,
  }),
  getResult: ({ count, sum }: { count: number; sum: number }) => `${count}/${sum}`,
}

/** `isAging`: two states have a time to live that never ends, as a deploy may give or take it. */
export const ordersKept = (isAging: boolean) =>
  keyedProcess({
    key: t.string,
    input: Order,
    output: t.string,
    state: {
      seen: counterState(),
      last: isAging ? valueState(t.float64, { ttl: '30 d' }) : valueState(t.float64),
      recent: listState(t.float64),
      lastThree: dequeState(t.float64),
      slots: isAging
        ? mapState(t.string, t.float64, { ttl: '30 d' })
        : mapState(t.string, t.float64),
      byAmount: sortedMapState(t.tuple(t.float64, t.float64), t.float64),
      remainders: setState(t.float64),
      sum: reducingState((a: number, b: number) => a + b, t.float64),
      average: aggregatingState(average, t.struct({ count: t.float64, sum: t.float64 })),
      reminders: dequeState(Reminder),
    },
    timers: {
      settle: eventTimer(t.struct({ n: t.float64 })),
      revoked: eventTimer(t.struct({ n: t.float64 })),
      end: eventTimer(),
      remind: processingTimer(),
    },
    processElement({ at, amount }, { state, timers, currentKey }, out) {
      const n = state.seen.increment()
      const before = state.last.value() ?? 0
      state.last.update(amount)
      state.recent.add(amount)
      const recent = [...state.recent.get()].reduce((sum, each) => sum + each, 0)
      if (n % 16 === 0) state.recent.clear()
      state.lastThree.pushLast(amount)
      if (state.lastThree.length > 3) state.lastThree.popFirst()
      const slot = `s${n % 7}`
      const inSlot = (state.slots.get(slot) ?? 0) + amount
      state.slots.set(slot, inSlot)
      if (n % 40 === 0) state.slots.delete(`s${(n / 40) % 7}`)
      state.byAmount.set([amount, n], n)
      const least = state.byAmount.first()
      if (n % 10 === 0 && least !== undefined) state.byAmount.delete(least[0])
      state.remainders.add(amount % 13)
      if (n % 30 === 0) state.remainders.delete(amount % 13)
      state.sum.add(amount)
      state.average.add(amount)
      const third = state.lastThree.at(0) ?? -1
      const has = state.remainders.has(amount % 5)
      const folded = `${state.sum.get()} ${state.average.get()}`
      const figures = `${n} ${before} ${recent} ${third} ${inSlot} ${least?.[0].join(':')} ${has}`
      out.collect(`order|${currentKey}|${figures} ${folded}`)

      if (n === 1) timers.end.set(END_OF_TIME)
      if (n % SETTLE_EVERY === 0) timers.settle.set(at + SETTLE_AFTER_MS, { n })
      if (n % SETTLE_EVERY === 5) timers.revoked.set(at + REVOKED_AFTER_MS, { n })
      if (n % SETTLE_EVERY === 15) timers.revoked.clear()
      if (n % REMIND_EVERY === 0) {
        const due = timers.currentProcessingTime + REMIND_AFTER_MS
        state.reminders.pushLast({ n, due })
        timers.remind.set(due)
      }
    },
    onTimer(at, ctx, out) {
      if (ctx.timerName === 'settle') out.collect(`settled|${ctx.currentKey}|${ctx.payload.n}`)
      else if (ctx.timerName === 'revoked')
        out.collect(`revoked|${ctx.currentKey}|${ctx.payload.n}`)
      else {
        const { reminders } = ctx.state
        for (;;) {
          const first = reminders.at(0)
          if (first === undefined || first.due > at) break
          out.collect(`reminded|${ctx.currentKey}|${first.n}`)
          reminders.popFirst()
        }
      }
    },
  })
