/**
 * The merge of sorted streams into one, entry by entry: of equal keys the newest wins, a range
 * tombstone deletes what older streams hold under its prefix, and nothing of its own stream.
 *
 *     order     cursors by (key, newest first), the next one last: advancing re-inserts from there
 *     cover     range tombstones over the current key; their prefixes are nested, innermost last
 *
 * Nothing here waits. A cursor that has no entry at hand makes `next` return undefined with
 * `blocked` set; the caller refills it and calls again.
 */
import { MillraceError } from '../../errors.ts'
import type { Entry } from '../backend.ts'
import {
  compareKeys,
  type EntryRange,
  flagsOfEntry,
  keyStartsWith,
  rangeOf,
} from './entry-range.ts'
import { FLAG_ANY_TOMBSTONE, FLAG_POINT_TOMBSTONE, FLAG_RANGE_TOMBSTONE } from './entry-value.ts'

/** A place in one stream. A higher age is a newer stream. */
export interface Cursor {
  readonly age: number
  /** The entry it stands at; undefined before the first, and at the end. */
  readonly current: EntryRange | undefined
  /** Moves on. False if that needs `refill` first; then it has not moved. */
  advance(): boolean
  /** Fetches more; the cursor can then advance (maybe to the end). */
  refill(): Promise<void> | undefined
}

interface Cover {
  /** A copy: the entry's bytes may be gone by the time it is compared. */
  readonly prefix: Uint8Array
  /** The newest age of this tombstone and of those around it. */
  readonly age: number
}

export interface MergeOptions {
  /** True only if the oldest stream is the oldest there is: nothing is left to be deleted. */
  readonly dropTombstones: boolean
}

export class MergeCore {
  readonly #order: Cursor[] = []
  /** Cursors whose entry was used and that must move on first. */
  readonly #used: Cursor[]
  readonly #cover: Cover[] = []
  readonly #dropTombstones: boolean
  blocked: Cursor | undefined

  constructor(cursors: readonly Cursor[], options: MergeOptions) {
    this.#used = [...cursors]
    this.#dropTombstones = options.dropTombstones
  }

  /** The next entry, valid until the next call. Undefined at the end, or if `blocked` is set. */
  next(): EntryRange | undefined {
    this.blocked = undefined
    for (;;) {
      if (!this.#advanceUsed()) return undefined
      const winner = this.#order.pop()
      if (winner?.current === undefined) return undefined
      this.#used.push(winner)
      const entry = this.#decide(winner.current, winner.age)
      if (entry !== undefined) return entry
    }
  }

  #advanceUsed(): boolean {
    for (;;) {
      const cursor = this.#used.at(-1)
      if (cursor === undefined) return true
      if (!cursor.advance()) {
        this.blocked = cursor
        return false
      }
      this.#used.pop()
      if (cursor.current !== undefined) this.#insert(cursor, cursor.current)
    }
  }

  #insert(cursor: Cursor, entry: EntryRange): void {
    const order = this.#order
    let index = order.length
    order.push(cursor)
    for (; index > 0; index--) {
      const other = order[index - 1] as Cursor // 0 <= index - 1 < length
      const comparison = compareKeys(entry, other.current ?? entry)
      // The last one is next: lower keys, and of equal keys newer streams, go behind.
      if (comparison < 0 || (comparison === 0 && cursor.age > other.age)) break
      order[index] = other
    }
    order[index] = cursor
  }

  /** What becomes of the newest entry of its key; also uses up the older ones of that key. */
  #decide(winner: EntryRange, age: number): EntryRange | undefined {
    while (this.#cover.length > 0) {
      const inner = this.#cover.at(-1)
      if (inner === undefined || keyStartsWith(winner, inner.prefix)) break
      this.#cover.pop()
    }
    const coverAge = this.#cover.at(-1)?.age ?? -1
    const flags = flagsOfEntry(winner)
    if ((flags & FLAG_RANGE_TOMBSTONE) !== 0) this.#addCover(winner, age)
    const older = this.#useOlder(winner, flags)
    if (age < coverAge) return undefined
    if ((flags & FLAG_ANY_TOMBSTONE) === 0) return winner
    return this.#dropTombstones ? undefined : (older ?? winner)
  }

  /** Uses up the other entries of the key; gives a range tombstone that must outlive this one. */
  #useOlder(winner: EntryRange, winnerFlags: number): EntryRange | undefined {
    let kept: EntryRange | undefined
    for (;;) {
      const other = this.#order.at(-1)
      const entry = other?.current
      if (other === undefined || entry === undefined) return kept
      if (compareKeys(entry, winner) !== 0) return kept
      this.#order.pop()
      this.#used.push(other)
      if ((flagsOfEntry(entry) & FLAG_RANGE_TOMBSTONE) === 0) continue
      this.#addCover(entry, other.age)
      if ((winnerFlags & FLAG_POINT_TOMBSTONE) !== 0) kept = entry
      // No live key is the prefix of a range tombstone (`entry.ts`): one entry cannot be both.
      if ((winnerFlags & FLAG_ANY_TOMBSTONE) === 0 && !this.#dropTombstones) {
        throw new MillraceError('STORAGE_CORRUPT', 'a value has the key of a range tombstone')
      }
    }
  }

  #addCover({ key }: EntryRange, age: number): void {
    const around = this.#cover.at(-1)?.age ?? -1
    this.#cover.push({ prefix: Uint8Array.prototype.slice.call(key), age: Math.max(age, around) })
  }
}

/** A cursor over entries at hand. An undefined among them lets the caller pause, then go on. */
export class IterableCursor implements Cursor {
  readonly age: number
  current: EntryRange | undefined
  readonly #iterator: Iterator<Entry | undefined>

  constructor(age: number, entries: Iterable<Entry | undefined>) {
    this.age = age
    this.#iterator = entries[Symbol.iterator]()
  }

  advance(): boolean {
    const result = this.#iterator.next()
    if (result.done !== true && result.value === undefined) return false
    const entry = result.done === true ? undefined : result.value
    this.current = entry && rangeOf(entry)
    return true
  }

  refill(): undefined {
    return undefined
  }

  close(): void {
    this.#iterator.return?.()
  }
}
