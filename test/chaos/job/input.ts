/**
 * The input of a job of the chaos tests, the same for the same seed. Orders lie in files, one
 * split each: those of a customer are in one file, in order, so what must follow from them is one
 * sequence; their words are in all files. Payments and rules are generated, one split each. A
 * second of event time holds a dozen orders of each file and a hundred payments.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SeededRandom } from '../../../src/util/random.ts'

export interface InputSize {
  readonly payments: number
  /** So many lines has each file of orders. */
  readonly ordersPerFile: number
  readonly distinctWords: number
  readonly rules: number
}

export interface Order {
  readonly customer: string
  /** Event time in ms. */
  readonly at: number
  readonly amount: number
  readonly words: string
}

export interface Payment {
  readonly customer: string
  readonly visitor: string
  /** Event time in ms. */
  readonly at: number
  readonly amount: number
}

export const FILES = 4
const CUSTOMERS_PER_FILE = 12
const WORDS_PER_ORDER = 2
const MS_BETWEEN_ORDERS = 80
const MS_BETWEEN_PAYMENTS = 10
const AMOUNT_MAX = 1_000

/**
 * Visitors come in bursts: five at a time for half a second, again after 36 s. The source may hand
 * over a thousand payments, ten seconds of event time, before it tells the watermark.
 */
const VISIT_PAYMENTS = 50
const VISITORS_AT_A_TIME = 5
const GROUPS_OF_VISITORS = 72

function customer(file: number, random: { int(bound: number): number }): string {
  return `f${file}-${String(random.int(CUSTOMERS_PER_FILE)).padStart(2, '0')}`
}

export function* ordersOf(seed: number, file: number, size: InputSize): Generator<Order> {
  const random = new SeededRandom(seed, file + 1)
  for (let line = 0; line < size.ordersPerFile; line++) {
    const words: string[] = []
    for (let at = 0; at < WORDS_PER_ORDER; at++) {
      const rank = Math.floor(random.next() ** 2 * size.distinctWords)
      words.push(`word-${String(rank).padStart(8, '0')}`)
    }
    const amount = random.int(AMOUNT_MAX)
    yield {
      customer: customer(file, random),
      at: line * MS_BETWEEN_ORDERS,
      amount,
      words: words.join(' '),
    }
  }
}

/** Writes the files of orders into a folder that is there. */
export function writeOrders(folder: string, seed: number, size: InputSize): void {
  for (let file = 0; file < FILES; file++) {
    const lines = [...ordersOf(seed, file, size)].map((order) => JSON.stringify(order))
    writeFileSync(join(folder, `orders-${file}.jsonl`), `${lines.join('\n')}\n`)
  }
}

export function paymentAt(seed: number, index: number): Payment {
  const random = new SeededRandom(seed, FILES + 1, index)
  const burst = Math.floor(index / VISIT_PAYMENTS) % GROUPS_OF_VISITORS
  return {
    customer: customer(random.int(FILES), random),
    visitor: `v${burst * VISITORS_AT_A_TIME + (index % VISITORS_AT_A_TIME)}`,
    at: index * MS_BETWEEN_PAYMENTS,
    amount: random.int(AMOUNT_MAX),
  }
}

export function ruleAt(seed: number, index: number): number {
  return new SeededRandom(seed, FILES + 2, index).int(AMOUNT_MAX)
}
