/**
 * When to kill: every other time at a random moment, else at the next of the named places of the
 * engine, all of them in turn, so that each is struck in a long run.
 */

/** How often a place may be passed before the kill, at most. */
const KILL_POINTS: Readonly<Record<string, number>> = {
  'run-write': 3,
  'run-before-close': 3,
  'run-after-close': 3,
  'before-manifest': 3,
  'after-manifest': 3,
  'before-commit': 3,
  'after-commit': 3,
  merge: 1,
  'merge-before-close': 1,
  'gc-begin': 2,
  'gc-link-deleted': 2,
  'gc-run-deleted': 2,
  'before-fence': 1,
  'after-fence': 1,
  restored: 1,
}
const KILL_AFTER_MS_MAX = 2_500
/** A place that a job does not come to (no merge in a short rest of it) is tried again later. */
const TRIES_MAX = 3

export const AT_RANDOM = 'at random'
export const MOMENTS: readonly string[] = [AT_RANDOM, ...Object.keys(KILL_POINTS)]

export interface Moment {
  readonly name: string
  readonly killAfterMs?: number
  /** `point#n`, see `src/runtime/kill-points.ts`. */
  readonly killAt?: string
}

interface Dice {
  int(bound: number): number
}

export class Moments {
  readonly #random: Dice
  readonly #points = Object.entries(KILL_POINTS)
  #at: number
  #tries = 0
  #isNamed = false

  constructor(random: Dice) {
    this.#random = random
    this.#at = random.int(this.#points.length)
  }

  next(): Moment {
    const [name = AT_RANDOM, passesMax = 1] = this.#points[this.#at] ?? []
    if (!this.#isNamed) {
      return { name: AT_RANDOM, killAfterMs: this.#random.int(KILL_AFTER_MS_MAX) }
    }
    return { name, killAt: `${name}#${1 + this.#random.int(passesMax)}` }
  }

  /** What became of the last moment: did the process die of it? */
  struck(wasKilled: boolean): void {
    if (this.#isNamed) {
      this.#tries++
      if (!wasKilled && this.#tries < TRIES_MAX) return
      this.#tries = 0
      this.#at = (this.#at + 1) % this.#points.length
    }
    if (wasKilled) this.#isNamed = !this.#isNamed
  }
}
