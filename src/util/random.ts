/**
 * Randomness as a seam: a seeded generator (sfc32, by Chris Doty-Humphrey, from PractRand) that
 * can be forked by name, so that one seed gives every part of a run a stream of its own.
 */
import { randomBytes } from 'node:crypto'
import { fnv1aString } from './hash.ts'

export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** An integer in [0, bound). */
  int(bound: number): number
  /** An unsigned 32-bit integer. */
  uint32(): number
  /** A generator of its own, determined by this one's seed and `name` only. */
  fork(name: string): Random
  /** 16 hexadecimal digits, for names that must differ. */
  id(): string
}

export class SeededRandom implements Random {
  readonly #seed: number
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** `low` and `high` set streams of one seed apart, for instance by an index. */
  constructor(seed: number, low = 0, high = 0) {
    this.#seed = (seed ^ Math.imul(low, 0x27d4eb2f) ^ Math.imul(high, 0x165667b1)) >>> 0
    this.#a = seed >>> 0
    this.#b = (Math.imul(seed, 0x9e3779b1) ^ low) >>> 0
    this.#c = 0x2545f491 ^ high
    for (let round = 0; round < 12; round++) this.uint32()
  }

  uint32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result
    this.#c |= 0
    return result >>> 0
  }

  next(): number {
    return this.uint32() / 4294967296
  }

  int(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  fork(name: string): Random {
    return new SeededRandom(fnv1aString(name) ^ Math.imul(this.#seed, 0x85ebca6b))
  }

  id(): string {
    const high = this.uint32().toString(16).padStart(8, '0')
    return high + this.uint32().toString(16).padStart(8, '0')
  }
}

/**
 * Chance of the operating system. Numbers come from a seed, for they are drawn often; names do not:
 * a seed has 32 bits, and of 65,000 processes two would have to be expected that name their files
 * and leaders alike.
 */
class SystemRandom extends SeededRandom {
  constructor() {
    super(randomBytes(4).readUInt32LE(0))
  }

  override fork(): Random {
    return new SystemRandom()
  }

  override id(): string {
    return randomBytes(8).toString('hex')
  }
}

/** A generator seeded by the operating system. */
export function systemRandom(): Random {
  return new SystemRandom()
}

/** Text that nobody can foresee, whatever they have seen before: for secrets only. */
export function secretText(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

/** Random bytes that nobody can foretell: for keys. */
export function systemEntropy(bytes: number): Uint8Array {
  return randomBytes(bytes)
}
