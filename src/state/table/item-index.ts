/**
 * The entries of one map by user key. Primitive keys are found as `Map` finds them, which is how
 * their canonical bytes compare; arrays, objects and bytes by their canonical bytes.
 */
import { keyIsPrimitive, writeKey } from '../../types/keys.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { Item } from './item.ts'

const scratch = new ByteWriter()
const NONE_MISSED: unique symbol = Symbol('none missed')

export class ItemIndex {
  readonly #primitive = new Map<unknown, Item>()
  #composite: Map<string, Item> | undefined
  /** The entry found last: mostly, as for the window of now, the next one looked for, too. */
  #last: Item | undefined
  /** The primitive key that was not found last: mostly it is added next. */
  #missed: unknown = NONE_MISSED

  get size(): number {
    return this.#primitive.size + (this.#composite?.size ?? 0)
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
    const found = isPrimitive ? this.#primitive.get(key) : this.#composite?.get(canonical(key))
    if (found !== undefined) this.#last = found
    else if (isPrimitive) this.#missed = key
    return found
  }

  /** `item.key` must be a key that nobody else can change. */
  set(item: Item): void {
    this.#last = item
    this.#missed = NONE_MISSED
    if (keyIsPrimitive(item.key)) this.#primitive.set(item.key, item)
    else (this.#composite ??= new Map()).set(canonical(item.key), item)
  }

  delete(key: unknown): void {
    this.#last = undefined
    if (keyIsPrimitive(key)) this.#primitive.delete(key)
    else this.#composite?.delete(canonical(key))
  }

  /** All entries; those added meanwhile may come too. */
  *items(): Generator<Item> {
    yield* this.#primitive.values()
    if (this.#composite !== undefined) yield* this.#composite.values()
  }

  /** Adds all entries to a list. */
  gather(into: Item[]): void {
    for (const item of this.#primitive.values()) into.push(item)
    if (this.#composite !== undefined) into.push(...this.#composite.values())
  }

  clear(): void {
    this.#last = undefined
    this.#primitive.clear()
    this.#composite = undefined
  }
}

function canonical(key: unknown): string {
  scratch.reset()
  writeKey(key, scratch)
  return scratch.bytes.latin1Slice(0, scratch.length)
}
