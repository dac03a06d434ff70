/**
 * What the job keeps of payments: orders are paid in the order in which they came; the count of a
 * visit ends by its time to live.
 */
import { counterState, dequeState, keyedCoProcess, keyedProcess, outputTag, t } from 'millrace'
import { Order } from './orders.ts'
import { VISIT_OVER_AFTER_MS } from './times.ts'

export const Payment = t.struct({
  customer: t.string,
  visitor: t.string,
  at: t.timestamp,
  amount: t.float64,
})

/** The nth order of a customer is paid by the nth payment, whichever comes first. */
export const pairs = keyedCoProcess({
  key: t.string,
  input1: Order,
  input2: Payment,
  output: t.string,
  state: {
    orders: dequeState(t.float64),
    payments: dequeState(t.float64),
    paid: counterState(),
  },
  processElement1({ amount }, { state, currentKey }, out) {
    const payment = state.payments.popFirst()
    if (payment === undefined) state.orders.pushLast(amount)
    else out.collect(`pair|${currentKey}|${state.paid.increment()} ${amount} ${payment}`)
  },
  processElement2({ amount }, { state, currentKey }, out) {
    const order = state.orders.popFirst()
    if (order === undefined) state.payments.pushLast(amount)
    else out.collect(`pair|${currentKey}|${state.paid.increment()} ${order} ${amount}`)
  },
})

export const visitsEnded = outputTag('visits-ended', t.string)

export const visits = keyedProcess({
  key: t.string,
  input: Payment,
  output: t.string,
  sideOutputs: [visitsEnded],
  state: {
    seen: counterState(t.float64, {
      ttl: {
        after: VISIT_OVER_AFTER_MS,
        time: 'event-time',
        onExpire: (seen, { key, output }) => output(visitsEnded, `ended|${String(key)}|${seen}`),
      },
    }),
  },
  processElement(_payment, { state, currentKey }, out) {
    out.collect(`visit|${currentKey}|${state.seen.increment()}`)
  },
})
