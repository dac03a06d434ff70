/**
 * A wish that parked keys are tried again now, in one subtask: it is taken between two records,
 * and has its answer when each of the keys has failed again or goes on. It is no state: what was
 * parked in a checkpoint is tried again by every restore, so a wish that a crash cuts off needs no
 * memory, and one that is granted is in the checkpoints that come after it.
 */
import { type HeldKey, type ParkedKeys, type ReleaseOutcome, shownKey } from './parked-keys.ts'

/** Of keys that are still parked a subtask names so many. */
const SHOWN_MAX = 10

export const NOTHING_RELEASED: ReleaseOutcome = { tried: 0, released: 0, parked: [] }

export class ReleaseWish {
  readonly #operator: string
  readonly #asked: readonly HeldKey[]
  readonly #done: (outcome: ReleaseOutcome) => void

  /** @param asked parked keys */
  constructor(
    operator: string,
    asked: readonly HeldKey[],
    done: (outcome: ReleaseOutcome) => void,
  ) {
    this.#operator = operator
    this.#asked = asked
    this.#done = done
  }

  /** All of them have been tried. */
  answer(keys: ParkedKeys): void {
    // One that went on and was parked anew meanwhile is another.
    const left = this.#asked.filter((held) => keys.of(held.key) === held)
    const parked = left.slice(0, SHOWN_MAX).map((held) => shownKey(this.#operator, held))
    const tried = this.#asked.length
    this.#done({ tried, released: tried - left.length, parked })
  }
}

/** Of several subtasks. */
export function sumOfReleases(all: readonly ReleaseOutcome[]): ReleaseOutcome {
  return {
    tried: all.reduce((sum, { tried }) => sum + tried, 0),
    released: all.reduce((sum, { released }) => sum + released, 0),
    parked: all.flatMap(({ parked }) => parked).slice(0, SHOWN_MAX),
  }
}
