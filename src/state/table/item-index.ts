/**
 * The entries of one map by user key. Primitive keys are found as `Map` finds them, which is how
 * their canonical bytes compare; arrays, objects and bytes by their canonical bytes.
 */
import { keyIsPrimitive, writeKey } from '../../types/keys.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { Item } from './item.ts'

const scratch = new ByteWriter()

export class ItemIndex {
  readonly #primitive = new Map<unknown, Item>()
  #composite: Map<string, Item> | undefined

  get size(): number {
    return this.#primitive.size + (this.#composite?.size ?? 0)
  }

  get(key: unknown): Item | undefined {
    if (keyIsPrimitive(key)) return this.#primitive.get(key)
    return this.#composite?.get(canonical(key))
  }

  /** `item.key` must be a key that nobody else can change. */
  set(item: Item): void {
    if (keyIsPrimitive(item.key)) this.#primitive.set(item.key, item)
    else (this.#composite ??= new Map()).set(canonical(item.key), item)
  }

  delete(key: unknown): void {
    if (keyIsPrimitive(key)) this.#primitive.delete(key)
    else this.#composite?.delete(canonical(key))
  }

  /** All entries; those added meanwhile may come too. */
  *items(): Generator<Item> {
    yield* this.#primitive.values()
    if (this.#composite !== undefined) yield* this.#composite.values()
  }

  clear(): void {
    this.#primitive.clear()
    this.#composite = undefined
  }
}

function canonical(key: unknown): string {
  scratch.reset()
  writeKey(key, scratch)
  return scratch.bytes.latin1Slice(0, scratch.length)
}
