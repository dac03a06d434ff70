/**
 * Finds one value in a line of JSON without making any of the others. It reads the whole line, for
 * a field that comes again replaces the first one, and what is wrong behind it is wrong, too. What
 * it does not understand, or does not trust itself with, it leaves to `JSON.parse`.
 */
import { Buffer } from 'node:buffer'
import type { TextLine } from './line.ts'

/** Names of fields, and numbers of elements. */
export type JsonPath = readonly (string | number)[]

/** Deeper values are left to `JSON.parse`, which needs no stack. */
const DEPTH_MAX = 100
/** Off the path nothing is looked for. */
const ASIDE = -1

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const LIST_START = 0x5b
const BACKSLASH = 0x5c
const LIST_END = 0x5d
const OBJECT_START = 0x7b
const OBJECT_END = 0x7d

const LITERALS = ['true', 'false', 'null'].map((literal) => Buffer.from(literal))

const isSpace = new Uint8Array(256)
for (const space of ' \t\n\r') isSpace[space.charCodeAt(0)] = 1
/** Bytes that a string goes on over. */
const isPlain = new Uint8Array(256).fill(1, 0x20)
isPlain[QUOTE] = 0
isPlain[BACKSLASH] = 0
const isEscaped = new Uint8Array(256)
for (const escaped of '"\\/bfnrt') isEscaped[escaped.charCodeAt(0)] = 1
const isHexadecimal = new Uint8Array(256)
for (const digit of '0123456789abcdefABCDEF') isHexadecimal[digit.charCodeAt(0)] = 1

/** Looks for the value at one path. Every byte it reads is at or before the end of the line. */
export class JsonScanner {
  /** Where the value begins and ends; −1 if there is none. */
  start = -1
  end = -1
  /** Of the string that was read last. */
  #hasEscapes = false
  readonly #names: readonly (Buffer | undefined)[]
  readonly #path: JsonPath
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #lineEnd = 0

  /** Strings of the path are well formed, and without U+FFFD, which stands for other bytes. */
  constructor(path: JsonPath) {
    this.#path = path
    this.#names = path.map((part) => (typeof part === 'string' ? Buffer.from(part) : undefined))
  }

  /** False for a line that is no JSON as far as it can tell. */
  scan({ bytes, start, end }: TextLine): boolean {
    this.#bytes = bytes
    this.#at = start
    this.#lineEnd = end
    this.start = -1
    return this.#value(0, 0) && this.#skipSpaces() >= end
  }

  /** `matched`: so many parts of the path lead here, or `ASIDE`. */
  #value(matched: number, depth: number): boolean {
    const first = this.#skipSpaces() < this.#lineEnd ? this.#bytes[this.#at] : undefined
    if (matched < this.#path.length) return this.#any(first, matched, depth)
    const start = this.#at
    if (!this.#any(first, ASIDE, depth)) return false
    this.start = start
    this.end = this.#at
    return true
  }

  #any(first: number | undefined, matched: number, depth: number): boolean {
    if (first === QUOTE) return this.#string()
    if (first === OBJECT_START) return depth < DEPTH_MAX && this.#object(matched, depth + 1)
    if (first === LIST_START) return depth < DEPTH_MAX && this.#list(matched, depth + 1)
    if (first === MINUS || isDigit(first)) return this.#number()
    return LITERALS.some((literal) => this.#literal(literal))
  }

  #object(matched: number, depth: number): boolean {
    this.#at++
    if (this.#takes(OBJECT_END)) return true
    do {
      if (this.#skipSpaces() >= this.#lineEnd || this.#bytes[this.#at] !== QUOTE) return false
      const start = this.#at
      if (!this.#string()) return false
      const leads = matched !== ASIDE && this.#isName(matched, start)
      if (!this.#takes(COLON)) return false
      if (leads) this.start = -1 // whatever an earlier field of this name led to
      if (!this.#value(leads ? matched + 1 : ASIDE, depth)) return false
    } while (this.#takes(COMMA))
    return this.#takes(OBJECT_END)
  }

  #list(matched: number, depth: number): boolean {
    this.#at++
    if (this.#takes(LIST_END)) return true
    const wanted = matched === ASIDE ? undefined : this.#path[matched]
    let number = 0
    do {
      if (!this.#value(number === wanted ? matched + 1 : ASIDE, depth)) return false
      number++
    } while (this.#takes(COMMA))
    return this.#takes(LIST_END)
  }

  /** Of a string that has just been read, from its quote on. */
  #isName(matched: number, start: number): boolean {
    const name = this.#names[matched]
    if (name === undefined) return false
    const bytes = this.#bytes
    if (this.#hasEscapes) {
      return JSON.parse(bytes.utf8Slice(start, this.#at)) === this.#path[matched]
    }
    if (this.#at - start - 2 !== name.length) return false
    for (let index = 0; index < name.length; index++) {
      if (bytes[start + 1 + index] !== name[index]) return false
    }
    return true
  }

  #string(): boolean {
    const bytes = this.#bytes
    this.#hasEscapes = false
    let at = this.#at + 1
    for (;;) {
      // A line end, which is no part of a string, stands behind the last byte.
      while (isPlain[bytes[at] as number] === 1) at++
      if (at >= this.#lineEnd) return false
      if (bytes[at] === QUOTE) {
        this.#at = at + 1
        return true
      }
      if (bytes[at] !== BACKSLASH) return false
      this.#hasEscapes = true
      const escaped = bytes[at + 1] as number // the line end at the latest
      if (isEscaped[escaped] === 1) at += 2
      else if (escaped === 0x75 && this.#isCodeUnit(at + 2)) at += 6
      else return false
    }
  }

  #isCodeUnit(start: number): boolean {
    if (start + 4 > this.#lineEnd) return false
    for (let at = start; at < start + 4; at++) {
      if (isHexadecimal[this.#bytes[at] as number] !== 1) return false
    }
    return true
  }

  #number(): boolean {
    const bytes = this.#bytes
    if (bytes[this.#at] === MINUS) this.#at++
    if (bytes[this.#at] === ZERO) this.#at++
    else if (!this.#digits()) return false
    if (bytes[this.#at] === POINT) {
      this.#at++
      if (!this.#digits()) return false
    }
    const exponent = bytes[this.#at]
    if (exponent !== 0x65 && exponent !== 0x45) return true
    this.#at++
    const sign = bytes[this.#at]
    if (sign === MINUS || sign === 0x2b) this.#at++
    return this.#digits()
  }

  /** The line end stops it. */
  #digits(): boolean {
    const start = this.#at
    while (isDigit(this.#bytes[this.#at])) this.#at++
    return this.#at > start
  }

  #literal(literal: Buffer): boolean {
    if (this.#at + literal.length > this.#lineEnd) return false
    for (let index = 0; index < literal.length; index++) {
      if (this.#bytes[this.#at + index] !== literal[index]) return false
    }
    this.#at += literal.length
    return true
  }

  /** Moves behind a byte if it comes next, or after white space. */
  #takes(byte: number): boolean {
    if (this.#skipSpaces() >= this.#lineEnd || this.#bytes[this.#at] !== byte) return false
    this.#at++
    return true
  }

  #skipSpaces(): number {
    const bytes = this.#bytes
    let at = this.#at
    while (at < this.#lineEnd && isSpace[bytes[at] as number] === 1) at++
    this.#at = at
    return at
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}
