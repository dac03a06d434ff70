/**
 * What was written last and is not in a segment yet: by heads of keys, each of which is sorted when
 * it is looked at in order. Text stands for the bytes of keys: as latin1 it sorts as they do.
 */
import { Buffer } from 'node:buffer'
import { headOf } from '../remote/rows.ts'
import { lastAtMost } from '../runs/search.ts'

/** The newest word on a key; undefined: it is deleted. */
export interface Item {
  readonly key: Buffer
  readonly value: Buffer | undefined
}

interface Head {
  readonly items: Map<string, Item>
  /** Keys in order; undefined since keys came or went. */
  sorted: readonly string[] | undefined
}

/** About what an item takes up besides its bytes. */
const ITEM_BYTES = 200

export class WriteBuffer {
  bytes = 0
  readonly #heads = new Map<string, Head>()

  /** Undefined: it says nothing of the key. */
  get(key: Buffer): Item | undefined {
    return this.#heads.get(textOf(headOf(key)))?.items.get(textOf(key))
  }

  /** Keeps nothing of the buffers. */
  put(key: Buffer, value: Buffer | undefined): void {
    const headText = textOf(headOf(key))
    let head = this.#heads.get(headText)
    if (head === undefined) {
      head = { items: new Map(), sorted: undefined }
      this.#heads.set(headText, head)
    }
    const text = textOf(key)
    const former = head.items.get(text)
    const copy = value === undefined ? undefined : Buffer.from(value)
    const item = { key: former?.key ?? Buffer.from(key), value: copy }
    head.items.set(text, item)
    this.bytes += bytesOf(item)
    if (former === undefined) head.sorted = undefined
    else this.bytes -= bytesOf(former)
  }

  /** Forgets what it says of the keys of a range, which are of one head. */
  deleteRange(lower: Buffer, upper: Buffer): void {
    const head = this.#heads.get(textOf(headOf(lower)))
    if (head === undefined) return
    for (const item of this.range(lower, upper)) {
      head.items.delete(textOf(item.key))
      this.bytes -= bytesOf(item)
      head.sorted = undefined
    }
  }

  /** Items of a range in order. */
  range(lower: Buffer, upper: Buffer): readonly Item[] {
    const head = this.#heads.get(textOf(headOf(lower)))
    if (head === undefined) return []
    const sorted = (head.sorted ??= [...head.items.keys()].toSorted(byUnits))
    const keys = sorted.slice(placeOf(sorted, textOf(lower)), placeOf(sorted, textOf(upper)))
    return keys.flatMap((key) => head.items.get(key) ?? [])
  }

  /** All items in order. */
  *all(): Generator<Item> {
    for (const head of [...this.#heads.keys()].toSorted(byUnits)) {
      const items = this.#heads.get(head)?.items
      for (const key of [...(items?.keys() ?? [])].toSorted(byUnits)) {
        const item = items?.get(key)
        if (item !== undefined) yield item
      }
    }
  }
}

function bytesOf({ key, value }: Item): number {
  return key.length + (value?.length ?? 0) + ITEM_BYTES
}

/** Where a key is or would be. */
function placeOf(sorted: readonly string[], key: string): number {
  return lastAtMost(sorted.length, (at) => ((sorted[at] ?? '') < key ? -1 : 1)) + 1
}

function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function textOf(bytes: Buffer): string {
  return bytes.latin1Slice(0, bytes.length)
}
