/**
 * The entries of one map by user key. Primitive keys are found as `Map` finds them, which is how
 * their canonical bytes compare; arrays, objects and bytes by their canonical bytes.
 *
 * Most maps of a key in a table of many keys are small, such as its windows of now: a few entries
 * with primitive keys lie in a list, and a `Map` is made only when there are more.
 */
import { keyIsPrimitive, writeKey } from '../../types/keys.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { Item } from './item.ts'

const scratch = new ByteWriter()
const NONE_MISSED: unique symbol = Symbol('none missed')

const FEW = 4
const NONE: readonly Item[] = Object.freeze([])

export class ItemIndex {
  /** Entries with primitive keys by arrival, while they are few; the list never changes. */
  #few: readonly Item[] = NONE
  /** The same when there are more, or one has the key NaN, which equals nothing. */
  #many: Map<unknown, Item> | undefined
  #composite: Map<string, Item> | undefined
  /** The entry found last: mostly, as for the window of now, the next one looked for, too. */
  #last: Item | undefined
  /** The primitive key that was not found last: mostly it is added next. */
  #missed: unknown = NONE_MISSED

  get size(): number {
    return (this.#many?.size ?? this.#few.length) + (this.#composite?.size ?? 0)
  }

  /** A number for which the entry found last must be looked at. */
  get touched(): number {
    return this.#last?.flags ?? 0
  }

  get(key: unknown): Item | undefined {
    const last = this.#last
    // Zeros are equal, as in a Map; NaN is found there.
    if (last !== undefined && last.key === key) return last
    if (key === this.#missed) return undefined
    const isPrimitive = keyIsPrimitive(key)
    const found = isPrimitive ? this.#primitive(key) : this.#composite?.get(canonical(key))
    if (found !== undefined) this.#last = found
    else if (isPrimitive) this.#missed = key
    return found
  }

  /** `item.key` must be a key that nobody else can change. */
  set(item: Item): void {
    this.#last = item
    this.#missed = NONE_MISSED
    if (keyIsPrimitive(item.key)) this.#setPrimitive(item)
    else (this.#composite ??= new Map()).set(canonical(item.key), item)
  }

  delete(key: unknown): void {
    this.#last = undefined
    if (!keyIsPrimitive(key)) this.#composite?.delete(canonical(key))
    else if (this.#many !== undefined) this.#many.delete(key)
    else this.#few = without(this.#few, key)
  }

  /** All entries; those added meanwhile may come too. */
  *items(): Generator<Item> {
    if (this.#many !== undefined) yield* this.#many.values()
    else {
      // Those that go meanwhile are passed over, as a Map does it.
      for (const item of this.#few) if (this.#primitive(item.key) === item) yield item
    }
    if (this.#composite !== undefined) yield* this.#composite.values()
  }

  /** Adds all entries to a list. */
  gather(into: Item[]): void {
    for (const item of this.#many?.values() ?? this.#few) into.push(item)
    if (this.#composite !== undefined) into.push(...this.#composite.values())
  }

  clear(): void {
    this.#last = undefined
    this.#few = NONE
    this.#many = undefined
    this.#composite = undefined
  }

  #primitive(key: unknown): Item | undefined {
    if (this.#many !== undefined) return this.#many.get(key)
    for (const item of this.#few) if (item.key === key) return item
    return undefined
  }

  #setPrimitive(item: Item): void {
    const few = this.#few
    const { key } = item
    const isReplaced = few.length > 0 && this.#primitive(key) !== undefined
    if (this.#many === undefined && few.length < FEW && !isReplaced && key === key) {
      this.#few = few.length === 0 ? [item] : [...few, item]
      return
    }
    this.#many ??= new Map(few.map((each) => [each.key, each]))
    this.#many.set(key, item)
    this.#few = NONE
  }
}

function without(few: readonly Item[], key: unknown): readonly Item[] {
  if (few.length === 1) return few[0]?.key === key ? NONE : few
  return few.filter((item) => item.key !== key)
}

function canonical(key: unknown): string {
  scratch.reset()
  writeKey(key, scratch)
  return scratch.bytes.latin1Slice(0, scratch.length)
}
