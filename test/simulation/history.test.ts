// The checker of bank histories finds what must not be in one, and they can be exported.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { simulatedBackends } from '../../simulation/backends.ts'
import {
  historyEdn,
  historyJson,
  historyOperations,
} from '../../simulation/checks/export-history.ts'
import { type BankEvent, bankEvents, historyDifference } from '../../simulation/checks/history.ts'
import { runSeed } from '../../simulation/run-seed.ts'
import type { Rec } from '../../simulation/workloads/workload.ts'

const order = (k: number, v: number, at: number): Rec => ({ k, v, at, pad: '' })
const event = ({ account, v, at, ...rest }: BankEvent): Rec => {
  return { k: account, v, at, pad: JSON.stringify({ account, ...rest }) }
}

/** 1 sends 51 to 3; then it reads; then it sends 81 to 5. */
const orders = [order(1, 51, 1), order(1, 55, 2), order(1, 81, 3)]
const base = { account: 1, ok: true } as const
const events: readonly BankEvent[] = [
  { ...base, f: 'transfer', to: 3, amount: 51, place: 1, balance: 249, at: 1, v: 51 },
  { ...base, f: 'read', to: 0, amount: 55, ok: false, place: 2, balance: 249, at: 2, v: 55 },
  { ...base, f: 'transfer', to: 5, amount: 81, place: 3, balance: 168, at: 3, v: 81 },
  { ...base, f: 'receive', account: 5, from: 1, amount: 81, place: 1, balance: 381, at: 3, v: 81 },
  { ...base, f: 'receive', account: 3, from: 1, amount: 51, place: 1, balance: 351, at: 1, v: 51 },
]

const differenceOf = (history: readonly BankEvent[]) =>
  historyDifference(orders, history.map(event)) ?? 'none'

describe('the checker of histories', () => {
  it('accepts what a bank may have done', () => {
    assert.equal(differenceOf(events), 'none')
  })

  it('finds orders that were lost or doubled, and money that did not arrive', () => {
    assert.match(differenceOf(events.slice(0, 2)), /too little/)
    assert.match(differenceOf([...events, ...events.slice(1, 2)]), /too much/)
    assert.match(differenceOf(events.slice(0, 4)), /transfers: 1 to 3: 51 .* too little/)
  })

  it('finds a balance that is not that of the step before, and two steps at one place', () => {
    const changed = events.map((each) => (each.place === 3 ? { ...each, balance: 219 } : each))
    assert.match(differenceOf(changed), /249 became 219/)
    const twice = events.map((each) => (each.place === 3 ? { ...each, place: 2 } : each))
    assert.match(differenceOf(twice), /number 2 follows number 2/)
  })

  it('exports operations with their completions, for other checkers', () => {
    const operations = historyOperations(bankEvents(events.map(event)))
    assert.equal(operations.length, 10)
    const [line] = historyEdn(operations).split('\n')
    const value = '{:account 1 :to 3 :amount 51 :order 51 :time 1}'
    assert.equal(line, `{:index 0 :type :invoke :process "debit/1" :f :transfer :value ${value}}`)
    assert.deepEqual(JSON.parse(historyJson(operations)), operations)
  })

  it('gets the history of a bank that lived under faults', async () => {
    let history: readonly BankEvent[] = []
    const onHistory = (events: readonly BankEvent[]): void => void (history = events)
    const { violation } = await runSeed({ seed: 8, ...simulatedBackends, onHistory })
    assert.equal(violation, undefined)
    assert.ok(history.length > 50)
  })
})
