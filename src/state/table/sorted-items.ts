/**
 * Items in the order of their keys: sorted pieces of at most 256, in a row. Finding a place takes
 * two binary searches, adding moves a few dozen neighbours, and appending (as a restore does)
 * nothing. A walk goes on rightly when items come and go meanwhile.
 */
import { compareKeys } from '../../types/keys-order.ts'
import { required } from '../../util/assert.ts'
import { ItemIndex } from './item-index.ts'
import type { Item } from './item.ts'
import { behind, before, type KeyCut } from './key-cut.ts'

const PIECE_ITEMS_MAX = 256

class SortedItems {
  #pieces: Item[][] = []
  /** Counts the changes, for walks under way. */
  #version = 0

  add(item: Item): void {
    this.#version++
    if (this.#pieces.length === 0) {
      this.#pieces.push([item])
      return
    }
    const cut = before(item.key)
    const at = Math.max(0, this.#lastPiece(cut))
    const piece = required(this.#pieces[at], `piece ${at} of ${this.#pieces.length}`)
    piece.splice(placeIn(piece, cut), 0, item)
    if (piece.length <= PIECE_ITEMS_MAX) return
    // What is appended leaves full pieces behind it.
    const isLast = at === this.#pieces.length - 1 && piece.at(-1) === item
    const rest = piece.splice(isLast ? PIECE_ITEMS_MAX : PIECE_ITEMS_MAX / 2)
    this.#pieces.splice(at + 1, 0, rest)
  }

  remove(item: Item): void {
    if (this.#pieces[0]?.[0] === item) return this.#removeFirst(this.#pieces[0])
    const at = this.#lastPiece(behind(item.key))
    const piece = this.#pieces[at]
    const place = piece === undefined ? -1 : placeIn(piece, before(item.key))
    if (piece?.[place] !== item) return
    this.#version++
    piece.splice(place, 1)
    if (piece.length === 0) this.#pieces.splice(at, 1)
  }

  clear(): void {
    this.#version++
    this.#pieces = []
  }

  /**
   * The items from one key to another, both included, until `visit` gives false; those added or
   * removed meanwhile are met as by `upwards`. Nothing is made on the way.
   */
  walk(from: unknown, to: unknown, visit: (item: Item) => boolean): void {
    let piece = 0
    let place = 0
    const [only] = this.#pieces
    if (this.#pieces.length === 1 && only !== undefined) place = firstFrom(only, from)
    else [piece, place] = this.#placeOf(before(from))
    for (;;) {
      const items = this.#pieces[piece]
      const item = items?.[place]
      if (item === undefined) {
        if (items === undefined) return
        piece++
        place = 0
        continue
      }
      if (compareKeys(item.key, to) > 0) return
      const version = this.#version
      if (!visit(item)) return
      if (version === this.#version) place++
      else [piece, place] = this.#placeOf(behind(item.key))
    }
  }

  /** The items between two cuts, upwards; those added meanwhile come too if they lie ahead. */
  *upwards(lower: KeyCut | undefined, upper: KeyCut | undefined): Generator<Item> {
    let [piece, place] = this.#placeOf(lower)
    for (;;) {
      const items = this.#pieces[piece]
      const item = items?.[place]
      if (item === undefined) {
        if (items === undefined) return
        piece++
        place = 0
        continue
      }
      if (upper?.isBefore(item.key) === false) return
      const version = this.#version
      yield item
      if (version === this.#version) place++
      else [piece, place] = this.#placeOf(behind(item.key))
    }
  }

  /** The same downwards. */
  *downwards(lower: KeyCut | undefined, upper: KeyCut | undefined): Generator<Item> {
    let [piece, place] = this.#placeBefore(upper)
    for (;;) {
      const item = this.#pieces[piece]?.[place]
      if (item === undefined) {
        if (piece <= 0) return
        piece--
        place = (this.#pieces[piece]?.length ?? 0) - 1
        continue
      }
      if (lower?.isBefore(item.key) === true) return
      const version = this.#version
      yield item
      if (version === this.#version) place--
      else [piece, place] = this.#placeBefore(before(item.key))
    }
  }

  #removeFirst(piece: Item[]): void {
    this.#version++
    if (piece.length === 1) this.#pieces.shift()
    else piece.shift()
  }

  /** Of the first item behind a cut. */
  #placeOf(cut: KeyCut | undefined): [number, number] {
    if (cut === undefined) return [0, 0]
    const at = Math.max(0, this.#lastPiece(cut))
    const piece = this.#pieces[at]
    return [at, piece === undefined ? 0 : placeIn(piece, cut)]
  }

  /** Of the last item before a cut. */
  #placeBefore(cut: KeyCut | undefined): [number, number] {
    const last = this.#pieces.length - 1
    if (cut === undefined) return [last, (this.#pieces[last]?.length ?? 0) - 1]
    const [piece, place] = this.#placeOf(cut)
    return [piece, place - 1]
  }

  /** The last piece whose first item lies before the cut; -1 if there is none. */
  #lastPiece(cut: KeyCut): number {
    let [low, high] = [0, this.#pieces.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const first = this.#pieces[middle]?.[0]
      if (first !== undefined && cut.isBefore(first.key)) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** How many items of a piece lie before the cut. */
function placeIn(piece: readonly Item[], cut: KeyCut): number {
  const last = piece.at(-1)
  if (last !== undefined && cut.isBefore(last.key)) return piece.length
  let [low, high] = [0, piece.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (cut.isBefore(piece[middle]?.key)) low = middle + 1
    else high = middle
  }
  return low
}

/** The place of the first item of a key or a later one. */
function firstFrom(piece: readonly Item[], key: unknown): number {
  let [low, high] = [0, piece.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareKeys(piece[middle]?.key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** The entries of a sorted map: by key, and in the order of keys. */
export class SortedItemIndex extends ItemIndex {
  readonly sorted = new SortedItems()

  override set(item: Item): void {
    super.set(item)
    this.sorted.add(item)
  }

  override delete(key: unknown): void {
    const item = this.get(key)
    super.delete(key)
    if (item !== undefined) this.sorted.remove(item)
  }

  override clear(): void {
    super.clear()
    this.sorted.clear()
  }
}
