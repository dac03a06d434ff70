/**
 * The rows of an operator that has an error policy: what expires meanwhile is told apart, and a
 * call that goes from key to key is taken back key by key.
 */
import type { ExpiryOutput, KeyedStateTable, TimerTable } from '../../state/backend.ts'
import type { UndoLog } from './undo.ts'

interface Selected {
  readonly key: unknown
  readonly hash: number
}

export class GuardedTable implements KeyedStateTable {
  readonly handles: KeyedStateTable['handles']
  readonly timers: TimerTable
  readonly #table: KeyedStateTable
  readonly #around: (output: ExpiryOutput) => ExpiryOutput
  readonly #undo: UndoLog
  #hasSeenKeys = false
  /** What the call itself has selected: a broadcast record begins on no key. */
  #selected: Selected | undefined

  constructor(
    table: KeyedStateTable,
    around: (output: ExpiryOutput) => ExpiryOutput,
    undo: UndoLog,
  ) {
    this.#undo = undo
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

  select(key: unknown, hash: number): void {
    this.#leave({ key, hash })
    this.#table.select(key, hash)
  }

  deselect(): void {
    this.#leave(undefined)
    this.#table.deselect()
  }

  /** True if a call has asked for all keys since. */
  forgetKeys(): boolean {
    const hasSeen = this.#hasSeenKeys
    this.#hasSeenKeys = false
    this.#selected = undefined
    return hasSeen
  }

  prefetch(keys: readonly unknown[], routeHashes: Int32Array, count: number): void {
    this.#table.prefetch(keys, routeHashes, count)
  }

  keys(): ReturnType<KeyedStateTable['keys']> {
    if (this.#undo.isOpen) this.#hasSeenKeys = true
    return this.#table.keys()
  }

  fireMark(key: unknown, hash: number, name: string, time: number): boolean {
    return this.#table.fireMark(key, hash, name, time)
  }

  /** What was written to a key is taken back while that key is selected. */
  #leave(next: Selected | undefined): void {
    if (!this.#undo.isOpen) return
    const before = this.#selected
    this.#selected = next
    this.#undo.add(() => {
      this.#selected = before
      if (before === undefined) this.#table.deselect()
      else this.#table.select(before.key, before.hash)
    })
  }
}
