/**
 * Strings by their bytes: gives the same string for the same bytes, and makes it once. Beside each
 * lies the route hash of the key that it may be. Bounded: two places for each hash, of which the
 * one that was used longer ago is given to a newcomer.
 *
 * The casts of array elements rely on places being below the capacity.
 */
import '../util/buffer-natives.ts'
import { fnv1aBytes } from '../util/hash.ts'
import { foreseeHash, routeHash } from './keys-hash.ts'

/** A place: hash and length of the bytes, the route hash, and the bytes if they are few. */
const PLACE_WORDS = 8
const PLACE_BYTES = PLACE_WORDS * 4
const WORD_HASH = 0
/** One more than the length; 0: nothing is here. */
const WORD_LENGTH = 1
const WORD_ROUTE = 2
const BYTES_AT = 12
const NEAR_BYTES_MAX = PLACE_BYTES - BYTES_AT
/** Longer texts are seldom keys. */
const TEXT_BYTES_MAX = 128
const FIRST_PLACES = 1 << 10
/** About 4 MiB, and as much for the strings, which may be held by others, too. */
const PLACES_MAX = 1 << 17

export class TextDictionary {
  #words: Int32Array
  #bytes: Uint8Array
  #texts: string[]
  /** Of texts that are too long for their places. */
  #far: (Uint8Array | undefined)[] = []
  #places: number
  #added = 0
  readonly #placesMax: number

  /** @param placesMax a power of two, at least 2; so is `places`, of which it has so many first */
  constructor(placesMax = PLACES_MAX, places = Math.min(FIRST_PLACES, placesMax)) {
    this.#placesMax = placesMax
    this.#places = places
    this.#words = new Int32Array(this.#places * PLACE_WORDS)
    this.#bytes = new Uint8Array(this.#words.buffer)
    this.#texts = Array.from({ length: this.#places }, () => '')
  }

  /** The string of UTF-8 bytes; a `routeHash` of it that follows costs nothing. */
  textOf(bytes: Buffer, start: number, end: number): string {
    return this.textOfHash(bytes, start, end, fnv1aBytes(bytes, start, end))
  }

  /** The same; `hash` is the FNV-1a of the bytes, which whoever has looked for their end knows. */
  textOfHash(bytes: Buffer, start: number, end: number, hash: number): string {
    const length = end - start
    const place = placeOf(hash, this.#places)
    if (this.#holds(place, bytes, start, length, hash)) return this.#at(place)
    if (this.#holds(place ^ 1, bytes, start, length, hash)) return this.#at(place ^ 1)
    return this.#add(place, bytes, start, end, hash)
  }

  #holds(place: number, bytes: Buffer, start: number, length: number, hash: number): boolean {
    const word = place * PLACE_WORDS
    if (this.#words[word + WORD_HASH] !== hash) return false
    if (this.#words[word + WORD_LENGTH] !== length + 1) return false
    let held: Uint8Array = this.#bytes
    let from = place * PLACE_BYTES + BYTES_AT
    if (length > NEAR_BYTES_MAX) {
      held = this.#far[place] as Uint8Array // is there if the place has its length
      from = 0
    }
    for (let index = 0; index < length; index++) {
      if (held[from + index] !== bytes[start + index]) return false
    }
    return true
  }

  #at(place: number): string {
    const text = this.#texts[place] as string
    foreseeHash(text, this.#words[place * PLACE_WORDS + WORD_ROUTE] as number)
    return text
  }

  #add(place: number, bytes: Buffer, start: number, end: number, hash: number): string {
    const text = bytes.utf8Slice(start, end)
    const length = end - start
    if (length > TEXT_BYTES_MAX) return text
    if (++this.#added > this.#places && this.#places < this.#placesMax) {
      this.#grow()
      return this.#add(placeOf(hash, this.#places), bytes, start, end, hash)
    }
    // What was used here last makes room beside it, for what it meets there is older.
    if (this.#words[place * PLACE_WORDS + WORD_LENGTH] !== 0) this.#move(this, place, place ^ 1)
    const word = place * PLACE_WORDS
    this.#words[word + WORD_HASH] = hash
    this.#words[word + WORD_LENGTH] = length + 1
    this.#words[word + WORD_ROUTE] = routeHash(text)
    this.#texts[place] = text
    const from = place * PLACE_BYTES + BYTES_AT
    if (length > NEAR_BYTES_MAX)
      this.#far[place] = Uint8Array.prototype.slice.call(bytes, start, end)
    else for (let at = 0; at < length; at++) this.#bytes[from + at] = bytes[start + at] as number
    return this.#at(place)
  }

  #move(from: TextDictionary, place: number, to: number): void {
    const word = place * PLACE_WORDS
    this.#words.set(from.#words.subarray(word, word + PLACE_WORDS), to * PLACE_WORDS)
    this.#texts[to] = from.#texts[place] as string
    this.#far[to] = from.#far[place]
  }

  /** Four times the places; of three texts that meet in two places one is forgotten. */
  #grow(): void {
    const grown = new TextDictionary(this.#placesMax, Math.min(this.#places * 4, this.#placesMax))
    for (let place = 0; place < this.#places; place++) {
      const word = place * PLACE_WORDS
      if (this.#words[word + WORD_LENGTH] === 0) continue
      const home = placeOf(this.#words[word + WORD_HASH] as number, grown.#places)
      const isFree = grown.#words[home * PLACE_WORDS + WORD_LENGTH] === 0
      grown.#move(this, place, isFree ? home : home ^ 1)
    }
    this.#words = grown.#words
    this.#bytes = grown.#bytes
    this.#texts = grown.#texts
    this.#far = grown.#far
    this.#places = grown.#places
    this.#added = 0
  }
}

function placeOf(hash: number, places: number): number {
  return (hash ^ (hash >>> 15)) & (places - 1)
}
