/**
 * Running sums of many records at once: what a count and a sum do where the table can add to many
 * keys in one loop.
 */
import type { KeyedStateTable, NumberAdder } from '../state/backend.ts'
import type { KeyedRecords, Output } from './operator.ts'

const RECORDS_MAX = 512

export class RunningSums {
  /** Of the records to be added. */
  readonly amounts = new Float64Array(RECORDS_MAX)
  readonly #sums = new Float64Array(RECORDS_MAX)
  readonly #adder: NumberAdder | undefined
  readonly #output: Output

  /** @param state a value state of numbers. */
  constructor(table: KeyedStateTable, state: string, output: Output) {
    this.#adder = table.adderOf?.(state)
    this.#output = output
  }

  get isReady(): boolean {
    return this.#adder?.isReady === true
  }

  /** Adds the amounts of the first `end` records, and emits the new value of each key. */
  add(records: KeyedRecords, end: number): void {
    const adder = this.#adder
    if (adder === undefined) return
    const { keys, hashes, timestamps } = records
    let added = 0
    try {
      adder.addEach(keys, hashes, end, this.amounts, this.#sums)
      added = end
    } finally {
      if (added < end) added = adder.at
      for (let at = 0; at < added; at++) {
        records.at = at
        const value = this.#sums[at] as number // one for each
        this.#output.collect({ key: keys[at], value }, timestamps[at] as number)
      }
      records.at = added
    }
  }
}
