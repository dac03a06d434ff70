// A small random generator of its own for each event (splitmix32): what event 7 is depends on the
// seed and the number 7 only, so the same events come in any order, from any split, after any
// crash.

export class EventRandom {
  #state: number

  constructor(seed: number, index: number) {
    const high = Math.floor(index / 0x1_0000_0000)
    this.#state = (Math.imul(seed ^ 0x5bd1e995, 0x2c1b3c6d) ^ Math.imul(high, 0x297a2d39)) >>> 0
    this.#state = (this.#word() ^ index) >>> 0
    this.#word()
  }

  /** A number in [0, 1). */
  next(): number {
    return this.#word() / 0x1_0000_0000
  }

  /** A whole number in [0, bound). */
  int(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  #word(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let word = this.#state ^ (this.#state >>> 16)
    word = Math.imul(word, 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    return (word ^ (word >>> 15)) >>> 0
  }
}
