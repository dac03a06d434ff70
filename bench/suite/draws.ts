/**
 * The records of keyed sums, maps and lists. Each follows from its number, so that every contender
 * makes the same ones, in its own language, without reading them; `bench/flink/Jobs.java` has the
 * same formulas.
 */
import { mix } from './checksum.ts'

/** Whose sum is asked for. What is paid depends on the account alone: so do its running sums. */
export interface Payment<K> {
  readonly account: K
  readonly amount: number
}

/** Which user looked at which of a hundred pages. */
export interface Visit {
  readonly user: number
  readonly page: number
}

export const PAGES = 100
const PAGE_SALT = 0x3c6ef372
const DRAWN_BITS = 28

/** One of `count`, the same for the same number and salt. */
function draw(number: number, salt: number, count: number): number {
  // So few bits that the product is exact.
  return Math.floor(((mix(number ^ salt) >>> 4) * count) / 2 ** DRAWN_BITS)
}

/** Keys lie anywhere among the 32-bit numbers. */
const spread = (index: number): number => Math.imul(index, 0x9e3779b1)

const amountOf = (index: number): number => 1 + (index & 63)

/** Makes the record of that number. */
export type Draw<T> = (number: number) => T

export function payment(keys: number): Draw<Payment<number>> {
  return (number) => {
    const index = draw(number, 0, keys)
    return { account: spread(index), amount: amountOf(index) }
  }
}

export function namedPayment(keys: number): Draw<Payment<string>> {
  return (number) => {
    const index = draw(number, 0, keys)
    return { account: `account-${index}`, amount: amountOf(index) }
  }
}

export function visit(keys: number): Draw<Visit> {
  return (number) => {
    return { user: spread(draw(number, 0, keys)), page: draw(number, PAGE_SALT, PAGES) }
  }
}
