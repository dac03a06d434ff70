/**
 * A bank of accounts in keyed state. An order reads the balance of its account, or moves money from
 * it to another one if there is enough; what was moved arrives at the other account later, in other
 * state. Each stage tells what it has done, with the place of that among all it did to the account:
 * a history that can be checked without knowing in which order the orders came.
 */
import { keyedProcess, t, valueState } from '../../src/index.ts'
import type { DataStream, KeyedStream } from '../../src/index.ts'
import { bankOrder, OPENING_BALANCE, type Rec } from './workload.ts'

type Key = number | string | readonly [number, string]

const accountState = (typed: boolean) => {
  const number = typed ? t.float64 : t.dynamic<number>()
  return {
    balance: valueState(number, { initial: OPENING_BALANCE }),
    place: valueState(number, { initial: 0 }),
  }
}

/** @param keyBy groups records by account as the workload wishes. */
export function banked(
  uid: string,
  orders: DataStream<Rec>,
  keyBy: (stream: DataStream<Rec>) => KeyedStream<Key, Rec>,
  typed: boolean,
): DataStream<Rec> {
  const state = accountState(typed)
  const debits = keyBy(orders).process(
    `${uid}-debit`,
    keyedProcess<Key, Rec, Rec, typeof state>({
      state,
      processElement({ k, v, at }, { state: { balance, place } }, out) {
        const { f, amount, to } = bankOrder(k, v)
        const had = balance.value()
        const ok = f === 'transfer' && had >= amount
        place.update(place.value() + 1)
        if (ok) balance.update(had - amount)
        const event = { f, account: k, to, amount, ok, place: place.value() }
        out.collect({ k, v, at, pad: JSON.stringify({ ...event, balance: balance.value() }) })
      },
    }),
  )
  const moved = debits.filter(({ pad }) => pad.includes('"ok":true'))
  // The same record under the other account; its order is in `pad` until it has arrived.
  const arriving = moved.map((rec): Rec => ({
    ...rec,
    k: bankOrder(rec.k, rec.v).to,
    pad: `${rec.k}`,
  }))
  const credits = keyBy(arriving).process(
    `${uid}-credit`,
    keyedProcess<Key, Rec, Rec, typeof state>({
      state,
      processElement({ k, v, at, pad }, { state: { balance, place } }, out) {
        const from = Number(pad)
        const { amount } = bankOrder(from, v)
        place.update(place.value() + 1)
        balance.update(balance.value() + amount)
        const event = { f: 'receive', account: k, from, amount, ok: true, place: place.value() }
        out.collect({ k, v, at, pad: JSON.stringify({ ...event, balance: balance.value() }) })
      },
    }),
  )
  return debits.union(credits)
}
