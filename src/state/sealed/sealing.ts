/**
 * Seals the entries of a cut on their way into its run. Sealed keys have another order than plain
 * ones, so what begins alike (the rows of a key group, the timers of a time) is held until it is
 * whole, and given out in the order that it has now. Other operators' entries pass.
 */
import { Buffer } from 'node:buffer'
import type { Entry } from '../backend.ts'
import { operatorOfKey, startsWith } from '../runs/entry.ts'
import { copyOf } from '../runs/entry-range.ts'
import { EntryBuffer, type SortedEntries } from '../table/entry-buffer.ts'
import { mergeParts } from '../table/merge-parts.ts'
import type { EntrySeal } from './entry-seal.ts'
import { headBytesOf } from './sealed-key.ts'
import type { ShreddedOperators } from './subject.ts'

/** Sorted at once, so that no pause is long. */
const ENTRIES_PER_PART = 2048
const NONE: readonly Entry[] = []

export class Sealing {
  readonly #seal: EntrySeal
  readonly #operators: ShreddedOperators
  #head: Buffer = Buffer.alloc(0)
  #parts: SortedEntries[] = []
  #buffer = new EntryBuffer()

  constructor(seal: EntrySeal, operators: ShreddedOperators) {
    this.#seal = seal
    this.#operators = operators
  }

  /**
   * Takes the next entry, in order of plain keys, whose bytes may be reused afterwards; gives those
   * that can be written now, before more is taken.
   */
  take(entry: Entry): Iterable<Entry> {
    const operator = this.#operators.get(operatorOfKey(entry.key))
    const isLike = this.#head.length > 0 && startsWith(entry.key, this.#head)
    const before = isLike ? NONE : this.rest()
    if (operator === undefined) return before === NONE ? [entry] : followed(before, copyOf(entry))
    if (!isLike) this.#head = Buffer.from(entry.key.subarray(0, headBytesOf(entry.key)))
    const { key, value } = this.#seal.seal(entry, operator)
    const buffer = this.#buffer
    buffer.beginEntry()
    buffer.out.raw(key)
    buffer.beginValue()
    buffer.out.raw(value)
    buffer.endEntry()
    if (buffer.count >= ENTRIES_PER_PART) this.#endPart()
    return before
  }

  /** What is held, when no more comes. */
  rest(): Iterable<Entry> {
    if (this.#head.length === 0) return NONE
    if (this.#buffer.count > 0) this.#endPart()
    const parts = this.#parts
    this.#parts = []
    this.#head = Buffer.alloc(0)
    return mergeParts(parts)
  }

  #endPart(): void {
    this.#parts.push(this.#buffer.sorted())
    this.#buffer = new EntryBuffer()
  }
}

function* followed(before: Iterable<Entry>, last: Entry): Generator<Entry> {
  yield* before
  yield last
}
