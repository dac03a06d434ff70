/**
 * What the job must write, worked out from its input by plain loops: of each track and key the
 * lines in their order. Nothing of the engine is used.
 */
import type { Expected } from './follower.ts'
import { FILES, type InputSize, ordersOf, paymentAt, ruleAt } from './job/input.ts'
import type { Order, Payment } from './job/input.ts'
import { REMIND_EVERY, SESSION_GAP_MS, SETTLE_EVERY, WINDOW_MS } from './job/times.ts'

export class Oracle implements Expected {
  /** By `track|key`. */
  readonly lines: ReadonlyMap<string, readonly string[]>
  readonly #digests: readonly number[]

  constructor(seed: number, size: InputSize) {
    const lines = new Lines()
    const orders: Order[] = []
    for (let file = 0; file < FILES; file++) orders.push(...ordersOf(seed, file, size))
    const payments = Array.from({ length: size.payments }, (_, index) => paymentAt(seed, index))
    addWords(lines, orders)
    addOrders(lines, orders)
    addWindows(lines, orders)
    addPairs(lines, orders, payments)
    addRated(lines, payments)
    addVisits(lines, payments)
    this.lines = lines.byTrackAndKey
    const digests = [0]
    for (let index = 0; index < size.rules; index++) {
      digests.push(((digests.at(-1) ?? 0) * 31 + ruleAt(seed, index)) % 1_000_000_007)
    }
    this.#digests = digests
  }

  /** Of the first so many rules; undefined if there are not so many. */
  digest(known: number): number | undefined {
    return this.#digests[known]
  }
}

class Lines {
  readonly byTrackAndKey = new Map<string, string[]>()

  add(track: string, key: string, text: string | number): void {
    const name = `${track}|${key}`
    const before = this.byTrackAndKey.get(name)
    if (before === undefined) this.byTrackAndKey.set(name, [String(text)])
    else before.push(String(text))
  }
}

function groups<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  return Map.groupBy(values, keyOf)
}

function addWords(lines: Lines, orders: readonly Order[]): void {
  const counts = new Map<string, number>()
  for (const word of orders.flatMap((order) => order.words.split(' '))) {
    const count = (counts.get(word) ?? 0) + 1
    counts.set(word, count)
    lines.add('word', word, count)
  }
}

function addOrders(lines: Lines, orders: readonly Order[]): void {
  for (const [customer, theirs] of groups(orders, (order) => order.customer)) {
    addFigures(
      lines,
      customer,
      theirs.map(({ amount }) => amount),
    )
    let revoked: number | undefined
    for (let n = 1; n <= theirs.length; n++) {
      if (n % SETTLE_EVERY === 0) lines.add('settled', customer, n)
      if (n % REMIND_EVERY === 0) lines.add('reminded', customer, n)
      if (n % SETTLE_EVERY === 5) revoked = n
      if (n % SETTLE_EVERY === 15) revoked = undefined
    }
    if (revoked !== undefined) lines.add('revoked', customer, revoked)
  }
}

/** What a state of each kind says at each order of a customer. */
function addFigures(lines: Lines, customer: string, amounts: readonly number[]): void {
  const slots = new Map<string, number>()
  const remainders = new Set<number>()
  let sorted: (readonly [amount: number, n: number])[] = []
  let recent = 0
  let sum = 0
  for (const [index, amount] of amounts.entries()) {
    const n = index + 1
    recent += amount
    sum += amount
    const slot = `s${n % 7}`
    const inSlot = (slots.get(slot) ?? 0) + amount
    slots.set(slot, inSlot)
    if (n % 40 === 0) slots.delete(`s${(n / 40) % 7}`)
    sorted.push([amount, n])
    sorted = sorted.toSorted(([a, m], [b, o]) => a - b || m - o)
    const least = sorted[0]?.join(':')
    if (n % 10 === 0) sorted.shift()
    remainders.add(amount % 13)
    if (n % 30 === 0) remainders.delete(amount % 13)
    const third = amounts[Math.max(0, index - 2)]
    const figures = [n, amounts[index - 1] ?? 0, recent, third, inSlot, least]
    lines.add(
      'order',
      customer,
      [...figures, remainders.has(amount % 5), sum, `${n}/${sum}`].join(' '),
    )
    if (n % 16 === 0) recent = 0
  }
}

function addWindows(lines: Lines, orders: readonly Order[]): void {
  const start = ({ at }: Order) => Math.floor(at / WINDOW_MS) * WINDOW_MS
  const windows = groups(orders, (order) => `${order.customer} ${start(order)}`)
  const inOrder = [...windows.values()].toSorted(([a], [b]) => (a?.at ?? 0) - (b?.at ?? 0))
  for (const window of inOrder) {
    const [first] = window
    if (first === undefined) continue
    const sum = window.reduce((total, { amount }) => total + amount, 0)
    lines.add('window', first.customer, `${start(first)} ${window.length} ${sum}`)
  }
}

function addPairs(lines: Lines, orders: readonly Order[], payments: readonly Payment[]): void {
  const paymentsOf = groups(payments, (payment) => payment.customer)
  for (const [customer, theirs] of groups(orders, (order) => order.customer)) {
    const paid = paymentsOf.get(customer) ?? []
    for (const [index, { amount }] of theirs.entries()) {
      const payment = paid[index]
      if (payment !== undefined) {
        lines.add('pair', customer, `${index + 1} ${amount} ${payment.amount}`)
      }
    }
  }
}

function addRated(lines: Lines, payments: readonly Payment[]): void {
  for (const [customer, theirs] of groups(payments, (payment) => payment.customer)) {
    for (const [index, { amount }] of theirs.entries()) {
      lines.add('rated', customer, `${index + 1} ${amount}`)
    }
  }
}

/** Bursts are so far apart that time to live and gap of sessions part them alike. */
function addVisits(lines: Lines, payments: readonly Payment[]): void {
  for (const [visitor, theirs] of groups(payments, (payment) => payment.visitor)) {
    let first = 0
    let seen = 0
    for (const [index, { at }] of theirs.entries()) {
      if (seen === 0) first = at
      lines.add('visit', visitor, ++seen)
      const next = theirs[index + 1]
      if (next !== undefined && next.at - at < SESSION_GAP_MS) continue
      lines.add('ended', visitor, seen)
      lines.add('session', visitor, `${first} ${at + SESSION_GAP_MS} ${seen}`)
      seen = 0
    }
  }
}
