/** The rows of an operator that has an error policy: what expires meanwhile is told apart. */
import type { ExpiryOutput, KeyedStateTable, TimerTable } from '../../state/backend.ts'

export class GuardedTable implements KeyedStateTable {
  readonly handles: KeyedStateTable['handles']
  readonly timers: TimerTable
  readonly #table: KeyedStateTable
  readonly #around: (output: ExpiryOutput) => ExpiryOutput

  constructor(table: KeyedStateTable, around: (output: ExpiryOutput) => ExpiryOutput) {
    this.handles = table.handles
    this.timers = table.timers
    this.#table = table
    this.#around = around
  }

  get currentKey(): unknown {
    return this.#table.currentKey
  }

  get prefetches(): boolean {
    return this.#table.prefetches
  }

  set expiryOutput(output: ExpiryOutput) {
    this.#table.expiryOutput = this.#around(output)
  }

  select(key: unknown, routeHash: number): void {
    this.#table.select(key, routeHash)
  }

  deselect(): void {
    this.#table.deselect()
  }

  prefetch(keys: readonly unknown[], routeHashes: Int32Array, count: number): void {
    this.#table.prefetch(keys, routeHashes, count)
  }

  keys(): ReturnType<KeyedStateTable['keys']> {
    return this.#table.keys()
  }

  fireMark(key: unknown, routeHash: number, name: string, time: number): boolean {
    return this.#table.fireMark(key, routeHash, name, time)
  }
}
