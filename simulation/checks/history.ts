/**
 * Checks the history of a bank by itself: each order was carried out once, those of an account one
 * after the other, each on the balance that the one before has left, and no money came from
 * nowhere. Knows nothing of the order in which orders came.
 */
import { bankOrder, OPENING_BALANCE, type Rec } from '../workloads/workload.ts'

/** What a stage has done, in the order in which it became visible. */
export interface BankEvent {
  readonly f: 'read' | 'transfer' | 'receive'
  readonly account: number
  /** Of a transfer and a read: where the money goes, or would. */
  readonly to?: number
  /** Of what was received. */
  readonly from?: number
  readonly amount: number
  /** False: there was not enough, or it only read. */
  readonly ok: boolean
  /** From 1 on, among all that the stage did to the account. */
  readonly place: number
  /** Afterwards. */
  readonly balance: number
  /** Event time of the order. */
  readonly at: number
  /** What tells orders of one account apart. */
  readonly v: number
}

/** @throws SyntaxError if what is visible is no history. */
export function bankEvents(visible: readonly Rec[]): readonly BankEvent[] {
  // The workload has written each `pad` as such an event.
  return visible.map(({ pad, at, v }) => ({ ...(JSON.parse(pad) as BankEvent), at, v }))
}

/** Undefined if the history is one of a bank that got exactly these orders. */
export function historyDifference(
  orders: readonly Rec[],
  visible: readonly Rec[],
): string | undefined {
  const events = bankEvents(visible)
  const ordered = events.filter(({ f }) => f !== 'receive')
  const received = events.filter(({ f }) => f === 'receive')
  const sent = ordered.filter(({ ok }) => ok)
  return (
    bagDifference(
      'orders',
      orders.map(({ k, v, at }) => `${k} ${v} ${at}`),
      ordered.map(({ account, v, at }) => `${account} ${v} ${at}`),
    ) ??
    bagDifference('transfers', sent.map(textOfTransfer), received.map(textOfTransfer)) ??
    serialDifference('debits', ordered) ??
    serialDifference('credits', received)
  )
}

function textOfTransfer({ f, account, to, from, amount, v, at }: BankEvent): string {
  const [source, target] = f === 'receive' ? [from, account] : [account, to]
  return `${source} to ${target}: ${amount} (${v} ${at})`
}

/** Each as often in the one as in the other. */
function bagDifference(
  what: string,
  wanted: readonly string[],
  found: readonly string[],
): string | undefined {
  const left = new Map<string, number>()
  for (const line of wanted) left.set(line, (left.get(line) ?? 0) + 1)
  for (const line of found) left.set(line, (left.get(line) ?? 0) - 1)
  for (const [line, count] of left) {
    if (count > 0) return `${what}: ${line} was carried out ${count} times too little`
    if (count < 0) return `${what}: ${line} was carried out ${-count} times too much`
  }
  return undefined
}

/**
 * What was done to an account was done step by step, each on the balance that the one before left.
 * Two stages come together before the sink, so the steps need not become visible in their order.
 */
function serialDifference(what: string, events: readonly BankEvent[]): string | undefined {
  const accounts = new Map<number, { place: number; balance: number }>()
  const inOrder = events.toSorted((a, b) => a.place - b.place)
  for (const { f, account, amount, ok, place, balance, v, from } of inOrder) {
    const known = accounts.get(account) ?? { place: 0, balance: OPENING_BALANCE }
    accounts.set(account, known)
    const order = bankOrder(from ?? account, v)
    if (place !== known.place + 1) {
      return `${what} of ${account}: number ${place} follows number ${known.place}`
    }
    if (f !== 'receive' && f !== order.f) return `${what} of ${account}: ${f} instead of ${order.f}`
    const change = f === 'receive' ? amount : ok ? -amount : 0
    const mustSucceed = f === 'transfer' && known.balance >= amount
    if (amount !== order.amount || balance !== known.balance + change || balance < 0) {
      return `${what} of ${account}: ${known.balance} became ${balance} by ${f} of ${amount}`
    }
    if (f === 'transfer' && ok !== mustSucceed) {
      return `${what} of ${account}: a transfer of ${amount} from ${known.balance} was ${ok}`
    }
    known.place = place
    known.balance = balance
  }
  return undefined
}
